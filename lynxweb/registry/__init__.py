"""Executors, methodologies and runs: stored as the bytes they are; `intake` is the only way in, `reading` and `comparing` the ways to ask."""
