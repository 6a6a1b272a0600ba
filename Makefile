# The two commands are `make run` and `make test`; both install what the machine lacks first.
SWIFT ?= swift
BUILD := .build
RELEASE := $(BUILD)/release/shortpath

.PHONY: run test mutants fuzz interop bench build setup setup-tests format clean

# GRDB links the system's SQLite; nothing else is needed beside a Swift 6.3 toolchain.
setup:
	@command -v $(SWIFT) >/dev/null || { echo "Swift 6.3 is needed: see https://www.swift.org/install" >&2; exit 1; }
	@if ! printf '#include <sqlite3.h>\nint main(void){return 0;}' | cc -x c - -fsyntax-only 2>/dev/null; then \
	  if command -v apt-get >/dev/null; then \
	    if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
	    echo "installing libsqlite3-dev" >&2; \
	    $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq libsqlite3-dev >/dev/null || exit 1; \
	  elif [ "$$(uname)" != Darwin ]; then \
	    echo "SQLite's development files (sqlite3.h) are needed: install them with your system's package manager" >&2; exit 1; \
	  fi; \
	fi

# Tests have tshark read the captures, and run the README's questions to the database.
setup-tests: setup
	@if ! command -v tshark >/dev/null || ! command -v sqlite3 >/dev/null; then \
	  if command -v apt-get >/dev/null; then \
	    if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
	    echo "installing tshark and sqlite3" >&2; \
	    $$SUDO apt-get update -qq && $$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq tshark sqlite3 >/dev/null || exit 1; \
	  else \
	    echo "tshark and sqlite3 are needed: install them with your system's package manager" >&2; exit 1; \
	  fi; \
	fi

build: setup
	@$(SWIFT) build -c release --product shortpath

run: build
	@mkdir -p results
	@$(RELEASE) run Scenarios/documented --db results/shortpath.sqlite

test: build setup-tests
	@$(SWIFT) format lint --strict -r Sources Tests Benchmarks Package.swift
	@$(SWIFT) build --build-tests
	@$(SWIFT) test --skip-build
	@Tests/end-to-end.sh $(BUILD)/debug/shortpath $(RELEASE)
	@Tests/mutants.sh $(SWIFT)

# Wrong rules, built into a copy of the program, which the scenarios must notice.
mutants: setup
	@Tests/mutants.sh $(SWIFT)

# Spoiled bytes for every decoder, with other seeds until it is stopped or one of them fails.
fuzz: setup
	@$(SWIFT) build --build-tests
	@seed=2; while SHORTPATH_FUZZ=1000000 SHORTPATH_FUZZ_SEED=$$seed $(SWIFT) test --skip-build --filter WireCodecTests; do \
	  seed=$$((seed + 1)); done; echo "seed $$seed" >&2; exit 1

# STUN with aioice, another implementation: each reads what the other writes, and aioice reads our captures. Needs PyPI once.
INTEROP := .build-interop
interop: setup
	@python3 -m venv $(INTEROP)/python || { echo "Python 3 with venv is needed (Debian: python3-venv)" >&2; exit 1; }
	@$(INTEROP)/python/bin/pip install --quiet --disable-pip-version-check -r Tests/interop/requirements.txt
	@$(SWIFT) build --build-tests
	@$(SWIFT) build --product shortpath
	@rm -rf $(INTEROP)/exchange && mkdir -p $(INTEROP)/exchange
	@$(INTEROP)/python/bin/python Tests/interop/stun.py write $(INTEROP)/exchange
	@SHORTPATH_INTEROP=$(CURDIR)/$(INTEROP)/exchange $(SWIFT) test --skip-build --filter InteropTests
	@$(INTEROP)/python/bin/python Tests/interop/stun.py read $(INTEROP)/exchange
	@$(INTEROP)/python/bin/python Tests/interop/stun.py field $(BUILD)/debug/shortpath $(INTEROP)/exchange
	@$(INTEROP)/python/bin/python Tests/interop/stun.py capture $(BUILD)/debug/shortpath $(INTEROP)/exchange \
	  Scenarios/documented/1-internet-only.yaml Scenarios/documented/4-vpn-udp-blocked.yaml Scenarios/recovery/roam-and-back.yaml

bench: setup
	@$(SWIFT) build -c release --product Bench
	@mkdir -p results
	@g++ -O3 -march=native -std=c++17 Benchmarks/queue.cpp -o $(BUILD)/queue-cpp
	@$(BUILD)/release/Bench results/bench.json $(BUILD)/queue-cpp

format:
	@$(SWIFT) format -i -r Sources Tests Benchmarks Package.swift

clean:
	@rm -rf $(BUILD) .build-mutants $(INTEROP)
