.DEFAULT_GOAL := help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## Install, prepare and serve on http://127.0.0.1:8000
	@scripts/run

test: ## Install what the tests need, then run them (ARGS="-k name" for some)
	@scripts/test $(ARGS)

coverage: ## Run the tests and say what they did not run (ARGS="tests/test_diff.py" for some)
	@scripts/coverage $(ARGS)

test-aws: ## Only the tests on servers of S3 and DynamoDB, none skipped
	@scripts/test-aws $(ARGS)

endurance: ## The long tests: twenty kills, DynamoDB away for a minute
	@ENDURANCE=1 scripts/test tests/test_endurance.py $(ARGS)

benchmark: ## What a request costs, side by side with FastMCP and the official SDK (ARGS="--quick --json")
	@scripts/benchmark $(ARGS)

editor: ## Build the admin's editor from frontend/ (only after changing it)
	@scripts/build-editor

lock: ## Write requirements/ from pyproject.toml (ARGS="--upgrade" for the newest versions)
	@scripts/lock $(ARGS)

check: ## Style, types, import rules, migrations, deployment checks
	@scripts/check

.PHONY: help run test coverage test-aws endurance benchmark lock check editor
