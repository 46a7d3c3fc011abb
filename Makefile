# Each target makes what it needs. `make` alone lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup search test chaos check ui lock

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/made  ## Make .venv with every pinned version and the package in it, editable

.venv/made: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name one: make setup PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

search: .venv/made  ## Run the default study on the built-in scenes, or go on with it
	$(BIN)/mdml-tune search rooms_mdml

test: .venv/made  ## Run the tests
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

chaos: .venv/made  ## Kill a study thirty times, take its server away for a minute, hoard its memory
	MDML_CHAOS_KILLS=30 MDML_CHAOS_AWAY=60 MDML_CHAOS_MEMORY=1 $(BIN)/python -m pytest -v -s tests/chaos

check: .venv/made  ## Format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/pyright --pythonversion 3.13
	$(BIN)/lint-imports

ui: .venv/made  ## Serve the MLflow UI on this machine
	$(BIN)/mdml-tune ui

lock: .venv/made  ## Pin every version anew in requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --group dev \
		--no-emit-index-url --no-header --output-file requirements.lock pyproject.toml
