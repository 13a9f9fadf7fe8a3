"""Migrations of the log; the event table is frozen."""
