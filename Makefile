# The two commands: `make demo` shows the main job, `make test` checks everything.
PYTHON ?= python3
BIN := .venv/bin
# Processes that share the tests, each with up to 5 GB of memory.
WORKERS ?= 2
# Small matrices: one BLAS thread is fastest, also on a busy machine.
export OPENBLAS_NUM_THREADS := 1

.PHONY: demo test test-all check bench notebooks docs release-check clean

.venv/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	$(BIN)/dynsys compile
	touch $@

# Exit code 3: the diagram is written, and says what it doubts itself.
demo: .venv/installed
	$(BIN)/dynsys diagram aln --x mu_e 0 3 --y mu_i 0 3 --out demo/figure2a || test $$? -eq 3
	$(BIN)/dynsys diagram aln --x mu_e 1 5 --y mu_i 0 4 --set a=15 --set b=40 --out demo/figure2c || test $$? -eq 3
	$(BIN)/dynsys diagram aln --x mu_e 0 3 --set mu_i=0.5 --out demo/rhythm
	$(BIN)/dynsys validate aln --diagram demo/figure2a/diagram.nc --neurons 2000 --budget 1 --out demo/validation
	@echo "Look at demo/*/diagram.png and demo/*/report.html; open these in a browser:"
	@ls demo/*/explore.html

test: .venv/installed
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

# The quick suite on every Python there is; ONLY=3.12 for one.
test-all:
	.ci/test-all

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed
	$(BIN)/python benchmarks/equilibria.py
	$(BIN)/python benchmarks/cycles.py
	$(BIN)/python benchmarks/regime_map.py 31
	$(BIN)/python benchmarks/transfer_function.py
	$(BIN)/python benchmarks/simulation.py
	$(BIN)/python benchmarks/ring.py
	$(BIN)/python benchmarks/graph.py
	$(BIN)/python benchmarks/master_equation.py
	$(BIN)/python benchmarks/network.py
	$(BIN)/python benchmarks/spectra.py
	$(BIN)/python benchmarks/memory.py

# Executed notebooks beside their texts; ONLY="one other" for some of them.
notebooks: .venv/installed
	$(BIN)/python docs/execute_notebooks.py $(ONLY)

# The site, without network; a warning is an error.
docs: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -q -d docs/_build/doctrees docs docs/_build/html
	@echo "Open docs/_build/html/index.html in a browser."

# Wheel and sdist in dist/, and the README's first example run from the wheel alone.
release-check:
	PYTHON=$(PYTHON) .ci/release

clean:
	rm -rf .venv .venv-* build dist *.egg-info demo docs/_build docs/_reference docs/_gallery docs/_pictures
	find . -name __pycache__ -prune -exec rm -rf {} +
