"""Systems whose true answer is known, truths computed by other means, and load generators with one fault each."""
