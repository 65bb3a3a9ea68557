# Targets that need .venv make it first, where it is missing or out of date (see bootstrap.py).

unexport PYTHONHOME  # another Python's; this one would not start
ifeq ($(OS),Windows_NT)
PYTHON ?= py
SCRIPTS := Scripts
else
PYTHON ?= python3
SCRIPTS := bin
endif
VENV_PYTHON := .venv/$(SCRIPTS)/python
# Two processes; the one that is done first takes over tests that the other has not begun.
IN_TWO := -n 2 --dist worksteal

.PHONY: help environment course sweep replicate results test test-colab lab site slides lint address clean

help:
	@echo "make course                    run every notebook quickly; see runs/latest/index.html"
	@echo "make sweep MATRIX=file.yaml    run a grid of parameters and seeds, see docs/runners.md"
	@echo "make replicate                 repeat all published results over three seeds; a day and a half or more, resumable"
	@echo "make results                   write RESULTS.md from the records of what was run"
	@echo "make test                      test the helpers, then the notebooks"
	@echo "make test-colab                all tests but the notebooks' own, with Colab's versions"
	@echo "make lab                       open the notebooks in JupyterLab"
	@echo "make site                      build the web site; see site/index.html"
	@echo "make slides                    write each lesson's slides; see slides/"
	@echo "make lint                      check the code's style"
	@echo "make address REPO=owner/name   write your repository's address wherever it stands"
	@echo "make clean                     delete environments, caches, site/ and slides/"
	@echo "Another Python: make course PYTHON=python3.12"

environment:
	@$(PYTHON) bootstrap.py

course: environment
	@$(VENV_PYTHON) -m tools.reruns course

sweep: environment
	@$(VENV_PYTHON) -m tools.reruns sweep $(MATRIX)

replicate: environment
	@$(VENV_PYTHON) -m tools.reruns sweep replicate.yaml; status=$$?; \
		$(VENV_PYTHON) -m tools.replication table && exit $$status

results: environment
	@$(VENV_PYTHON) -m tools.replication table

test: environment
	@$(VENV_PYTHON) -m pytest $(IN_TWO)

test-colab:
	@$(PYTHON) bootstrap.py colab
	@.venv-colab/$(SCRIPTS)/python -m pytest $(IN_TWO) --ignore=tests/test_notebooks_run.py

lab: environment
	@$(VENV_PYTHON) -m jupyterlab notebooks

site:
	@$(PYTHON) bootstrap.py site
	@.venv-site/$(SCRIPTS)/python -m tools.site

slides: environment
	@$(VENV_PYTHON) -m tools.slides

lint: environment
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .

address:
	@$(PYTHON) -m tools.address $(REPO)

clean:
	rm -rf .venv .venv-site .venv-colab .venv*.lock site slides .site-build .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
