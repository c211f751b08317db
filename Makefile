# Each target is one line over a plain command; README.md shows the plain commands.
.DEFAULT_GOAL := help
SUPPORTED = import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do "$$p" -c '$(SUPPORTED)' 2>/dev/null && command -v "$$p" && break; done)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help install repro sweep test ui lint bench audit lock clean clean-state

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

# a virtual environment cannot be moved: the one of another folder is made anew
ifneq ($(shell cat .venv/installed 2>/dev/null),$(CURDIR))
.PHONY: .venv/installed
endif

install: .venv/installed  ## make .venv from requirements.lock (hash-checked)

.venv/installed: requirements.lock
	@"$(PYTHON)" -c '$(SUPPORTED)' 2>/dev/null \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "making .venv from requirements.lock: about 3 minutes, 3 GB"
	@"$(PYTHON)" -m venv --clear .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "$(CURDIR)" > $@

repro: install  ## download → preprocess → train → evaluate, then a summary; does nothing where nothing changed
	@[ -e .git ] || { echo "DVC needs a git repository, and this folder is none; make it one: git init" >&2; exit 1; }
	@python -m pipeline repair
	dvc repro
	@python -m pipeline summary

sweep: install  ## search filters, dropout and batch size as `tune` in params.yaml says; goes on where it stopped
	python -m pipeline tune

test: install  ## run the tests
	python -m pytest

ui: install  ## open the MLflow UI on http://127.0.0.1:5000
	mlflow ui

lint: install  ## check style
	ruff check . && ruff format --check .

bench: install  ## training and sweep against bare scripts, in CPU seconds
	python -m benchmarks.train_cost
	python -m benchmarks.sweep_cost

audit: install  ## look up every pinned version in the public database of known holes
	@pip-audit --require-hashes --disable-pip --requirement requirements.lock --progress-spinner off --strict

lock:  ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --all-extras --python-version 3.11 --no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean-state:  ## remove what killed trainings would go on from
	rm -rf .state

clean:  ## remove the virtual environment
	rm -rf .venv
