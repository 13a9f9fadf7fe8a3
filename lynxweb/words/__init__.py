"""Numbers and terms as people read them, for pages, packs and printed reports: pure functions of the contract's values."""
