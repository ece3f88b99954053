#!/bin/sh
# Brings cifras/locale/en in line with the texts of the code, then lists what the catalogues still leave untranslated.
# A text that changed a little comes with its former translation, marked fuzzy: correct it and remove the mark.
set -eu
cd "$(dirname "$0")/.."

say() { echo "messages: $*" >&2; }

CATALOGUE=cifras/locale/en/LC_MESSAGES/django.po
if command -v xgettext >/dev/null 2>&1; then
    DJANGO_SETTINGS_MODULE=cifras.settings.test .venv/bin/python manage.py makemessages --locale en \
        --no-location --no-wrap --no-obsolete --ignore '.*' --ignore var --ignore tests --ignore bench --ignore scripts
    # The date of the extraction would make every run a change.
    sed '/^"POT-Creation-Date:/d' "$CATALOGUE" >var/django.po
    mv var/django.po "$CATALOGUE"
else
    say "gettext is not here, so nothing was extracted; sudo apt-get install -y gettext brings it"
fi
.venv/bin/python scripts/compile_messages.py
.venv/bin/python scripts/missing_messages.py || { say "the texts above have no translation"; exit 1; }
say "every text is translated"
