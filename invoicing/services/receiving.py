"""Taking a webhook in: whose it is, whether it is signed, and storing it before anybody believes it.

Providers of today prove no more than that they know a shared secret, so a delivery is a hint, whatever its verdict. What is
stored is bounded and clean text; the header that carried the secret is kept as the beginning of its digest.
Source: domain 7, Alanube's contract 13.
"""

import hashlib
import ipaddress
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any, NoReturn

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.utils import timezone

from cifras.core import wake
from cifras.core.audit import plain_json
from cifras.fiscal.errors import RuleBroken
from cifras.pac.contract import Capability, PacEvent
from invoicing.models import Document, WebhookDelivery, WebhookProbe
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

logger = logging.getLogger(__name__)

Verdict = WebhookDelivery.Verdict
State = WebhookDelivery.State

MAX_BODY_BYTES = 64 * 1024
_MAX_DEPTH = 32
_MAX_HEADERS = 50
_MAX_HEADER_LENGTH = 500
# Beyond so many in an hour a company's deliveries without a valid signature are logged and no longer stored (per process).
FORGED_KEPT_PER_HOUR = 500

# The answer is to be quick, and making this statement anew each time would take longer than all the rest.
_READ = ("id", "uid", "environment", "pac_provider", "webhook_secret")
_ADDRESSEES = f"""
SELECT {", ".join(_READ)} FROM tenants_tenant WHERE pac_company_id = %s ORDER BY environment, id
"""  # noqa: S608 our own names
_CARRIES_A_SECRET = re.compile(r"(?i)signature|secret|token|key|authorization|cookie")


class UnreadableBody(ValueError):
    """The body is not one JSON object of a reasonable depth whose members have names of their own."""


@dataclass(frozen=True, slots=True)
class Knock:
    """What came to the door. `ip` may be empty; `claimed_user` is what the sender says, never who acts."""

    body: bytes
    signature: str = ""
    headers: Mapping[str, str] | None = None
    ip: str = ""
    claimed_user: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery. `delivery` is None for a probe and for what came after too many forged ones."""

    verdict: Verdict
    is_readable: bool
    is_probe: bool = False
    delivery: WebhookDelivery | None = None


def addressees(company_id: str) -> Sequence[Tenant]:
    """Every tenant that the address may mean: one, or the same company's accounts in both environments, live first."""
    if "\x00" in company_id:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_ADDRESSEES, [company_id])
        rows = cursor.fetchall()
    return [tenant for tenant in map(_as_tenant, rows) if _hears_webhooks(tenant)]


def take_in(tenants: Sequence[Tenant], knock: Knock) -> Receipt:
    """Judge and store what came for one of `tenants`, and wake the inbox. One INSERT where all is well.

    An unsigned probe (a body without a document's id, which providers post when an address is saved) is only counted.
    """
    signers = [tenant for tenant in tenants if is_signed(tenant, knock.signature)]
    verdict = _verdict(signers, knock.signature)
    tenant = (signers or tenants)[0]
    event, complaint = PacEvent(), ""
    try:
        event = read_event(tenant, read_body(knock.body))
    except UnreadableBody as error:
        complaint = str(error)
    if verdict is Verdict.UNSIGNED and event.is_probe and not complaint:
        logger.info("An unsigned webhook probe came for %s from %s", tenant.uid, knock.ip)
        _count_probe(tenant)
        return Receipt(verdict, is_readable=True, is_probe=True)
    if len(signers) > 1:
        tenant = _holder(signers, event)
    delivery = _store(tenant, knock, verdict, event, complaint)
    return Receipt(verdict, is_readable=not complaint, delivery=delivery)


def signature_header(tenants: Sequence[Tenant]) -> str:
    """In which header the addressees' provider proves who it is."""
    return provider_spec(tenants[0]).signature_header


def is_signed(tenant: Tenant, signature: str) -> bool:
    """Whether `signature` is one of the tenant's secrets, or of the global ones where it has none; in constant time."""
    own = tenant.webhook_secret.reveal().split(",") if tenant.webhook_secret else settings.PAC_WEBHOOK_SECRET
    secrets = [secret.strip() for secret in own if secret.strip()]
    return provider_spec(tenant).is_signed(signature, secrets)


