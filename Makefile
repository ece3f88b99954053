# Every target makes the virtual environment first; a second time that takes no time.
PORT ?= 8000
ARGS ?=

.PHONY: help setup demo test check audit sbom format lock messages bench faults

help:
	@echo "make demo          the whole product with practice data on http://127.0.0.1:$(PORT)/ (PORT=9000 changes it)"
	@echo "make test          the suite on PostgreSQL and SQLite (ARGS='tests/fiscal -k cufe' for a part)"
	@echo "make bench         speed against simple baselines, as ratios (ARGS='lists ingest -- --pairs 7'; N=5000000 documents)"
	@echo "make faults        a storm of killed workers, lost connections and restarts (ARGS='--seed 7 --documents 400')"
	@echo "make check         format, lint, types, import contracts, templates, migrations, deploy check"
	@echo "make audit         known vulnerabilities in what production runs"
	@echo "make sbom          the list of what production runs, as CycloneDX in var/sbom.json"
	@echo "make format        put the code into shape"
	@echo "make messages      extract our texts for cifras/locale/en and list what has no translation"
	@echo "make lock          resolve the dependencies of pyproject.toml anew (ARGS=-U raises versions)"
	@echo "make setup         only the virtual environment .venv"

setup:
	@scripts/setup.sh

demo: setup
	@exec .venv/bin/python manage.py demo --port $(PORT)

test: setup
	@.venv/bin/python -m scripts.run_tests $(ARGS)

bench: setup
	@.venv/bin/python -m bench $(ARGS)

faults: setup
	@.venv/bin/python -m faults $(ARGS)

check: setup
	@scripts/check.sh

audit: setup
	@.venv/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

sbom: setup
	@.venv/bin/python -m scripts.sbom >var/sbom.json

format: setup
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format --quiet .

lock: setup
	@scripts/lock.sh $(ARGS)

messages: setup
	@.venv/bin/python scripts/make_messages.py
