# One verb a job; every verb sets up what it needs in .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.ready
DEMO := .venv/.demo-ready
SITE := .venv/.site-ready
export TF_CPP_MIN_LOG_LEVEL := 3
export TF_ENABLE_ONEDNN_OPTS := 0
# Tests start hundreds of processes; without compiled modules each compiles the package again.
export PYTHONDONTWRITEBYTECODE :=
SECONDS ?= 60
PARALLEL := -n logical --maxprocesses=4 --dist worksteal
EXTRAS := train keras tables images sign sql remote ray otel
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements/dev.txt requirements/node/package-lock.json pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setting up .venv (some minutes, once)"
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p .venv/node && cp requirements/node/*.json .venv/node
	@if command -v npm > /dev/null; then npm ci --prefix .venv/node --ignore-scripts --no-audit --no-fund --silent; fi
	@touch $@

$(DEMO): requirements/demo.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setting up .venv for the demo (less than a minute, once)"
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --require-hashes -r requirements/demo.txt
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP)  ## create .venv with pinned dependencies

demo: $(if $(or $(KERAS),$(wildcard $(STAMP))),$(STAMP),$(DEMO))  ## the whole pipeline on 1000 real rows; KERAS=1 opens its file in plain Keras too; IMAGES=1 adopts a model of pictures
	@$(BIN)/keramos demo $(if $(IMAGES),--images)

lint: $(STAMP)  ## style, types, imports between packages
	@$(BIN)/ruff format --check --quiet src tests benchmarks
	@$(BIN)/ruff check --quiet src tests benchmarks
	@$(BIN)/mypy --no-error-summary --num-workers 2
	@$(BIN)/lint-imports --no-logo > .venv/imports.log || { cat .venv/imports.log; exit 1; }

check: lint  ## what to run while you work: lint and the unit tests, about a minute
	@$(BIN)/python -m pytest $(PARALLEL) -m "unit and not slow"

test: check  ## check, then real Keras and real servers; the same examples every time
	@$(BIN)/python -m pytest $(PARALLEL) -m "not unit and not slow"

test-all: check  ## everything, slow suites too; drawn examples are new every time
	@$(BIN)/python -m pytest $(PARALLEL) -m "" --hypothesis-profile=explore

$(SITE): requirements/docs.txt $(STAMP)
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --require-hashes -r requirements/docs.txt
	@touch $@

docs: $(SITE)  ## write the generated pages again and build the site in build/site/html
	@$(BIN)/python -m keramos.keras_layers.write_index
	@$(BIN)/python -c "from keramos.report.layers import page; print(page(), end='')" > docs/layers.md
	@$(BIN)/python -c "from keramos.report.errors import page; print(page(), end='')" > docs/errors.md
	@$(BIN)/python docs/site/build.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict -f docs/site/mkdocs.yml

fuzz: $(STAMP)  ## look for inputs that break the readers and the compiler; SECONDS=60
	@$(BIN)/python tests/fuzz/drive.py --seconds $(SECONDS)

bench: $(STAMP)  ## measure side by side with peers; prints tables
	@for f in benchmarks/*.py; do echo "== $$f"; $(BIN)/python $$f || exit 1; done

lock:  ## pin dependencies again (needs uv)
	@uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 $(EXTRAS:%=--extra %) --overrides requirements/overrides.txt pyproject.toml requirements/dev.in -o requirements/dev.txt
	@uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --extra train --extra images --overrides requirements/overrides.txt -c requirements/dev.txt pyproject.toml requirements/demo.in -o requirements/demo.txt
	@uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal -c requirements/dev.txt pyproject.toml -o requirements/serve.txt
	@uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -c requirements/dev.txt requirements/docs.in -o requirements/docs.txt

clean:  ## remove everything that make created
	@rm -rf .venv build dist demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help setup demo lint check test test-all docs fuzz bench lock clean
