# Every command of the project. Each makes .venv first, if it is not there.

# Passed on: make run ARGS="--days FOLDER", make test ARGS="tests/test_install.py -k uv"
ARGS ?=

BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run up down status test lint format bench requirements clean env env-dev

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: env ## Set up, run the whole pipeline here, print the summary and where the report is (ARGS: see journey run --help)
	@$(BIN)/journey run $(ARGS)

up: env ## Start the BigQuery emulator and PostgreSQL alone
	@$(BIN)/journey up $(ARGS)

down: env ## Stop them
	@$(BIN)/journey down $(ARGS)

status: env ## Say what runs
	@$(BIN)/journey status $(ARGS)

test: env-dev ## Run all tests, fast ones first (ARGS: pytest's own)
	@$(BIN)/pytest $(ARGS)

lint: env-dev ## Run all linters
	@.ci/lint

format: env-dev ## Put Python and SQL into shape
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format
	@$(BIN)/sqlfluff fix --quiet dbt

bench: env-dev ## Measure speed and memory, ratios within one run (not part of the tests)
	@$(BIN)/python -m benchmarks $(ARGS)

requirements: env-dev ## Write requirements/*.txt from pyproject.toml (ARGS=--upgrade: take the newest)
	@requirements/compile.sh $(ARGS)

clean: env ## Stop the services; remove the local state and the caches (.venv stays)
	@$(BIN)/journey down
	rm -rf .journey .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dbt/target dbt/logs logs

env:
	@requirements/install.sh local

env-dev:
	@requirements/install.sh dev
