.PHONY: demo test lint types contracts unit golden docs bench mutants build clean
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# One environment for everything, made again when pyproject.toml or the pins change.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("HealthSim needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)

.PHONY: setup hooks
setup: $(READY)

# Lets git run scripts/hook before every commit.
hooks: $(READY)
	sh scripts/hook install

demo: $(READY)
	$(BIN)/healthsim demo

# Types are checked while tests run: both cores have work then.
test: lint
	$(MAKE) -j 2 types contracts unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

# Byte code is written, whatever the environment says: tests begin some hundred processes, and each
# would otherwise compile what it imports.
unit quick proofs: export PYTHONDONTWRITEBYTECODE :=

unit: $(READY)
	$(BIN)/python -m pytest

# For all day: everything but the tests that are marked slow.
.PHONY: quick
quick: lint types contracts
	$(BIN)/python -m pytest -m 'not slow'

# Long tests: all pairs of templates, most pinned runs, slow pages, more random examples and composed
# requests, every conversation in the older era, twenty kills during a save; slow tests of the protocol in both
# of its eras, of which `make test` takes one; and the cases of other tests that are marked `proof`.
.PHONY: proofs
proofs: $(READY)
	$(BIN)/python -m pytest tests/proofs
	EVERY_CASE=1 $(BIN)/python -m pytest -m 'slow or proof' tests/tools tests/serving
	EVERY_CASE=1 $(BIN)/python -m pytest -m proof tests --ignore=tests/tools --ignore=tests/serving

# 5,000 seeded calls of every tool, prompt and resource, right and wrong, in both eras: none may fail
# inside, answer with more than 40,000 characters, be silent for long, or damage what is kept.
.PHONY: fuzz
fuzz: $(READY)
	PYTHONPATH=tests:server $(BIN)/python -m fuzzing --calls 5000

# MCP's conformance suite against the server alone and with the fixtures that the suite calls by name,
# in both revisions; and the Inspector, which lists and calls every tool over both transports. They
# come from npm into .peers, with a Node from pip where the machine's is missing or too old.
.PHONY: conformance inspector
conformance: $(READY)
	PYTHONPATH=tests:server $(BIN)/python -m conformance

inspector: $(READY)
	PYTHONPATH=tests:server $(BIN)/python -m conformance.inspect_all

# What needs a server or Java: a real Postgres that takes five scenarios (Debian's package, installed by root
# where it is missing); HAPI's validator with US Core over FHIR exports of five scenarios; the npm package fhir (Node 20); HAPI's JPA
# server, which loads their bundles and answers searches; Spark, whose tasks make the blocks of a run. What is of Java comes from
# Maven into .judges; the guide's package from the folder that HEALTHSIM_FHIR_PACKAGES names.
.PHONY: judges
judges: $(READY)
	PYTHONPATH=tests:server $(BIN)/python -m judges.postgres
	PYTHONPATH=tests:server $(BIN)/python -m judges.fhir
	PYTHONPATH=tests:server $(BIN)/python -m judges.fhir_npm
	PYTHONPATH=tests:server $(BIN)/python -m judges.fhir_server
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[spark]'
	PYTHONPATH=tests:server $(BIN)/python -m judges.spark

# Pins the rows of small template runs again, and prints which tables changed.
golden: $(READY)
	PYTHONPATH=tests $(BIN)/python -m golden.rewrite

# Writes results into the pages of docs/ again, and the API reference from docstrings.
docs: $(READY) api
	$(BIN)/python tests/pages.py
	$(BIN)/python tests/timelines.py
	$(BIN)/python tests/scorecards.py
	$(BIN)/python tests/us_core.py

# docs/api/index.html; a module that does not load is an error. The warning left out is about types
# of named tuples that pdoc cannot resolve.
.PHONY: api
api: $(READY)
	rm -rf docs/api
	$(BIN)/python -W error -W 'ignore:Error parsing type annotation' -m pdoc --docformat google \
		-o docs/api healthsim

# Pages in a real browser: the machine's Chromium ($CHROMIUM, or on the path), else playwright's.
# Leaves screenshots in .browser/screenshots. Needs Node and npm.
.PHONY: browser
browser: $(READY) .browser/bridge.bundle.js
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	test -n "$$CHROMIUM" || command -v chromium || command -v chromium-browser \
		|| command -v google-chrome-stable || command -v google-chrome \
		|| $(BIN)/python -m playwright install chromium
	$(BIN)/python -m pytest -n 0 tests/browser

.browser/bridge.bundle.js: tests/browser/package.json tests/browser/bridge.js
	mkdir -p .browser
	cp tests/browser/package.json tests/browser/bridge.js .browser/
	npm install --prefix .browser --no-audit --no-fund --ignore-scripts --loglevel=error
	cd .browser && node_modules/.bin/esbuild bridge.js --bundle --format=iife --log-level=error \
		--outfile=bridge.bundle.js

bench: $(READY)
	$(BIN)/python tests/benchmarks/bench.py

# Plants one small fault in each of 200 places, and lists those that no test notices.
mutants: $(READY)
	PYTHONPATH=tests:server $(BIN)/python -m mutation --seed 9 --places 200

# The wheel, in dist.
build: $(READY)
	$(BIN)/python release/releasing.py wheel

# What the targets of a release need besides: uv, and the checker of server.json.
RELEASE := .venv/.release
$(RELEASE): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[release]'
	touch $(RELEASE)

# The bundle for hosts, in dist, checked and packed by its format's own tool. It needs Node 20 or newer, which it
# brings where the machine's is missing or older. URL=... also writes dist/server.json with the bundle.
.PHONY: mcpb smoke release-check
mcpb: $(RELEASE)
	$(BIN)/python release/releasing.py mcpb $(if $(URL),--url $(URL))

# Installs wheel and bundle alone, in folders of their own, and holds the README's conversation over stdio.
smoke: $(RELEASE)
	$(BIN)/python release/smoke.py

# Do all places name one version, is server.json what the registry accepts, has every platform wheels of all packages?
release-check: $(RELEASE)
	$(BIN)/python release/releasing.py check

clean:
	rm -rf .venv dist build .demo .peers
