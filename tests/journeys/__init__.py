"""Whole ways through the product, without stand-ins."""
