# Everything a developer types. Needs make and a CPython >= 3.11 with venv; no root.
#   make run     the whole platform on http://127.0.0.1:8000 (PORT, STATE_DIR can be set);
#                SEED=none starts it empty, for the first-run wizard
#   make test    the test suite
#   make lint    what CI checks besides
#   make screenshots   a picture of every page, into screenshots/
.PHONY: run test lint format test-real test-clients bench messages screenshots clean

# `make run PORT=8001` and `PORT=8001 make run` mean the same.
export PORT STATE_DIR SEED

# The platform is a dozen Python processes and its tests start hundreds; without bytecode each
# compiles a thousand modules before it does anything. So it is kept even in a shell that wants none
# written, but beside the environment, never in the checkout.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX = $(CURDIR)/.venv/bytecode

# exec: make is then the parent of the stack itself, which ends when make is killed.
run:
	@./bootstrap && exec .venv/bin/python -m devstack run --end-with-parent

# One more than there are cores: tests wait for outages and deadlines more than they compute.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# So everything takes longer than on a machine that does nothing else (tests/patience.py).
export TESTS_SLOWER ?= 2

# A browser is looked for first; without one, browser tests are skipped and say why.
test:
	@./bootstrap
	@.venv/bin/python -m tests.chromium
	.venv/bin/pytest -n $(WORKERS) --dist loadfile -m "not real and not clients" $(ARGS)

# The type checker reads Django's settings, which refuse to load without these; it connects to none.
SETTINGS = DEVSTACK=true SECRET_KEY=lint API_KEY_PEPPER=lint CREDENTIAL_KEYS=lint \
	DATABASE_URL=postgresql://127.0.0.1/lint REDIS_URL=redis://127.0.0.1/0

lint:
	@./bootstrap
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	$(SETTINGS) .venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest -q tests/test_migrations.py tests/test_messages.py tests/test_tidy.py tests/test_layout.py

format:
	@./bootstrap
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

# A picture of every page, in three languages, both themes, on a desk and a phone (a few minutes).
SCREENSHOTS ?= screenshots
screenshots:
	@./bootstrap
	@.venv/bin/python -m tests.chromium
	SCREENSHOTS=$(SCREENSHOTS) .venv/bin/pytest -q tests/pages/everywhere/test_in_browser.py $(ARGS)

# Against a real small model (359 MB, downloaded once).
test-real:
	@./bootstrap --group real
	.venv/bin/pytest -m real --no-header -rs tests/real $(ARGS)

# Clients that others wrote: node SDKs, LangChain, Codex, Claude Code. Needs node and npm.
test-clients:
	@./bootstrap --group clients
	cd tests/clients && npm install --no-audit --no-fund --no-package-lock --ignore-scripts
	TEST_CLIENTS=1 .venv/bin/pytest -m clients --no-header -rs tests/clients $(ARGS)

bench:
	@./bootstrap
	.venv/bin/python -m bench $(ARGS)

# Collect the texts of pages into locale/ and compile them (needs GNU gettext).
messages:
	@./bootstrap
	.venv/bin/python manage.py makemessages --all --no-location --ignore .venv --ignore .state
	.venv/bin/python manage.py compilemessages --ignore .venv --ignore .state

clean:
	rm -rf .venv .state .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
