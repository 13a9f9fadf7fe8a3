"""The shared, pure contract: documents, encoding, digests, statistics, gates and comparability; bytes in, values out."""
