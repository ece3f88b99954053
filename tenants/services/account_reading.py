"""A company's account at a provider where it exists already, as staff or a file give it: by the fields of the registry's row.

Secrets come by themselves: a page posts them, a file only names the environment variables (`token_env`). What is refused never
says them back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from cifras.core.reading import Reader
from cifras.fiscal.errors import gettext_noop
from cifras.pac.addresses import addresses_of, is_public
from cifras.pac.contract import AccountField, ProviderSpec

COMPANY_ID, BASE_URL = "company_id", "base_url"
_OF_TENANT = frozenset({COMPANY_ID, BASE_URL, "token", "webhook_secret"})
_MEMBERS = {COMPANY_ID: "pac_company_id"}
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """The account. `secrets` holds those that were given; of the rest what was known stays."""

    company_id: str = ""
    base_url: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class AccountNames:
    """The account as a file has it: `plain` by the field's name, and for each secret the variable that holds it."""

    plain: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def member_of(asked: AccountField) -> str:
    """How a file calls the field."""
    return f"{asked.name}_env" if asked.is_secret else _MEMBERS.get(asked.name, asked.name)


def account_names(reader: Reader, spec: ProviderSpec) -> AccountNames:
    """The account's members of a larger request, whose values are judged by `read_account`."""
    given = {
        each.name: reader.text(member_of(each), default="" if not each.is_required else None, longest=500)
        for each in spec.account
        if each.is_required or reader.has(member_of(each))
    }
    secret = {each.name for each in spec.account if each.is_secret}
    return AccountNames(
        plain={name: value for name, value in given.items() if name not in secret},
        variables={name: value for name, value in given.items() if name in secret},
    )


def inputs_of(entry: AccountEntry) -> dict[str, str]:
    """The entry as the step `account` takes it."""
    return {COMPANY_ID: entry.company_id, BASE_URL: entry.base_url, **entry.options, **entry.secrets}


def read_account(
    data: Mapping[str, Any], spec: ProviderSpec, *, known: frozenset[str] = frozenset()
) -> AccountEntry:
    """The account that `data` describes, by field name; `known` secrets may be missing. Raises RulesBroken."""
    reader = Reader(data)
    values = {each.name: _value(reader, each, is_known=each.name in known) for each in spec.account}
    _require_address(reader, spec, values.get(BASE_URL, ""), values.get(COMPANY_ID, ""))
    reader.finish()
    secret = {each.name for each in spec.account if each.is_secret}
    return AccountEntry(
        company_id=values.get(COMPANY_ID, ""),
        base_url=values.get(BASE_URL, ""),
        options={
            name: value
            for name, value in values.items()
            if value and name not in _OF_TENANT and name not in secret
        },
        secrets={name: value for name, value in values.items() if value and name in secret},
    )


def _value(reader: Reader, asked: AccountField, *, is_known: bool) -> str:
    is_needed = asked.is_required and not is_known
    if asked.choices:
        return reader.choice(asked.name, [value for value, _word in asked.choices], default="")
    text = reader.text(asked.name, default=None if is_needed else "", longest=_LONGEST)
    if text and asked.shape and not re.fullmatch(asked.shape, text):
        reader.refuse(
            "account_shape",
            gettext_noop("«{label}» no tiene la forma que da el proveedor: cópielo de nuevo, sin espacios."),
            asked.name,
            label=asked.label,
        )
    return text.rstrip("/") if asked.name == BASE_URL else text


def _require_address(reader: Reader, spec: ProviderSpec, url: str, company_id: str) -> None:
    """An address leads to the open internet by https, and to this company where it names one."""
    if not url:
        return
    if not _is_fit(url):
        reader.refuse(
            "base_url_shape",
            gettext_noop(
                "La dirección no sirve: empieza con https://, es pública y no lleva usuario, clave ni parámetros."
            ),
            BASE_URL,
        )
        return
    shape = next((each.shape for each in spec.account if each.name == COMPANY_ID), "")
    last = url.rpartition("/")[2]
    if shape and company_id and re.fullmatch(shape, last) and last != company_id:
        reader.refuse(
            "base_url_of_another",
            gettext_noop("La dirección termina en el identificador de otra empresa: revise los dos."),
            BASE_URL,
        )


def _is_fit(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_bare = not (parts.username or parts.password or parts.query or parts.fragment)
    if not host or not is_bare or re.search(r"\s", url) or len(url) > 200:
        return False
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.PAC_ALLOW_INSECURE_FILES):
        return False
    return _is_outside(host, port or 443)


def _is_outside(host: str, port: int) -> bool:
    """Whether no address of the host is one of an inner network; a name that nobody knows now is left to the ping."""
    try:
        found = addresses_of(host, port)
    except OSError:
        return True
    return all(is_public(each) or (settings.PAC_ALLOW_INSECURE_FILES and each.is_loopback) for each in found)
