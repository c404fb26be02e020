# Everything from a clean checkout with Python 3.11 or newer and a package index: no other set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo-out
# By their names: the file with the longest tests would come last by the number of tests, and run by itself.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder
NO_MODEL := not model and not system and not storm and not gpu

.PHONY: demo test test-fast test-system test-gpu storm lint clean

## demo: redact the example recordings into $(OUT)
demo: $(VENV)/.installed
	$(BIN)/redactor run $(filter-out %.md,$(wildcard examples/*.*)) --out $(OUT) -v
	@echo
	@echo "Redacted audio, transcripts and reports: $(OUT)/release"
	@echo "What became of each recording:           $(BIN)/redactor status $(OUT)"

## test: every test that needs Python packages only
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "$(NO_MODEL) and not long"
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "$(NO_MODEL) and long"
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "model and not system and not storm and not gpu"

## test-fast: those of them that load no model, but for the long ones
test-fast: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "$(NO_MODEL) and not long"

## test-system: tests that need other system packages (see .ci/run for which)
test-system: $(VENV)/.installed-system
	$(BIN)/python -m pytest -m "system and not storm"

## test-gpu: tests that need a CUDA device, by hand
test-gpu: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m gpu

## storm: the long ones, by hand
storm: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m storm -s

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[models]"
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[models,review,export,dev]"
	@touch $@

$(VENV)/.installed-system: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[models,review,export,dev,corpus]"
	@touch $@

clean:
	rm -rf $(VENV) demo-out bench-out build dist
