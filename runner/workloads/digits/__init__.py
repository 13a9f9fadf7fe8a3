"""The digits workload: a small CNN on scanned handwritten digits, kept with its recipe, sealed inputs and reference outputs."""
