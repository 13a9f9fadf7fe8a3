"""Results as text for people: quantities with units, an operating point beside every throughput, an interval beside every value."""
