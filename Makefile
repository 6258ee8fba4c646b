# Everything starts here. A fresh clone needs python3 (3.11 or newer) and make, nothing else.
.SHELLFLAGS := -eu -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The tests start hundreds of processes, and without bytecode each of them would compile the program again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
INSTALL := $(BIN)/python -m tests.setup.pip_install
PYTEST = $(BIN)/python -m pytest -q -n $(or $(WORKERS),auto)
CODE := reconciler migrations tests bench
WORKERS ?=
WITHOUT ?=
KEEP ?=
N ?= 20000
MINUTES ?= 5
PROJECTS ?= 200
SEED ?= $(shell od -An -N2 -tu2 /dev/urandom)
ARGS ?=
WHOLE := reconciler/decide/*,reconciler/fields/*,reconciler/text/*,reconciler/github/*,reconciler/sync/intents.py,reconciler/sync/write.py,reconciler/sync/send.py,$\
	reconciler/sync/context.py,reconciler/sync/confirmed_writes.py,reconciler/sync/recover.py,reconciler/sync/own_issues.py,$\
	reconciler/sync/edited_copies.py,$\
	reconciler/store/sync/intents.py

# The tests that must reach WHOLE to its last branch by themselves, without whole passes: under coverage the whole
# suite takes too long to be waited for. ARGS=tests runs it all the same.
REACH := tests/decide tests/fields tests/text tests/github tests/store/test_intents.py $\
	$(addprefix tests/sync/test_,$(addsuffix .py,intents write send confirmed_writes recover recover_issues own_issues webhook_hints undone $\
	unreadable_rows comments_from heavy_rows write_hints full_labels refused_answers edited_copies unrecorded_issues))

.PHONY: help .venv demo prepare lint test test-fast check prove prove-newcomer prove-image coverage mutants fmt lock wheel sbom audit bench structure soak pictures clean
.NOTPARALLEL:

help:
	@echo "make demo    watch reports and issues become equal (KEEP=1 leaves it running)"
	@echo "make test    the whole suite; installs what it starts (ARGS='tests/decide -k text' for a part of it,"
	@echo "             WITHOUT=browser,systemd where those can't be had, WORKERS=4 instead of what the cores suggest)"
	@echo "make test-fast  in two to four minutes: no browser, systemd, PostgreSQL, long histories, every route, own processes"
	@echo "make check   format, lint, types, import contracts, migrations, then make test: what CI runs"
	@echo "make lint    the part of make check that needs no test"
	@echo "make prove   break everything N times (N=20000; SEED=… repeats a run) and look for what does not heal"
	@echo "make prove-hostile  10,000 bad requests, 1,000 idle sockets and 64 slow bodies beside 200 syncing projects"
	@echo "make prove-newcomer  from git clone to green in a new, minimal Debian (as root, on Debian)"
	@echo "make prove-image  build the container image on a new Debian, and run it (as root, on Debian)"
	@echo "make coverage  deciding, GitHub and intents must be reached whole (ARGS=tests for the whole suite)"
	@echo "make mutants change the deciding code and recovery in small ways, and see which tests notice"
	@echo "make fmt     rewrite the code in house style"
	@echo "make lock    renew both lock files"
	@echo "make wheel   build the wheel and the sdist into dist/"
	@echo "make sbom    list what is shipped (CycloneDX) in dist/; make audit asks for known faults of it"
	@echo "make bench   measure speed, print a table, write JSON"
	@echo "make bench-scale  what many idle projects cost (ARGS='--projects 1000 --daemons 3 --projects-per-token 1')"
	@echo "make structure  count modules, names and retired words (ARGS=--list says where)"
	@echo "make soak    daemons, PostgreSQL and GitHub under steady work and faults (MINUTES=5 PROJECTS=200)"
	@echo "make pictures photograph the dashboard for README and docs, with Chromium"
	@echo "make clean   remove what these commands made, .venv included"

# --- the environment: installed once, again only when a lock or pyproject.toml changes -------------
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: $(PYTHON) must be Python 3.11 or newer; name another with PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "make: $(PYTHON) cannot make virtual environments (Debian: install python3-venv)" >&2; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@$(INSTALL) requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(INSTALL) requirements-dev.lock
	@touch $@

.venv: $(VENV)/.dev
	@:

# --- use -------------------------------------------------------------------------------------------
demo: $(VENV)/.runtime
	@$(BIN)/reconcile demo $(if $(KEEP),--keep)

# What the tests start beside Python is looked for, and installed where it is missing.
prepare: .venv
	@$(BIN)/python -m tests.setup.prepare --without='$(WITHOUT)' -- $(ARGS)

test: prepare
	@$(PYTEST) --without='$(WITHOUT)' $(ARGS)

test-fast: override WITHOUT = browser,systemd,histories,routes,processes,pooler,postgresql
test-fast: test

lint: .venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(wildcard $(CODE))
	$(BIN)/lint-imports --no-logo

check: prepare lint test # holds "migrations = metadata" too: tests/store/test_migrations.py

prove: .venv
	@seed=$$(echo $(SEED)); echo "make prove N=$(N) SEED=$$seed"; \
		PROVE=$(N) PROVE_SEED=$$seed $(PYTEST) $(if $(filter tests/%,$(ARGS)),,tests/proofs) $(ARGS)

.PHONY: prove-hostile
prove-hostile: .venv
	@$(BIN)/python -m bench.hostile_load $(ARGS)

prove-newcomer:
	@sh tests/setup/newcomer.sh $(ARGS)

prove-image:
	@sh tests/setup/image.sh

coverage: .venv
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q -n $(or $(WORKERS),auto) $(or $(ARGS),$(REACH))
	@$(BIN)/coverage combine --quiet
	$(if $(ARGS),@$(BIN)/coverage report)
	@echo "packages that must be covered to the last branch:"
	@$(BIN)/python -m tests.support.coverage_gate '$(WHOLE)'

mutants: .venv
	@nice -n 10 $(BIN)/mutmut run $(if $(WORKERS),--max-children $(WORKERS)) $(ARGS)
	@$(BIN)/mutmut results

fmt: .venv
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

wheel: .venv
	@$(BIN)/python -m hatchling build -d dist

bench: .venv
	@$(BIN)/python -m bench $(ARGS)

.PHONY: bench-scale
bench-scale: .venv
	@$(BIN)/python -m bench.scale $(ARGS)

structure: .venv
	@$(BIN)/python -m bench.structure $(ARGS)

soak: .venv
	@$(BIN)/python -m bench.soak --minutes $(MINUTES) --projects $(PROJECTS) $(ARGS)

pictures: .venv
	@$(BIN)/python -m tests.setup.prepare tests/browser
	@$(BIN)/python -m tests.browser.pictures
	@$(BIN)/python -m tests.browser.embed_pictures

# Locks name no index: pip takes whatever index the machine has, and the hashes say what is good.
# uv is a tool here, fetched into a venv of its own; it leaves no file behind but the locks.
UV := .lock-venv/bin/uv
CLEAN_ENV := env -u UV_FIND_LINKS -u UV_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_DEFAULT_INDEX
COMPILE := $(CLEAN_ENV) $(UV) pip compile pyproject.toml --no-config --universal --python-version 3.11 --quiet \
	--upgrade --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --no-header

$(UV):
	@$(PYTHON) -m venv .lock-venv
	@.lock-venv/bin/python -m pip --quiet --disable-pip-version-check install uv

lock: $(UV)
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock

# A list of what is shipped, and known faults of it; the tools have an environment of their own, like `lock`. The list names
# the version, which cyclonedx-py reads from pyproject.toml only.
.sbom-venv/bin/cyclonedx-py:
	@$(PYTHON) -m venv .sbom-venv
	@.sbom-venv/bin/python -m pip --quiet --disable-pip-version-check install cyclonedx-bom pip-audit

sbom: .sbom-venv/bin/cyclonedx-py
	@mkdir -p dist
	@version=$$($(PYTHON) -c 'import reconciler; print(reconciler.__version__)'); \
		sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml >dist/pyproject.toml
	@.sbom-venv/bin/cyclonedx-py requirements requirements.lock --pyproject dist/pyproject.toml --output-reproducible --of JSON -o dist/sbom.cdx.json
	@rm dist/pyproject.toml
	@echo "dist/sbom.cdx.json lists every package of requirements.lock (CycloneDX)"

audit: .sbom-venv/bin/cyclonedx-py
	@.sbom-venv/bin/pip-audit --requirement requirements.lock --require-hashes --disable-pip

clean:
	rm -rf mutants tests/browser/react/node_modules $(VENV) .lock-venv .sbom-venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