def read_body(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, numbers with a fraction as Decimal. Raises UnreadableBody."""
    try:
        content = json.loads(
            body.decode(), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_members
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UnreadableBody(f"The body is not JSON: {error}"[:500]) from None
    if not isinstance(content, dict):
        raise UnreadableBody("The body is JSON, but not an object.")
    if not _is_shallow(content):
        raise UnreadableBody(f"The body is nested deeper than {_MAX_DEPTH} levels.")
    return content


def read_event(tenant: Tenant, content: Mapping[str, Any]) -> PacEvent:
    """What `content` says in the house's words: clean text, no longer than its column."""
    event = provider_spec(tenant).parse_event(content)
    return replace(
        event,
        document_id=_text(event.document_id, 255),
        raw_legal_status=_text(event.raw_legal_status, 60),
        cufe=_text(event.cufe, 100),
        number=_text(event.number, 50),
    )


def _as_tenant(row: Sequence[Any]) -> Tenant:
    """The tenant of a row of `_ADDRESSEES`; whatever else is wanted of it is read when it is asked for."""
    values = dict(zip(_READ, row, strict=True))
    values["uid"] = Tenant._meta.get_field("uid").to_python(values["uid"])
    secret = Tenant._meta.get_field("webhook_secret")
    values["webhook_secret"] = secret.from_db_value(values["webhook_secret"], None, connection)
    return Tenant.from_db(connection.alias, list(values), list(values.values()))


def _hears_webhooks(tenant: Tenant) -> bool:
    try:
        return provider_spec(tenant).can(Capability.WEBHOOK)
    except RuleBroken:
        return False


def _verdict(signers: Sequence[Tenant], signature: str) -> Verdict:
    if signers:
        return Verdict.SIGNED
    return Verdict.FORGED if signature else Verdict.UNSIGNED


def _holder(signers: Sequence[Tenant], event: PacEvent) -> Tenant:
    """Both environments share id and secret: whoever holds the document is meant, the live one where nobody does yet."""
    held = Document.objects.filter(tenant__in=signers, document_id=event.document_id).exclude(document_id="")
    owner = held.values_list("tenant_id", flat=True).first()
    return next((tenant for tenant in signers if tenant.pk == owner), signers[0])


def _store(
    tenant: Tenant, knock: Knock, verdict: Verdict, event: PacEvent, complaint: str
) -> WebhookDelivery | None:
    signed = verdict is Verdict.SIGNED
    if not signed and not _may_keep_another(tenant, knock):
        return None
    state = State.NEW if signed else State.IGNORED
    delivery = WebhookDelivery.objects.create(
        tenant=tenant,
        verdict=verdict,
        state=State.FAILED if signed and complaint else state,
        headers=_kept_headers(knock.headers or {}),
        body=_text(knock.body[:MAX_BODY_BYTES].decode(errors="replace")),
        ip=_address(knock.ip),
        claimed_user=_text(knock.claimed_user, 64),
        pac_document_id=event.document_id,
        raw_legal_status=event.raw_legal_status,
        traceback=_text(complaint),
        due_at=timezone.now() if signed and not complaint else None,
    )
    if delivery.due_at:
        wake("invoicing.inbox")
    return delivery


def _count_probe(tenant: Tenant) -> None:
    seen = {"count": F("count") + 1, "last_at": timezone.now()}
    if not WebhookProbe.objects.filter(tenant=tenant).update(**seen):
        first = {"count": 1, "last_at": timezone.now()}
        if not WebhookProbe.objects.get_or_create(tenant=tenant, defaults=first)[1]:
            WebhookProbe.objects.filter(tenant=tenant).update(**seen)


def _may_keep_another(tenant: Tenant, knock: Knock) -> bool:
    logger.warning("A webhook without a valid signature came for %s from %s", tenant.uid, knock.ip)
    key = f"invoicing.forged.{tenant.uid}.{timezone.now():%Y%m%d%H}"
    kept: int = cache.get(key, 0)
    if kept < FORGED_KEPT_PER_HOUR:
        cache.set(key, kept + 1, timeout=3600)
    return kept < FORGED_KEPT_PER_HOUR


def _kept_headers(headers: Mapping[str, str]) -> Any:
    kept = islice(headers.items(), _MAX_HEADERS)
    return plain_json({name[:100]: _kept_header(name, value) for name, value in kept})


def _kept_header(name: str, value: str) -> str:
    if _CARRIES_A_SECRET.search(name):
        return f"sha256:{hashlib.sha256(value.encode('latin-1', 'backslashreplace')).hexdigest()[:8]}..."
    return value[:_MAX_HEADER_LENGTH]


def _address(ip: str) -> str | None:
    """The address without its IPv6 zone, which no database keeps; None when it is not one."""
    try:
        return str(ipaddress.ip_address(ip.partition("%")[0]))
    except ValueError:
        return None


def _text(value: str, limit: int | None = None) -> str:
    return str(plain_json(value))[:limit]


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("an object names a member twice")
    return members


def _is_shallow(content: dict[str, Any]) -> bool:
    level: list[Any] = [content]
    for _ in range(_MAX_DEPTH):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return True
    return False
