# Two commands to know: `make run` and `make test`. The rest is what they stand on.
PYTHON ?= python3
BIN := .venv/bin
CLIENT_SOURCES := $(shell find clients -type f \( -name '*.ts' -o -name '*.vue' -o -name '*.json' -o -name '*.css' -o -name '*.scss' -o -name '*.html' -o -name '*.svg' -o -name '*.png' \) -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: setup run test check clients e2e bench bench-fanout bench-tariff autobahn chaos-realtime money-check docs clean

run: setup clients  ## bring the platform up on embedded servers, with a simulated city
	$(BIN)/smartcloud up --simulate

test: setup clients  ## every test but those in a browser
	$(BIN)/pytest -m "not e2e and not simulation" -n 2 --dist loadfile
	$(BIN)/pytest -m simulation
	cd clients && npm test
	cd clients/miniprogram && npm test

check: setup  ## format, lint, types, import rules, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check
	cd clients && npm run check
	cd clients/miniprogram && npm run check

clients: clients/.stamp  ## build the three clients, when their sources have changed
e2e: setup clients  ## drive a real Chromium over a running city
	$(BIN)/pytest -m e2e -n 2 --dist loadfile
bench-tariff: setup  ## quotes a second on one core, and how they grow with the stay
	$(BIN)/python -m bench.tariff
bench: setup  ## ratios against a floor in the same run
	$(BIN)/python -m bench
bench-fanout: setup  ## fan-out beside nchan and a C loop, and 5,000 sockets cut at once
	$(BIN)/python -m bench.fanout
	$(BIN)/python -m bench.storm
money-check: setup  ## ten thousand histories of payments without a fault, and every planted bug found
	$(BIN)/python -m tests.money
autobahn: setup  ## websocket conformance of the hub's handler, by the Autobahn suite
	$(BIN)/python -m bench.autobahn
chaos-realtime: setup  ## break the network, Redis and the nodes under 200 screens; SEED=n repeats a run
	$(BIN)/python -m tests.simulation.chaos $(if $(SEED),--seed $(SEED))
docs: setup  ## write the generated documents anew
	$(BIN)/python -m docs.generate

setup: .venv/.stamp clients/node_modules/.stamp clients/miniprogram/node_modules/.stamp

.venv/.stamp: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[standalone,test]'
	touch $@

clients/node_modules/.stamp: clients/package-lock.json
	cd clients && npm ci --no-audit --no-fund --loglevel=error
	touch $@

clients/miniprogram/node_modules/.stamp: clients/miniprogram/package-lock.json
	cd clients/miniprogram && npm ci --no-audit --no-fund --loglevel=error
	touch $@

clients/.stamp: clients/node_modules/.stamp clients/miniprogram/node_modules/.stamp $(CLIENT_SOURCES)
	cd clients && npm run build
	cd clients/miniprogram && npm run build:h5
	touch $@

clean:
	rm -rf .venv clients/node_modules clients/miniprogram/node_modules clients/*/dist clients/.stamp
