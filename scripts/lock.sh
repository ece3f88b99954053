#!/bin/sh
# Resolve pyproject.toml anew and write both locks: names, versions and hashes, no addresses. `-U` raises what can be raised.
set -eu
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/uv pip compile --no-config --universal --generate-hashes --python-version 3.12 --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links --quiet "$@"
}
compile "$@" pyproject.toml -o requirements.lock
# A superset of the first, so that no target undoes what another installed.
compile "$@" --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
