"""The runner, part by part, against systems whose true answers are known."""
