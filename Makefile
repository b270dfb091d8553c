# The two commands for a newcomer are `make bench` and `make test`; `make help` lists the rest.
# PYTHON, VENV and CONSTRAINTS may be given; scripts/setup.sh says what they are.

VENV ?= .venv
BIN := $(VENV)/bin
# Tools are started as modules: those of a Python that lends its packages have no command in our environment.
PY := $(BIN)/python
BENCH ?= --profile quick
BASE ?= origin/main
export VENV

.DEFAULT_GOAL := help
.PHONY: help bench test test-oldest gate check fix report docs picture asv perf

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'

bench: $(VENV)/.ready-test ## measure every device found (under 3 minutes), write the report, print its path
	@sh scripts/bench.sh $(BIN)/crossover $(BENCH)

test: $(VENV)/.ready-test ## run the tests
	@$(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder

test-oldest: ## run the tests with the oldest versions that pyproject.toml allows, in an environment of their own
	@$(MAKE) VENV=.ci/venv-oldest CONSTRAINTS=.ci/oldest.txt test

gate: $(VENV)/.ready-test ## fail if what this branch changed since BASE=origin/main made a case slower
	@BASE="$(BASE)" BENCHMARKS=benchmarks/ci THRESHOLD="$(THRESHOLD)" BUDGET="$(BUDGET)" PYTHON="$(PY)" bash scripts/gate.sh

check: $(VENV)/.ready-dev ## check format, lint, types, spelling and workflows
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m mypy
	$(PY) -m codespell_lib
	@PATH="$(abspath $(BIN)):$$PATH"; if command -v shellcheck >/dev/null; then shellcheck scripts/*.sh .ci/run; \
	else echo "shellcheck is not here: the scripts are not checked" >&2; fi
	@sh scripts/lint_workflows.sh
	@PATH="$(abspath $(BIN)):$$PATH"; if command -v zizmor >/dev/null; then \
	zizmor --offline --no-progress -qq --strict-collection --min-severity medium .github ./action.yml; \
	else echo "zizmor is not here: the workflows are not audited" >&2; fi

fix: $(VENV)/.ready-dev ## mend format, lint and spelling where a tool can
	$(PY) -m ruff check --fix
	$(PY) -m ruff format
	$(PY) -m codespell_lib --write-changes

report: $(VENV)/.ready-test ## write the report of FILE=..., by default of the newest run
	@file="$(FILE)"; [ -n "$$file" ] || file=$$(ls -t results/runs/*.jsonl* 2>/dev/null | head -n 1); \
	if [ -z "$$file" ]; then echo "report: no run in results/runs yet; make one with: make bench" >&2; exit 1; fi; \
	$(BIN)/crossover report "$$file"

# Not --quiet, which would keep warnings from --strict.
docs: $(VENV)/.ready-test ## build the site of docs/ into site/, with a report to click through
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict && echo site/index.html

picture: $(VENV)/.ready-test ## take the README's picture anew, of FILE=... or of the newest quick run that is kept
	@file="$(FILE)"; [ -n "$$file" ] || file=$$(ls results/runs/*-quick-*.jsonl.gz | tail -n 1); \
	page=$$($(BIN)/crossover report "$$file") && $(PY) scripts/picture.py "$$page" docs/images/report.png

asv: $(VENV)/.ready-test ## run the asv benchmarks once on this commit (minutes) and publish asv's own pages
	@name=$$($(PY) -c 'from bench_lib.devices.device import discover, machine_name; print(machine_name(discover()))') && \
	$(PY) -m asv machine --machine "$$name" --yes && \
	$(PY) -m asv run --quick --machine "$$name" --set-commit-hash "$$(git rev-parse HEAD)" && \
	$(PY) -m asv publish

perf: $(VENV)/.ready-test ## measure what Crossover itself costs
	@$(PY) -m pytest tests/perf --benchmark-enable --benchmark-only

$(VENV)/.ready-%: pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh $*
