# `make run` trains and reports a model, `make test` checks the project. `make test-all` also runs the
# slow tests: kill-and-resume soaks and runs of many processes. `make docs` builds the documentation
# into build/docs, `make docs-serve` serves it and rebuilds it after changes.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
TESTS  := -m "not slow"

.PHONY: run test test-all setup lint types unit docs docs-serve format clean

run: setup
	$(BIN)/python main.py $(ARGS)

# In parallel: lint and types finish while the first tests run.
test: setup
	$(MAKE) --no-print-directory --jobs=3 lint types unit

test-all: setup
	$(MAKE) --no-print-directory --jobs=3 lint types unit TESTS=

setup: $(VENV)/.installed

# Reinstalls when pyproject.toml changes.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit(f"VITRina needs Python 3.11, 3.12 or 3.13, and {sys.executable} is {sys.version.split()[0]}; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python tools/check_language.py

types:
	$(BIN)/pyright

# One process per core. The tests of a file run in one process, since they share trained models.
unit:
	$(BIN)/python -m pytest $(TESTS) --numprocesses=auto --maxprocesses=8 --dist=loadfile

# The variable silences an advertisement of the theme.
docs docs-serve: export NO_MKDOCS_2_WARNING = 1
docs: setup
	$(BIN)/python -m mkdocs build --strict

docs-serve: setup
	$(BIN)/python -m mkdocs serve

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache build dist *.egg-info
