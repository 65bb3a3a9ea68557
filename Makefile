# Every target makes .venv first, where it is missing or out of date (see bootstrap.py).

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
VENV_PYTHON := .venv/Scripts/python
else
VENV_PYTHON := .venv/bin/python
endif

.PHONY: help environment course sweep replicate results test lab lint address clean

help:
	@echo "make course                    run every notebook quickly; see runs/latest/index.html"
	@echo "make sweep MATRIX=file.yaml    run a grid of parameters and seeds, see helpers/matrix.py"
	@echo "make replicate                 repeat all published figures over three seeds; hours, resumable"
	@echo "make results                   write RESULTS.md from the records of what was run"
	@echo "make test                      test the helpers, then the notebooks"
	@echo "make lab                       open the notebooks in JupyterLab"
	@echo "make lint                      check the code's style"
	@echo "make address REPO=owner/name   write your repository's address wherever it stands"
	@echo "make clean                     delete .venv and caches; data/ and runs/ stay"
	@echo "Another Python: make course PYTHON=python3.12"

environment:
	@$(PYTHON) bootstrap.py

course: environment
	@$(VENV_PYTHON) -m helpers.reruns course

sweep: environment
	@$(VENV_PYTHON) -m helpers.reruns sweep $(MATRIX)

replicate: environment
	@$(VENV_PYTHON) -m helpers.reruns sweep replicate.yaml; status=$$?; \
		$(VENV_PYTHON) -m helpers.replication table && exit $$status

results: environment
	@$(VENV_PYTHON) -m helpers.replication table

test: environment
	@$(VENV_PYTHON) -m pytest

lab: environment
	@$(VENV_PYTHON) -m jupyterlab notebooks

lint: environment
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .

address: environment
	@$(VENV_PYTHON) -m helpers.address $(REPO)

clean:
	rm -rf .venv .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
