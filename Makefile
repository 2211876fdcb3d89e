# A fresh machine needs Python 3.11 or newer and make, nothing else; `make help` lists the targets.

MINUTES ?= 10
SEEDS ?= 1
JOBS ?= 1
ONLY ?=
PORT ?= 8000
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

.PHONY: help setup setup-dev run test lint format prove lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(RUNTIME) ## make .venv with the locked packages; nothing is started

setup-dev: $(DEV) ## the same, with what tests and linters need

run: $(RUNTIME) ## start everything in practice mode with a sample shoot; PORT=n listens elsewhere, FAULTS=file rehearses, Ctrl-C ends it
	@exec $(BIN)/packshot serve --practice --port $(PORT) $(if $(FAULTS),--faults $(FAULTS))

test: lint ## every linter, import contract and test
	$(BIN)/python -m tests

lint: $(DEV) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV) ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

prove: $(DEV) ## the long proofs; MINUTES=n says for how long, ONLY="a simulated month" SEEDS=n JOBS=n for so many seeds of one, side by side
	$(BIN)/python -m tests.prove --minutes $(MINUTES) --seeds $(SEEDS) --jobs $(JOBS) --only "$(ONLY)"

lock: $(DEV) ## renew the lock files from pyproject.toml
	$(UV) pip compile --quiet pyproject.toml --universal --generate-hashes --no-emit-index-url -o requirements.lock
	$(UV) pip compile --quiet pyproject.toml --universal --generate-hashes --no-emit-index-url --group dev --extra ocr -o requirements-dev.lock

clean: ## remove .venv; the data in var/ stays
	rm -rf $(VENV)

# The stamps make a second `make run` instant. An environment for development holds the runtime's packages too, and is never cut down to them.
$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@if [ -x $(BIN)/pytest ]; then $(MAKE) --no-print-directory $(DEV); else $(call install,requirements.lock); fi
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	@$(call install,requirements-dev.lock)
	@touch $@ $(RUNTIME)

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "$$($$python --version) -> $(VENV)"; \
	    $$python -m venv $(VENV) && exit 0; \
	    echo "$$python cannot make a virtual environment: install its venv package (Debian: python3-venv)" >&2; rm -rf $(VENV); exit 1; \
	  fi; \
	done; echo "Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 1

# Exactly the packages of a lock file, each checked by its hash: by uv (seconds), by pip where uv cannot be had or cannot reach the packages.
export UV_SYSTEM_CERTS := 1
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
UV = $$(if [ -x $(BIN)/uv ]; then echo $(BIN)/uv; else echo uv; fi)
define install
echo "installing $(1)"; \
[ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) 2>/dev/null || true; \
{ $(UV) pip sync --quiet --require-hashes $(1) && $(UV) pip install --quiet --no-deps -e .; } || \
{ echo "uv did not do it; once more with pip" >&2; \
  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .; }
endef
