# Each target is one line over a plain command; README.md shows the plain commands.
.DEFAULT_GOAL := help
SUPPORTED = import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do "$$p" -c '$(SUPPORTED)' 2>/dev/null && command -v "$$p" && break; done)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help install environment repro sweep check quick test ui serve server new lint types bench audit lock clean clean-state

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

# .venv/installed: the folder for which make has made this environment; empty until all is in it. An environment cannot be
# moved, so that of another folder is made anew. A .venv without this file, or one that is a link, is yours: used if it
# fits, and never changed.
ifneq ($(shell cat .venv/installed 2>/dev/null),$(CURDIR))
.PHONY: .venv/installed
endif
.PRECIOUS: .venv/installed

install: .venv/installed  ## make .venv from requirements.lock (hash-checked, with uv or pip)

PIP = .venv/bin/python -m pip --disable-pip-version-check
FITS = PIP_CONFIG_FILE=/dev/null $(PIP) --isolated install --quiet --dry-run --no-index --no-deps -r requirements.lock
UV_PIN = awk '/^[^ ]/ {wanted = /^uv==/} wanted' requirements.lock

.venv/installed: requirements.lock
	@if [ ! -e .venv ] || { [ -e $@ ] && [ ! -L .venv ]; }; then $(MAKE) --no-print-directory environment; \
	elif ! { $(FITS) && .venv/bin/dvc --version; } >/dev/null 2>&1; then \
	  echo "make did not make this .venv, and it does not fit requirements.lock. Install what is missing:" >&2; \
	  echo "  .venv/bin/python -m pip install --require-hashes -r requirements.lock" >&2; \
	  echo "or remove it, and make makes its own:  rm -r .venv" >&2; exit 1; fi

environment:
	@"$(PYTHON)" -c '$(SUPPORTED)' 2>/dev/null \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "making .venv from requirements.lock: half a minute to a minute, 3 GB"
	@[ ! -e .venv ] || { : > .venv/installed; rm -rf .venv/lib; }  # takes seconds: meanwhile the file says whose it is
	@"$(PYTHON)" -m venv --clear --without-pip .venv && : > .venv/installed && "$(PYTHON)" -m venv .venv
	@{ command -v uv >/dev/null || $(UV_PIN) | $(PIP) install --quiet --require-hashes -r /dev/stdin; } \
	  && uv pip install --quiet --python .venv/bin/python --require-hashes --compile-bytecode -r requirements.lock \
	  || { echo "uv could not; pip takes about three minutes" >&2; $(PIP) install --quiet --require-hashes -r requirements.lock; }
	@echo "$(CURDIR)" > .venv/installed

repro: install  ## download → preprocess → train → evaluate, then a summary; does nothing where nothing changed
	@[ -e .git ] || { echo "DVC needs a git repository, and this folder is none; make it one: git init" >&2; exit 1; }
	@python -m pipeline repair
	dvc repro
	@python -m pipeline summary

sweep: install  ## search filters, dropout and batch size as `tune` in params.yaml says; goes on where it stopped
	python -m pipeline tune

check: lint  ## style, types, and the tests of single parts: in a minute and a half
	@$(MAKE) --no-print-directory -j2 types quick

quick: install  # beside mypy, which uses one processor alone; each process of pytest imports tensorflow for itself
	python -m pytest -m "not e2e and not whole" -n logical --maxprocesses 4

test: install  ## all tests
	python -m pytest

ui: install  ## open the MLflow UI; prints its address when it answers
	@python -m pipeline ui || [ $$? = 130 ]  # Ctrl-C

serve: install  ## the champion answers for your own pictures: a page to drop them on, and MLflow's scoring server
	@python -m pipeline serve || [ $$? = 130 ]

server: install  ## what a team shares, to try it out here: MLflow's server on PostgreSQL
	@python -m pipeline server || [ $$? = 130 ]

new: install  ## a project of your own in a folder beside this one: make new NAME=my-project [DATA=../pets]
	@[ -n "$(NAME)" ] || { echo "name it: make new NAME=my-project [DATA=../pets]" >&2; exit 1; }
	@python -m pipeline new "$(NAME)" $(if $(DATA),--data "$(DATA)")

lint: install  ## check style
	ruff check . && ruff format --check .

types: install  ## check types
	mypy

bench: install  ## this project against what people would use instead, in CPU and wall seconds; an hour and a half
	python -m benchmarks --all

audit: install  ## look up every pinned version in the public database of known holes
	@pip-audit --require-hashes --disable-pip --requirement requirements.lock --progress-spinner off --strict

lock: install  ## write requirements.lock anew from pyproject.toml; what is pinned stays
	uv pip compile --quiet --universal --generate-hashes --extra dev --python-version 3.11 --no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean-state:  ## remove what killed trainings would go on from
	rm -rf .state

clean:  ## remove the virtual environment
	rm -rf .venv
