"""The verbs of the command line: each takes values, does its work and returns what to print; the parser loads one by name when it is called."""
