"""Bring cifras/locale/en in line with our texts, then list what the catalogues leave without translation.

Our texts are Spanish in the code, so English needs all of them, and Spanish only those of the theme and the scheduler, which
speak English. The texts are found by Python's and Django's own parsers: the gettext tools of many machines do not look into
f-strings. A text that changed a little keeps its former translation, marked fuzzy: correct it and remove the mark.
"""

import ast
import io
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import django
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "cifras" / "locale"
OURS = tuple(ROOT / folder for folder in ("cifras", "tenants", "invoicing", "reports", "templates"))
# gettext, gettext_lazy, gettext_noop, ngettext, pgettext, npgettext_lazy, ... and the customary underscore.
KEYWORD = re.compile(r"_|(?P<plural>n?)(?P<context>p?)gettext(?:_lazy|_noop)?")
CALL = re.compile(r"""\b(?:_|n?p?gettext)\((?:[^()'"]|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")*\)""", re.DOTALL)


class Message(NamedTuple):
    """A text marked for translation, as the catalogue names it."""

    singular: str
    plural: str = ""
    context: str = ""


def messages_in_python(source: str) -> Iterator[Message]:
    """The texts marked in a module; a call whose text is not a literal marks nothing."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        keyword = KEYWORD.fullmatch(name)
        if not keyword:
            continue
        texts = [
            arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        context = texts.pop(0) if keyword["context"] and texts else ""
        if keyword["plural"] and len(texts) > 1:
            yield Message(texts[0], texts[1], context)
        elif texts:
            yield Message(texts[0], context=context)


def messages_in_template(source: str) -> Iterator[Message]:
    """The texts marked in a Django template, found by Django's own reading of it."""
    for call in CALL.findall(templatize(source)):
        yield from messages_in_python(call)


def messages_under(*folders: Path) -> set[Message]:
    """Every text marked in the modules and HTML templates of these folders."""
    found: set[Message] = set()
    for folder in folders:
        for path in folder.rglob("*.py"):
            found.update(messages_in_python(path.read_text(encoding="utf-8")))
        for path in folder.rglob("*.html"):
            found.update(messages_in_template(path.read_text(encoding="utf-8")))
    return {message for message in found if message.singular}


def package_folder(name: str) -> Path:
    """Where an installed package lies."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent


def path_of(language: str, locale: Path = LOCALE) -> Path:
    """Where the catalogue of a language lies, in our `locale` folder or in that of a package."""
    return locale / language / "LC_MESSAGES" / "django.po"


def catalogue_of(language: str, locale: Path = LOCALE) -> Catalog:
    """A catalogue as it stands."""
    with path_of(language, locale).open("rb") as text:
        return read_po(text)


def translates(catalogue: Catalog, message: Message) -> bool:
    """Whether there is an answer that is compiled: complete and not a guess of the merging tool (fuzzy)."""
    entry = catalogue.get(message.singular, message.context or None)
    if entry is None or entry.fuzzy:
        return False
    texts = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
    return all(texts) and (not message.plural or len(texts) == catalogue.num_plurals)


def missing(messages: Iterable[Message], *catalogues: Catalog) -> list[str]:
    """The texts that none of the catalogues translates."""
    return sorted(
        message.singular
        for message in messages
        if not any(translates(catalogue, message) for catalogue in catalogues)
    )


def missing_in_english() -> list[str]:
    """Our own texts that are not in `cifras/locale/en`."""
    return missing(messages_under(*OURS), catalogue_of("en"))


def missing_in_spanish() -> list[str]:
    """The theme's texts that are not in `cifras/locale/es`, and the scheduler's that are not in its own catalogue either."""
    ours, scheduler = catalogue_of("es"), package_folder("django_celery_beat")
    return [
        *missing(messages_under(package_folder("unfold")), ours),
        *missing(messages_under(scheduler), ours, catalogue_of("es", scheduler / "locale")),
    ]


def update_english() -> None:
    """Add our new texts to the English catalogue, without translation, and drop those that are gone."""
    texts = Catalog()
    for message in messages_under(*OURS):
        texts.add(
            (message.singular, message.plural) if message.plural else message.singular,
            context=message.context or None,
        )
    catalogue = catalogue_of("en")
    catalogue.update(texts)
    catalogue.obsolete.clear()
    entries = io.BytesIO()
    write_po(entries, catalogue, width=0, no_location=True, omit_header=True, sort_output=True)
    path = path_of("en")
    header = path.read_text(encoding="utf-8").partition("\n\n")[0]
    path.write_text(f"{header}\n\n{entries.getvalue().decode().strip()}\n", encoding="utf-8")


if __name__ == "__main__":
    settings.configure()
    django.setup()
    update_english()
    gaps = {"en": missing_in_english(), "es": missing_in_spanish()}
    for language, untranslated in gaps.items():
        for text in untranslated:
            print(f"{language}: {text!r}")
    sys.exit(any(gaps.values()))
