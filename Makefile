# What a person types here. Every target sets up what it needs.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test lint format elm check cases mutate integration hapi hapi-all e2e bench bench-flame bench-engine conformance-engine fuzz coverage-pages docs sbom audit clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 22

$(VENV)/.run: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) with the development tools (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[dev,postgres]'
	@touch $@ $(VENV)/.run

run: $(VENV)/.run ## Serve with the embedded sandbox on 127.0.0.1:$(PORT) and show two real calls
	@exec $(BIN)/cds serve --sandbox --demo --port $(PORT)

test: $(VENV)/.dev ## Run every test that needs no server of others
	$(BIN)/python -m pytest -n 2 --dist loadscope

coverage: $(VENV)/.dev ## Run the tests with branch coverage
	$(BIN)/python -m pytest -n 2 --dist loadscope --cov --cov-report=term-missing:skip-covered

lint: $(VENV)/.dev ## Style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy cds
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

elm: $(VENV)/.dev ## Translate every CQL library to ELM (needs Node)
	$(BIN)/cds elm build

check: $(VENV)/.dev ## Check the guidelines and mappings
	$(BIN)/cds check

cases: $(VENV)/.dev ## Run the test cases beside the guidelines
	$(BIN)/cds test

mutate: $(VENV)/.dev ## Would the cases notice a mistake? Every wrong version of every guideline (minutes)
	for guideline in $(notdir $(wildcard plan_definitions/*)); do $(BIN)/cds mutate $$guideline || failed=1; done; test -z "$$failed"

integration: $(VENV)/.dev ## Run the tests that install things or start servers: the wheel, PostgreSQL, HAPI (needs Java, Maven)
	$(BIN)/python -m pytest tests/integration -m integration

hapi: $(VENV)/.run ## Serve an empty HAPI FHIR R4 server at 127.0.0.1:8090/fhir (needs Java 17, Maven)
	$(BIN)/python -m tools.hapi.server 8090

hapi-all: $(VENV)/.dev ## Every content case through HAPI and from prefetch, compared (needs Java, Maven; some ten minutes)
	TEST_CASES=all $(BIN)/python -m pytest tests/integration/hapi/test_content_cases.py -m integration

e2e: $(VENV)/.dev ## Drive a real browser (Debian's chromium)
	$(BIN)/python -m pytest tests/e2e -m e2e

bench: $(VENV)/.dev ## Time the server beside its ceiling and its peers, into docs/benchmark.md (needs Node, Java, Maven; wrk)
	@command -v wrk >/dev/null || apt-get install -qq -y wrk || echo "wrk is not installed: a slower client of ours is used"
	$(BIN)/python -m tests.benchmarks.run

bench-flame: $(VENV)/.dev ## Draw a flame graph of a hook call, into .cache/bench/flame.svg
	$(PIP) install --quiet py-spy==0.4.3
	$(BIN)/python -m tests.benchmarks.flame

conformance-engine: $(VENV)/.dev ## HL7's CQL and FHIRPath suites, and comparison with the reference engines (needs Node)
	$(BIN)/python -m tools.conformance.fhir_packages
	$(BIN)/python -m pytest tests/conformance tests/differential -m "not e2e and not integration" -n 2 --dist loadfile
	$(BIN)/python -m tools.conformance.cql

bench-engine: $(VENV)/.dev ## Time the engine beside the reference engines, into docs/engine-benchmark.md (needs Node)
	$(BIN)/pip install --quiet fhirpathpy
	$(BIN)/python -m tests.benchmarks.engine.run

fuzz: $(VENV)/.dev ## 100,000 mutations of ELM, FHIRPath and resources, and 100,000 requests guided by coverage
	$(BIN)/python -m tools.fuzz.engine --count 100000
	$(PIP) install --quiet --constraint constraints.txt --editable '.[fuzz]'
	$(BIN)/python -m tools.fuzz.run_request_path --count 100000

coverage-pages: $(VENV)/.dev ## Write docs/coverage/: recommendation, cards, CQL definitions, cases
	$(BIN)/python -m tools.coverage_page

docs: $(VENV)/.docs ## Build the documentation site into site/
	$(BIN)/mkdocs build --strict

$(VENV)/.docs: $(VENV)/.dev
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[dev,docs,postgres]'
	@touch $@

clean: ## Remove what the targets made
	rm -rf $(VENV) dist build .cache .coverage htmlcov

sbom: $(VENV)/.run ## Write a CycloneDX list of everything that is installed to sbom.json
	@test -x .cache/sbom/bin/cyclonedx-py || ($(PYTHON) -m venv .cache/sbom && .cache/sbom/bin/pip install --quiet cyclonedx-bom)
	.cache/sbom/bin/cyclonedx-py environment $(BIN)/python --output-reproducible --of JSON -o sbom.json

audit: ## Ask the advisory database about every pinned dependency (needs the network)
	@test -x .cache/audit/bin/pip-audit || ($(PYTHON) -m venv .cache/audit && .cache/audit/bin/pip install --quiet pip-audit)
	.cache/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip
