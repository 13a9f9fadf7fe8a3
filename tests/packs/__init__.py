"""Realistic evidence packs, made in memory with the site's leaf format and the contract's proofs, for tests of the verifier."""
