# Two commands matter: `make run` and `make test`. Both set everything up first; the second time they are quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
HOST ?= 127.0.0.1
PORT ?= 8000

.PHONY: run test test-unit test-browser lint fmt check evals bench clean help

help:  ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

run: $(VENV)/.run  ## Set up, take in the sample knowledge, serve on http://127.0.0.1:8000
	$(BIN)/python -m assistant ingest knowledge --prune
	$(BIN)/python -m assistant serve --host $(HOST) --port $(PORT)

test: test-unit test-browser  ## Set up and run all tests

test-unit: $(VENV)/.dev
	$(BIN)/python -m pytest --ignore=tests/browser

test-browser: $(VENV)/.dev
	$(BIN)/python -m pytest tests/browser

lint: $(VENV)/.dev  ## Format, lint, types, import contracts, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell

fmt: $(VENV)/.dev  ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: $(VENV)/.run  ## Say what is configured, reachable and missing
	$(BIN)/python -m assistant check

evals: $(VENV)/.dev  ## Measure quality on a folder of question sets: make evals SETS=folder
	$(BIN)/python -m evals $(SETS)

bench: $(VENV)/.dev  ## Measure ingestion and search beside the encoder's own speed
	$(BIN)/python -m bench

clean:  ## Remove the environment and caches; keeps percorso-data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

# torch first and by itself: only this exact version has a CPU build, any other pulls several GB of GPU packages.
$(VENV)/.torch: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Percorso needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	@touch $@

$(VENV)/.run: $(VENV)/.torch pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) --editable '.[dev]'
	@touch $@
