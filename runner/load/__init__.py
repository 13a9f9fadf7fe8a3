"""Load: a clock, arrival processes and the drivers that send requests and write down when each was due, sent and done."""
