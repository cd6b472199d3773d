# `make` or `make help` lists what there is. Needs python3.11 or later and nothing else.
PYTHON ?= python3.11
IN = .venv/bin
PIN = uv pip compile --universal --generate-hashes --no-header --no-annotate -q
LOCK = $(PIN) pyproject.toml

.PHONY: help demo test check format bench bench-autonomy bench-security docs torture lock clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: .venv/.demo-installed  ## the refund desk, then its console (ONCE=1: no console; STORY=1: eight weeks)
	$(IN)/python -m remit.cli.main demo $(if $(STORY),--story) $(if $(ONCE),--once)

test: .venv/.test-installed  ## every test but the torture, on all cores
	$(IN)/python -m pytest -n auto $(ARGS)

check: .venv/.test-installed  ## format, lint, types, contracts, spelling, generated pages
	$(IN)/ruff format --check . && $(IN)/ruff check .
	$(IN)/mypy && PYTHONPATH=src $(IN)/lint-imports --no-logo
	$(IN)/codespell *.md docs src && $(IN)/python docs/generate.py --check

format: .venv/.test-installed  ## set every file as `check` wants it
	$(IN)/ruff format . && $(IN)/ruff check --fix .

bench: .venv/.test-installed  ## the table of figures, side by side in one run
	$(IN)/python -m bench $(ARGS)

bench-autonomy: .venv/.test-installed  ## what earned autonomy promises, in figures (minutes)
	$(IN)/python -m bench.autonomy $(ARGS)

bench-security: .venv/.test-installed  ## attacks and bent calls against the gate, and what it costs
	$(IN)/python -m bench.security $(ARGS)

docs: .venv/.docs-installed  ## generate the reference and build the pages into docs/_build
	$(IN)/python docs/generate.py && $(IN)/python -m sphinx -W -q -b html docs docs/_build

torture: .venv/.test-installed  ## faults and laws in their long form, then a table (about an hour)
	$(IN)/python -m tests.faults $(ARGS)

lock:  ## write requirements/ anew (needs uv); one solution, so that the sets never disagree
	$(LOCK) --all-extras --group build --group dev --group docs $(ARGS) -o requirements/.all.txt
	$(LOCK) -c requirements/.all.txt -o requirements/core.txt
	$(LOCK) -c requirements/.all.txt --extra local --extra http --group build -o requirements/demo.txt
	$(LOCK) -c requirements/.all.txt --all-extras --group build --group dev -o requirements/test.txt
	$(LOCK) -c requirements/.all.txt --group build --group docs -o requirements/docs.txt
	$(foreach in,$(wildcard requirements/bench-*.in),$(PIN) $(if $(findstring agentdojo,$(in))$(findstring encoder,$(in)),--no-deps) $(in) -o $(in:.in=.txt) &&) rm requirements/.all.txt

clean:  ## remove what was made: environment, caches, built pages, data of the demo
	rm -rf .venv build dist var docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

# -- one environment; a set of packages is installed again when its lock file changes --------------
.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.%-installed: requirements/%.txt pyproject.toml | .venv/bin/python
	@$(IN)/python -m pip --version >/dev/null 2>&1 || $(IN)/python -m ensurepip
	$(IN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	$(IN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
