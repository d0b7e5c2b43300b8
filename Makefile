# Everything on a fresh machine: Python 3.11 or later, make and the package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test slow check bench mutants clean
.DEFAULT_GOAL := help

help: ## show these targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "crosslane needs Python 3.11 or later; run: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[sandbox,dev]'
	@touch $@

demo: $(STAMP) ## crosslane up --sandbox on examples/sample-lambda, then git push to production
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh

# Where PYTHONDONTWRITEBYTECODE is set, each of some hundred processes would compile the package anew.
test: $(STAMP) ## run the tests
	@$(BIN)/python -m compileall -q src
	$(BIN)/python -m pytest -n 3 --dist loadfile

slow: $(STAMP) ## run the long proofs: fuzzing, being killed at every point
	CROSSLANE_SLOW=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m slow --timeout 3600

check: $(STAMP) ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## measure the budgets, as ratios within one run
	$(BIN)/python -m bench

mutants: $(STAMP) ## break the working set-up one change at a time; writes docs/mutants.md (RUNS=N or all)
	$(BIN)/python -m tests.mutants $(RUNS)

clean: ## remove the environment and caches
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
