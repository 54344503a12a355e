# Two commands matter: `make lab` opens the workbook, `make test` checks it. `make help` lists the others.
# Presumed: make, a POSIX shell, and Python 3.11 or newer with venv. Another Python: make lab PYTHON=python3.13

PYTHON ?= python3
VENV ?= .venv
FIRST = notebooks/00-start-here.ipynb
LAB_ARGS ?=
PYTEST_ARGS ?=
STUDENTS ?= 30
DECKS ?= all
LESSON ?= 00

BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SETTINGS = $(VENV)/share/jupyter/lab/settings

# Each notebook starts a kernel, and a kernel starts faster from compiled modules: keep them whatever the shell says.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help lab test lint types notebooks check-notebooks slides check-slides present pictures live-test bench bench-class bench-hub constraints supply clean
.DEFAULT_GOAL := help

help:
	@echo "make lab               create the environment if needed and open the workbook in JupyterLab"
	@echo "make test              run every check: format, lint, types, tests, notebooks, a real browser"
	@echo "make notebooks         build the notebooks from notebooks/source, the guest lab, and the page for authors"
	@echo "make check-notebooks   compare the built notebooks with their sources, byte for byte"
	@echo "make present           open a lesson as slides in which cells run (make present LESSON=02)"
	@echo "make slides            write the trainer's decks into slides/ (one of them: make slides DECKS=02)"
	@echo "make check-slides      look at every slide in a real browser: what overflows, what is too small"
	@echo "make pictures          draw the pictures of README.md anew, in a real browser"
	@echo "make live-test         run the live lab on a real control plane, where its programs are (CONTRIBUTING.md)"
	@echo "make bench             print the measurements beside their goals"
	@echo "make bench-class       measure a class: kernels alone, then in one JupyterLab (make bench-class STUDENTS=30)"
	@echo "make bench-hub         measure a class at its hub: all log in at once and run lessons 01 to 03"
	@echo "make constraints       resolve the pinned versions anew"
	@echo "make supply            check that what is installed fits together, and list the licenses"
	@echo "make clean             remove the environment and everything that tools leave behind"

# JupyterLab refuses to run as root unless told; in a container root is the usual user.
lab: $(VENV)/.lab-installed
	@root=; if [ "$$(id -u)" = 0 ]; then root=--allow-root; fi; \
	exec $(BIN)/python -m jupyterlab $$root $(LAB_ARGS) $(FIRST)

# Every check runs, whatever the ones before it found. pytest comes last: its closing line ends the output.
test: $(VENV)/.test-installed
	@failed=0; \
	$(MAKE) --no-print-directory lint || failed=1; \
	$(MAKE) --no-print-directory types || failed=1; \
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS) || failed=1; \
	exit $$failed

lint: $(VENV)/.test-installed
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/lint-imports --no-cache

types: $(VENV)/.test-installed
	@$(BIN)/python -m mypy

notebooks: $(VENV)/.test-installed
	@$(BIN)/python notebooks/build.py
	@$(BIN)/netpol-lab build-lab --in examples/packs/ferries
	@$(BIN)/python -m netpol_lab.lessons.packs.author_page > AUTHORING.md

check-notebooks: $(VENV)/.test-installed
	@$(BIN)/python notebooks/build.py --check

present: $(VENV)/.slides-installed
	@exec $(BIN)/netpol-lab present $(LESSON)

slides: $(VENV)/.slides-installed
	@$(BIN)/netpol-lab slides $(DECKS) --out slides

check-slides: $(VENV)/.test-installed slides
	@$(BIN)/python tests/deck_checks.py slides

pictures: $(VENV)/.test-installed
	@$(BIN)/python tests/test_readme_pictures.py

# Programs of a real control plane from NETPOL_LAB_LIVE_BIN or PATH: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl.
live-test: $(VENV)/.test-installed
	@NETPOL_LAB_LIVE_TEST=1 $(BIN)/python -m pytest -rs tests/test_live_real.py tests/test_live_node.py

bench: $(VENV)/.test-installed
	@$(BIN)/python -m benchmarks

bench-class: $(VENV)/.test-installed
	@$(BIN)/python -m benchmarks.classroom $(STUDENTS)

bench-hub: $(VENV)/.test-installed
	@PATH="$$PATH:$(VENV)/proxy/node_modules/.bin" $(BIN)/python -m benchmarks.class_at_once $(STUDENTS)

# The second file pins the same versions, with the hashes of their files.
COMPILE = $(BIN)/python -m uv pip compile pyproject.toml --extra test --universal --python-version 3.11 \
	--quiet --no-header --no-emit-index-url --no-annotate
constraints: $(VENV)/.test-installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(COMPILE) --upgrade --output-file constraints.txt
	@$(COMPILE) --constraint constraints.txt --generate-hashes --output-file constraints-hashed.txt

# A virtual environment of its own for the lister: it is no part of what is listed.
supply: $(VENV)/.test-installed
	@$(BIN)/python -m pip check
	@$(BIN)/python -m venv $(VENV)/supply && $(VENV)/supply/bin/python -m pip install --quiet --disable-pip-version-check pip-licenses
	@$(VENV)/supply/bin/pip-licenses --python=$(BIN)/python --from=mixed --with-system

# The stamp files say what is installed. They are older than pyproject.toml after an update, and then it is installed again.
$(VENV)/.lab-installed: pyproject.toml constraints.txt binder/overrides.json | $(VENV)/bin/python
	@echo "Installing the workbook into $(VENV) (about a minute, once)."
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(BIN)/python -m ensurepip --default-pip >/dev/null
	@$(INSTALL) --editable .
	@mkdir -p $(SETTINGS) && cp binder/overrides.json $(SETTINGS)/overrides.json
	@touch $@

$(VENV)/.slides-installed: $(VENV)/.lab-installed
	@echo "Installing what decks need into $(VENV)."
	@$(INSTALL) --editable '.[slides]'
	@touch $@

$(VENV)/.test-installed: $(VENV)/.lab-installed
	@echo "Installing what the tests need into $(VENV)."
	@$(INSTALL) --editable '.[test]'
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix $(VENV)/proxy configurable-http-proxy@5.3.0; \
	else echo "There is no npm here: the hub of a class will not be tested."; fi
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys' 2>/dev/null || { \
		echo "There is no $(PYTHON) on this machine. Install Python 3.11 or newer, or name one: make lab PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is too old: the workbook needs Python 3.11 or newer. Name a newer one: make lab PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot create environments: its venv module is not complete. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
