# The commands of this project. Python 3.11 or newer and make are all a machine needs; the rest is made by .ci/bootstrap.py.

PYTHON ?= python3
PORT ?= 8000
TORCH ?=
NAME ?=
ARGS ?=
VENV := .venv/bin
# ONNX Runtime reports usage to its maker unless this is set; the runner sets it too.
export ORT_DISABLE_TELEMETRY := 1
BOOTSTRAP = @command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }; TORCH=$(TORCH) $(PYTHON) .ci/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help run test check format bench clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16
	@echo "  variables: PORT=8000  TORCH=none (leave torch out)  PYTHON=/path/to/python3.11  NAME=floor (bench)  ARGS='-k words' (test), ARGS=--exit (run)"

run: ## set everything up, benchmark this machine, serve the site and print the address of the comparison
	$(BOOTSTRAP) run
	@exec $(VENV)/python manage.py up --port $(PORT) $(ARGS)

test: ## set up what the tests need, say what is missing, run them (SQLite, or the database in DATABASE_URL)
	$(BOOTSTRAP) test
	@$(VENV)/python .ci/tools.py
	@$(VENV)/python -m pytest $(ARGS)

check: ## formatting, lint, types, imports, migrations, sizes
	$(BOOTSTRAP) test
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/lint-imports --no-cache
	$(VENV)/python manage.py makemigrations --check --dry-run
	$(VENV)/python -m pytest -q tests/architecture

format: ## rewrite the code in the project's format and order its imports
	$(BOOTSTRAP) test
	$(VENV)/ruff check --fix-only --quiet .
	$(VENV)/ruff format .

bench: ## run the benchmarks of tests/benchmarks (NAME=floor: one of them); prints one JSON object last
	$(BOOTSTRAP) test
	@$(VENV)/python -m tests.benchmarks $(NAME)

clean: ## remove .venv, caches and build output; never var/, which holds what the site keeps
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
