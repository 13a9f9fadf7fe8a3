"""Numbers and terms as people read them."""
