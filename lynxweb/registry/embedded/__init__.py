"""The embedded mode behind `make run`: one machine that is site and node at once."""
