# All a fresh machine needs is make and Python 3.11 or later: the first call of a target sets up.
#
#   make serve                        start the simulators
#   make serve ARGS="--port 9000"     the same with options; see `make serve ARGS=--help`
#   make test                         run the tests on every core, in random order; ARGS are pytest's
#   make slow                         the tests that `make test` leaves out: browsers, Node.js, load
#                                     tests, the benchmark, each example of the pages
#   make hard                         what takes a night: fuzzing, a soak, mutants; HARD are its
#                                     sizes: `make hard HARD="--requests 50000 --soak 60"`
#   make pictures                     make the pictures of docs/pictures anew, with a browser
#   make lint                         ruff and mypy
#   make docs                         build the pages as a site in build/docs
#   make bench                        measure; ARGS are the benchmark's
#   make wheel                        build dist/*.whl
#   make fidelity                     write FIDELITY.md anew
#   make clean                        remove what the others made
#
# VENV names the folder of the environment, PYTHON the interpreter to make it with.

VENV ?= .venv
PYTHON ?=
ARGS ?=
HARD ?=

BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
MADE = $(VENV)/.made
MADE_FOR_WORK = $(VENV)/.made-for-work
# An environment that is made anew has again what was in it for work.
WORK := $(wildcard $(MADE_FOR_WORK))

# Tests start some hundred interpreters. Where none writes bytecode, each would compile all it
# imports anew; here it is kept beside the environment, and nowhere else.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX = $(abspath $(VENV))/bytecode
endif

.PHONY: serve test slow hard pictures lint docs bench wheel fidelity clean

serve: $(MADE)
	@exec $(BIN)/sms-simulators serve $(ARGS)

# The order's seed is in the first lines: ARGS="--randomly-seed=N" has the same again,
# ARGS="-p no:randomly -n 0" that in which the tests are written, in one process.
test: $(MADE_FOR_WORK)
	$(BIN)/python -m pytest -n logical --dist worksteal -m "not slow" $(ARGS)

slow: $(MADE_FOR_WORK)
	$(BIN)/python -m pytest -n logical --dist worksteal -m slow $(ARGS)

hard: $(MADE_FOR_WORK)
	$(BIN)/python -m tests.hard --out build/hard.json $(HARD)

pictures: $(MADE_FOR_WORK)
	mkdir -p docs/pictures
	SMS_SIMULATORS_PICTURES=$(abspath docs/pictures) $(BIN)/python -m pytest -k pictures tests/inbox

lint: $(MADE_FOR_WORK)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(MADE_FOR_WORK)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet $(ARGS)
	@echo "build/docs/index.html"

bench: $(MADE_FOR_WORK)
	$(BIN)/python -m simulators.bench $(ARGS)

wheel: $(MADE_FOR_WORK)
	$(BIN)/python -m build --wheel --outdir dist .

fidelity: $(MADE)
	$(BIN)/sms-simulators providers --fidelity > FIDELITY.md

clean:
	rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	[ ! -f $(VENV)/pyvenv.cfg ] || rm -rf $(VENV)

# Where the venv module has no ensurepip (Debian without python3-venv), pip fetches virtualenv
# for this one use; where there is no pip either, only the distribution can help.
$(MADE): pyproject.toml
	@[ ! -f $(VENV)/pyvenv.cfg ] || rm -rf $(VENV)
	@python=; \
	for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "sms-simulators needs Python 3.11 or later; install it, or name it: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	echo "making $(VENV) with $$($$python --version); this happens once" >&2; \
	if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then "$$python" -m venv $(VENV); \
	elif "$$python" -m pip --version >/dev/null 2>&1; then \
	  tool=$$(mktemp -d) && trap 'rm -rf "$$tool"' EXIT && \
	  "$$python" -m pip --quiet install --target "$$tool" virtualenv && \
	  PYTHONPATH=$$tool "$$python" -m virtualenv --quiet $(VENV); \
	else \
	  echo "$$python has neither ensurepip nor pip; on Debian and Ubuntu: sudo apt install python3-venv" >&2; \
	  exit 1; \
	fi
	@echo "installing the simulators and what they need into $(VENV); this takes a minute" >&2
	@$(PIP) install --editable '.$(if $(WORK),[dev])'
	@touch $@ $(WORK)

$(MADE_FOR_WORK): $(MADE)
	@echo "adding what tests and checks need to $(VENV); this takes a few minutes" >&2
	@$(PIP) install --editable '.[dev]'
	@touch $@
