"""The runner: measures inference on a node and packs the raw evidence into signed bundles."""
