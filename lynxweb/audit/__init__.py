"""The audit log: one append-only table that holds an RFC 6962 tree, one event per act."""
