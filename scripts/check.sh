#!/bin/sh
# Everything a machine can judge without running the product. Stops at the first thing that is wrong.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
export PATH

say() { echo "check: $*" >&2; }

say "format";           ruff format --check --quiet .
say "lint";             ruff check --quiet .
say "known mistakes";   python -m scripts.judge_bandit
say "types";            mypy
say "import contracts"; lint-imports --cache-dir var/import-linter
say "templates";        djlint --lint --quiet templates
say "migrations";       DJANGO_SETTINGS_MODULE=cifras.settings.test python manage.py makemigrations --check --dry-run

say "production settings, with throw-away secrets"
DJANGO_SETTINGS_MODULE=cifras.settings.production \
SECRET_KEY=$(python -c 'import secrets; print(secrets.token_urlsafe(60))') \
CIFRAS_FIELD_KEYS=$(python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())') \
DATABASE_URL=sqlite:///:memory: ALLOWED_HOSTS=cifras.example DEBUG=off \
    python manage.py check --deploy --fail-level WARNING
say "all is well"
