# `make help` lists what there is. Every target sets up what it needs.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := $(VENV)/.peers
PLUGINS := $(sort $(dir $(wildcard plugins/*/pyproject.toml)))
SERVERS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/artdagd/servers
VERSITYGW := $(SERVERS)/.versitygw-$(firstword $(shell cat tests/servers/go.mod tests/servers/go.sum | cksum))
KUBO := $(SERVERS)/.ipfs-$(firstword $(shell cat tests/servers/kubo/go.mod tests/servers/kubo/go.sum | cksum))
WEB := artdagd/web/source
FEDIFY := plugins/federation_l2/tests/fedify
# Tests wait for processes, disks and clocks, too: three on two cores keep both busy. Four at most.
PROCESSES ?= $(shell n=$$(( ($$(nproc) * 3 + 1) / 2 )); echo $$(( n > 4 ? 4 : n )))
# Tests start Python hundreds of times: each would compile the node anew, and each process of a run all tests.
unexport PYTHONDONTWRITEBYTECODE
DEMO_HOME ?= .demo
GALLERY_HOME ?= .gallery
SCREENS_HOME ?= .screens

.DEFAULT_GOAL := help
DESTDIR ?=
UNITS := $(DESTDIR)/usr/local/lib/systemd/system

.PHONY: help demo gallery screens run web install-service test test-postgresql test-slow fedify servers fuzz fuzz-recipes contract lint format docs bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml $(addsuffix pyproject.toml,$(PLUGINS))
	@command -v $(PYTHON) >/dev/null || { echo "artdagd needs Python 3.11: install it, or say make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . $(addprefix --editable ./,$(PLUGINS)) --group dev
	@touch $@

demo: $(READY) ## start a node, render the beat-sync recipe from real media, say where the result is
	@ARTDAG_HOME=$(DEMO_HOME) $(BIN)/python examples/demo.py

gallery: $(READY) ## render a short clip of every step and effect, and a contact sheet of them
	@ARTDAG_HOME=$(GALLERY_HOME) $(BIN)/python -m docs.gallery

screens: $(READY) ## take a picture of every page, for docs/images/pages (needs chromium)
	@ARTDAG_HOME=$(SCREENS_HOME) $(BIN)/python -m docs.screens

run: $(READY) ## start a node on http://127.0.0.1:8100
	$(BIN)/artdagd serve

$(WEB)/node_modules/.ready: $(WEB)/package-lock.json
	cd $(WEB) && npm ci --ignore-scripts --loglevel=error
	@touch $@

web: $(WEB)/node_modules/.ready ## build the style sheet of the pages, and fetch htmx (npm)
	@cd $(WEB) && npm run --silent build

install-service: ## copy systemd units, user, folders and example settings to DESTDIR, and say what comes next
	@install -d $(UNITS) $(DESTDIR)/usr/local/lib/sysusers.d $(DESTDIR)/usr/local/lib/tmpfiles.d $(DESTDIR)/etc/artdagd
	@install -m 644 systemd/artdagd.service systemd/artdagd-worker@.service $(UNITS)
	@install -m 644 systemd/sysusers.d/artdagd.conf $(DESTDIR)/usr/local/lib/sysusers.d/artdagd.conf
	@install -m 644 systemd/tmpfiles.d/artdagd.conf $(DESTDIR)/usr/local/lib/tmpfiles.d/artdagd.conf
	@install -D -m 644 systemd/worker-tcp.conf $(DESTDIR)/usr/local/share/artdagd/worker-tcp.conf
	@test -e $(DESTDIR)/etc/artdagd/artdagd.yaml || install -m 644 config/artdagd.yaml $(DESTDIR)/etc/artdagd/artdagd.yaml
	@cat systemd/next.txt

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -m "not slow" -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

test-postgresql: $(READY) ## run the tests that are about the database with PostgreSQL under every node
	ARTDAG_TEST_DATABASE=postgresql $(BIN)/python -m pytest -m "database and not slow" -n $(PROCESSES) \
		--dist loadfile --no-loadscope-reorder $$(grep -rl --include="test_*.py" "mark.database" tests plugins)

test-slow: $(READY) ## run the slow tests (kills, faults, long media), and try three hundred examples of each property
	$(BIN)/python -m pytest -m slow
	$(BIN)/python -m pytest -m "hypothesis and not slow" --hypothesis-profile many

$(FEDIFY)/node_modules/.ready: $(FEDIFY)/package-lock.json
	cd $(FEDIFY) && npm ci --loglevel=error
	@touch $@

fedify: $(FEDIFY)/node_modules/.ready ## install Fedify (npm), with which signed requests are tested

# Named for what it is built from, since a checkout's files are always newer than the cache.
$(VERSITYGW):
	@mkdir -p $(SERVERS)
	@command -v go >/dev/null || { echo "versitygw is built with Go 1.25 or later: install it (https://go.dev/dl), then make servers"; exit 1; }
	cd tests/servers && go build -trimpath -o $(SERVERS)/versitygw.new github.com/versity/versitygw/cmd/versitygw || \
	  { echo "versitygw could not be built: what go says is above; the tests of storage_s3 need it"; exit 1; }
	@mv $(SERVERS)/versitygw.new $(SERVERS)/versitygw
	@rm -f $(SERVERS)/.versitygw-* && touch $@

$(KUBO):
	@mkdir -p $(SERVERS)
	@command -v go >/dev/null || { echo "Kubo is built with Go 1.26 or later: install it (https://go.dev/dl), then make servers"; exit 1; }
	cd tests/servers/kubo && go build -trimpath -o $(SERVERS)/ipfs.new github.com/ipfs/kubo/cmd/ipfs || \
	  { echo "Kubo could not be built: what go says is above; the tests of storage_ipfs need it"; exit 1; }
	@mv $(SERVERS)/ipfs.new $(SERVERS)/ipfs
	@rm -f $(SERVERS)/.ipfs-* && touch $@

servers: $(VERSITYGW) $(KUBO) ## build the servers that storage is tested with (Go 1.26), once; kept in ~/.cache

fuzz: $(READY) ## try mutated media on the probe and the renderer (FUZZ="--count 2000 --seed 1")
	$(BIN)/python tests/fuzz/media.py $(FUZZ)

fuzz-recipes: $(READY) ## try mutated recipes on the parser (FUZZ="--count 20000 --seed 1")
	$(BIN)/python tests/fuzz/recipes.py $(FUZZ)

contract: $(READY) ## drive every operation with schemathesis (CONTRACT="--examples 1000 --seed 1")
	PYTHONPATH=.:tests $(BIN)/python -m contract.drive $(CONTRACT)

lint: $(READY) ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## write docs/steps.md from the code
	$(BIN)/python -m docs.reference

$(PEERS): $(READY)
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

bench: $(PEERS) ## measure, beside peers (see benchmarks/README.md)
	$(BIN)/python -m benchmarks

clean: ## remove what make made
	rm -rf $(VENV) $(FEDIFY)/node_modules $(WEB)/node_modules $(DEMO_HOME) $(GALLERY_HOME) $(SCREENS_HOME) .pytest_cache .mypy_cache .ruff_cache .hypothesis
