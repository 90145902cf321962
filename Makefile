PYTHON ?= python3

.PHONY: run test test-fast install lock clean
run:      ## the main job on the bundled data (makes the environment first)
	@$(PYTHON) -m flows.bootstrap run $(ARGS)
test:     ## linter, type checker, tests
	@$(PYTHON) -m flows.bootstrap test $(ARGS)
test-fast: ## the same without Prefect, whole runs, publishers' files, back-tests and searches
	@$(PYTHON) -m flows.bootstrap test-fast $(ARGS)
install:  ## only the environment
	@$(PYTHON) -m flows.bootstrap install
lock: install  ## newest allowed versions, with hashes and without addresses
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -o requirements.lock
clean:    ## what a run writes (raw data stay)
	rm -rf data/curated
