PYTHON ?= python3
ENVIRONMENT := .venv
BIN := $(ENVIRONMENT)/bin
# What runs the program, and what tests it besides: whoever only uses it needs no test tools.
INSTALLED := $(ENVIRONMENT)/.installed
READY := $(ENVIRONMENT)/.ready

# Tests start the program hundreds of times; it must not be compiled anew each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench soak docs lock clean

help:  ## list what can be made
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(INSTALLED)  ## set up, and show what products cost and what a platform charges
	$(BIN)/apportion demo

test: $(READY)  ## set up, and run every test
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --durations 10

lint: $(READY)  ## check style, types, the direction of imports and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate_reference.py --check
	$(BIN)/python -m pytest --quiet tests/tidy

bench: $(READY)  ## measure speed beside stated peers
	$(BIN)/python -m benchmarks

soak: $(READY)  ## run the generated tests for hours; SEED=n repeats one
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest tests/properties --numprocesses 2 \
		$(if $(SEED),--hypothesis-seed=$(SEED))

docs: $(READY)  ## write the reference pages from the code
	$(BIN)/python docs/generate_reference.py

# A lock names everything, extras too, so that nothing is left for an installer to choose.
COMPILE := env -u PIP_FIND_LINKS -u UV_FIND_LINKS $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links pyproject.toml

lock: $(READY)  ## choose the newest versions of all dependencies anew
	$(COMPILE) --upgrade --group dev --output-file requirements-dev.lock
	$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements.lock

clean:  ## remove everything that was made
	rm -rf $(ENVIRONMENT) demo-workspace .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Exactly what is locked: with --no-deps no installer, old or new, looks for another version.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Apportion needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up Apportion in $(ENVIRONMENT) ..."
	@$(PYTHON) -m venv $(ENVIRONMENT)
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(READY): requirements-dev.lock $(INSTALLED)
	@echo "Setting up what tests it ..."
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@
