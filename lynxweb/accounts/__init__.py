"""People, organisations, roles, nodes, keys and tokens."""
