#!/bin/sh
# Makes .venv from the development lock. Safe to repeat: a second run with the same lock does nothing.
# Needs no tool but a shell and either a Python >= 3.12 or a way to get one.
set -eu
cd "$(dirname "$0")/.."

VENV=.venv
LOCK=requirements-dev.lock
STAMP=$VENV/.cifras-stamp

say() { echo "setup: $*" >&2; }

# A version manager's shim may sit on PATH and fail, so a candidate counts only when it runs,
# is new enough and can make a virtual environment with pip in it.
is_usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

find_python() {
    for name in python3.14 python3.13 python3.12 python3 python; do
        if is_usable "$name"; then echo "$name"; return 0; fi
    done
    for path in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3 /opt/python*/bin/python3 \
        /usr/local/bin/python3.1? /usr/local/opt/python@3.1?/bin/python3.1?; do
        if is_usable "$path"; then echo "$path"; return 0; fi
    done
    return 1
}

find_uv() {
    for path in uv "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv"; do
        if "$path" --version >/dev/null 2>&1; then echo "$path"; return 0; fi
    done
    return 1
}

# The one entry of the lock that is needed before the lock can be installed.
uv_requirement() { sed -n '/^uv==/,/^[^ ]*==/p' "$LOCK" | sed '/^uv==/!{/^[^ ]*==/d;}'; }

# An older Python cannot run Cifras, but its pip can fetch uv, and uv can fetch a Python.
fetch_uv() {
    uv_requirement >var/uv-requirement.txt
    for name in python3 python; do
        if "$name" -m pip install -q --require-hashes --upgrade --target var/uv -r var/uv-requirement.txt >/dev/null 2>&1; then
            echo "$PWD/var/uv/bin/uv"
            return 0
        fi
    done
    return 1
}

with_python() {
    python=$(find_python) || return 1
    say "making $VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV" || exit 1
    uv_requirement >"$VENV/uv-requirement.txt"
    if ! "$VENV/bin/python" -m pip install -q --disable-pip-version-check --require-hashes \
        -r "$VENV/uv-requirement.txt"; then
        say "the package registry did not give us uv; see pip's words above, then try again"
        exit 1
    fi
}

with_uv() {
    uv=$(find_uv || fetch_uv) || return 1
    say "no Python >= 3.12 here: letting uv find or fetch one"
    "$uv" venv -q --clear --python '>=3.12,<3.15' "$VENV" || return 1
    uv_requirement >"$VENV/uv-requirement.txt"
    "$uv" pip install -q --python "$VENV/bin/python" --require-hashes -r "$VENV/uv-requirement.txt"
}

give_up() {
    say "Cifras needs Python 3.12 or newer with its venv module, and found none. Type this, then try again:"
    if [ "$(uname)" = Darwin ]; then
        echo "    brew install python@3.13" >&2
    elif apt-cache show python3.12-venv >/dev/null 2>&1; then
        echo "    sudo apt-get install -y python3.12 python3.12-venv" >&2
    else
        echo "    curl -LsSf https://astral.sh/uv/install.sh | sh && ~/.local/bin/uv python install 3.13" >&2
    fi
    exit 1
}

mkdir -p var
# The path is in the stamp because a virtual environment that was moved or copied does not work.
fingerprint="$(cksum <"$LOCK") $PWD"
if [ ! -x "$VENV/bin/python" ] || [ "$(cat "$STAMP" 2>/dev/null)" != "$fingerprint" ]; then
    if ! "$VENV/bin/uv" --version >/dev/null 2>&1 || ! is_usable "$VENV/bin/python"; then
        with_python || with_uv || give_up
    fi
    say "installing $LOCK"
    "$VENV/bin/uv" pip sync -q --compile-bytecode --python "$VENV/bin/python" --require-hashes "$LOCK"
    echo "$fingerprint" >"$STAMP"
fi
"$VENV/bin/python" scripts/compile_messages.py
