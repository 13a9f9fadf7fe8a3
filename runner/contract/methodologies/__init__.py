"""The built-in methodologies: one canonical document a file; `runner.contract.builtin` reads them."""
