"""Checks on a real board; each skips with the reason where there is none."""
