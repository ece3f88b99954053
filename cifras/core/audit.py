"""Writing the audit trail and proving it whole.

Every chain is a list in which each row's hash covers all its own members and the hash before it; the head of the chain
remembers length and last hash. `record` holds the head's row lock until the caller's transaction ends, so a chain has no gap
and no fork, and an act that is rolled back leaves no trace.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol

from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.db.models import Value
from django.utils import timezone

from cifras.core.context import client_ip, correlation_id
from cifras.core.models import AuditChain, AuditEntry, Staff

TargetName = tuple[str, uuid.UUID | str | None, str]

# The act whose `after` tells how far other chains reached: {chain: [sequence, hash]} (cifras.core.anchors).
ANCHORED = "audit.anchored"

# JSON's own null, which reads like a column that is empty: `record` writes only the latter.
_NULL = Value(None, models.JSONField())
_SAYS_NULL = models.ExpressionWrapper(
    models.Q(before=_NULL) | models.Q(after=_NULL), output_field=models.BooleanField()
)


def record(
    action: str,
    *,
    actor: Staff | AnonymousUser | None,
    tenant_uid: uuid.UUID | None = None,
    target: models.Model | TargetName | None = None,
    before: Any = None,
    after: Any = None,
    reason: str = "",
    exchange_id: str = "",
) -> AuditEntry:
    """Add a row to the tenant's chain, in the caller's transaction.

    `action` is a short stable word such as "invoice.voided"; `target` is a model instance or (type, UUID, label). `before` and
    `after` are JSON values; times, UUIDs, Decimals and floats become text, so that the database gives back what was hashed.
    The chain stays locked until the transaction ends: record last, and where several tenants are concerned, in the order of
    their UUIDs.
    """
    act = Act(action, tenant_uid, target, before, after, reason, exchange_id)
    [entry] = record_all([act], actor=actor)
    return entry


@dataclass(frozen=True, slots=True)
class Act:
    """What `record` is told, for `record_all`. Without a correlation id of its own it belongs to the act under way."""

    action: str
    tenant_uid: uuid.UUID | None = None
    target: models.Model | TargetName | None = None
    before: Any = None
    after: Any = None
    reason: str = ""
    exchange_id: str = ""
    correlation_id: str = ""


def record_all(acts: Sequence[Act], *, actor: Staff | AnonymousUser | None) -> list[AuditEntry]:
    """Add a row for each of `acts`, chain by chain, as `record` does: each chain is locked once, and all rows go in together."""
    entries: list[AuditEntry] = []
    with transaction.atomic():
        for tenant_uid in sorted({act.tenant_uid for act in acts}, key=_text):
            head = lock_chain(tenant_uid)
            for act in acts:
                if act.tenant_uid == tenant_uid:
                    entry = _entry_after(head, act, actor)
                    head.sequence, head.hash = entry.sequence, entry.hash
                    entries.append(entry)
            head.save(update_fields=["sequence", "hash"])
        AuditEntry.objects.bulk_create(entries)
    return entries


def lock_chain(tenant_uid: uuid.UUID | None) -> AuditChain:
    """The head of a chain, which until the caller's transaction ends only that one lengthens."""
    heads = AuditChain.objects.select_for_update().filter(chain=_text(tenant_uid))
    head = heads.first()
    if head is None:
        AuditChain.objects.get_or_create(chain=_text(tenant_uid))
        head = heads.get()
    return head


def _entry_after(head: AuditChain, act: Act, actor: Staff | AnonymousUser | None) -> AuditEntry:
    object_type, object_uid, object_label = _name_of(act.target)
    known_actor = actor if isinstance(actor, Staff) else None
    entry = AuditEntry(
        chain=act.tenant_uid,
        sequence=head.sequence + 1,
        previous_hash=head.hash,
        at=timezone.now().astimezone(UTC),
        actor_uid=known_actor.uid if known_actor else None,
        actor_name=_clean(known_actor.username if known_actor else "", 150),
        action=_clean(act.action, 60),
        object_type=_clean(object_type, 60),
        object_uid=object_uid,
        object_label=_clean(object_label, 200),
        before=plain_json(act.before),
        after=plain_json(act.after),
        reason=_clean(act.reason),
        ip=_clean(client_ip(), 45),
        correlation_id=_clean(act.correlation_id or correlation_id(), 64),
        exchange_id=_clean(act.exchange_id, 64),
    )
    entry.hash = hash_of(entry)
    return entry


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a chain does not hold. `chain` is the tenant's UUID as text, empty for the rows without a tenant.

    `kind` is altered (a row is not what was hashed), broken (a row does not follow from the one before: something was removed,
    inserted or moved), lost_tail (the head knows of more rows), headless (more rows than the head knows of) or unanchored (an
    anchor knows another row in this place, or one that is gone).
    """

    kind: str
    chain: str
    sequence: int


@dataclass(slots=True)
class Verdict:
    """What a walk over all chains found."""

    entries: int = 0
    chains: int = 0
    faults: list[Fault] = field(default_factory=list)


def verify() -> list[Fault]:
    """Every fault of every chain; empty when all is as it was written."""
    return examine().faults


def examine(witness: tuple[int, str] | None = None) -> Verdict:
    """Walk over every row of every chain, reading in batches. Rows written meanwhile do no harm.

    `witness` is (sequence, hash) of the chain without tenant, as an anchor in the log told it.
    """
    verdict = Verdict()
    anchors = _last_anchors() | ({"": witness} if witness else {})
    promised = {head.chain: head for head in AuditChain.objects.all()}
    rows = AuditEntry.objects.annotate(says_null=_SAYS_NULL).order_by("chain", "sequence")
    for chain, entries in groupby(rows.iterator(chunk_size=1000), key=attrgetter("chain")):
        head = promised.pop(_text(chain), None) or AuditChain(chain=_text(chain))
        verdict.chains += 1
        for entry, fault in _walk(head, entries, anchors.pop(head.chain, None)):
            verdict.entries += entry
            if fault:
                verdict.faults.append(fault)
    for head in promised.values():
        verdict.chains += 1
        if head.sequence:
            verdict.faults.append(Fault("lost_tail", head.chain, 1))
    verdict.faults += [Fault("unanchored", chain, sequence) for chain, (sequence, _) in anchors.items()]
    return verdict


def _last_anchors() -> dict[str, tuple[int, str]]:
    """How far each chain reached when it was last anchored: what came before is bound to that row by the hashes."""
    found: dict[str, tuple[int, str]] = {}
    rows = AuditEntry.objects.filter(chain=None, action=ANCHORED).order_by("sequence")
    for ends in rows.values_list("after", flat=True).iterator(chunk_size=200):
        for chain, end in ends.items() if isinstance(ends, dict) else ():
            match end:
                case [int(sequence), str(end_hash)]:
                    found[chain] = sequence, end_hash
    return found


def _walk(
    head: AuditChain, entries: Iterator[AuditEntry], anchor: tuple[int, str] | None
) -> Iterator[tuple[int, Fault | None]]:
    """(rows read, fault found or None), step by step along one chain whose head stood at `head` before the walk."""
    sequence, previous_hash, hash_at_head, is_anchored = 0, "", "", anchor is None
    for entry in entries:
        yield 1, None
        is_anchored = is_anchored or (entry.sequence, entry.hash) == anchor
        if hash_of(entry) != entry.hash or entry.says_null:  # type: ignore[attr-defined]
            yield 0, Fault("altered", head.chain, entry.sequence)
        if (entry.sequence, entry.previous_hash) != (sequence + 1, previous_hash):
            yield 0, Fault("broken", head.chain, entry.sequence)
        sequence, previous_hash = entry.sequence, entry.hash
        if sequence == head.sequence:
            hash_at_head = entry.hash
    if sequence < head.sequence:
        yield 0, Fault("lost_tail", head.chain, sequence + 1)
    elif hash_at_head != head.hash:
        yield 0, Fault("altered", head.chain, head.sequence)
    if sequence > head.sequence and not _head_has_reached(head.chain, sequence):
        yield 0, Fault("headless", head.chain, sequence)
    if anchor and not is_anchored:
        yield 0, Fault("unanchored", head.chain, anchor[0])


def _head_has_reached(chain: str, sequence: int) -> bool:
    return AuditChain.objects.filter(chain=chain, sequence__gte=sequence).exists()


def hash_of(entry: AuditEntry) -> str:
    """The sha256, in hex, of the canonical JSON of every member but the hash itself and the database's own key.

    The key is unknown until the row stands, and it says nothing: a row's place is `sequence`, which is hashed, and neither an
    anchor nor an evidence pack names a row by its key.
    """
    text = json.dumps(hashed_members(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def hashed_members(entry: AuditEntry) -> dict[str, Any]:
    """What the hash covers, as it goes into the canonical JSON: evidence that leaves the house carries it so."""
    return {
        column.attname: _canonical(getattr(entry, column.attname))
        for column in AuditEntry._meta.concrete_fields
        if column.attname not in {"id", "hash"}
    }


def plain_json(value: Any) -> Any:
    """`value` in members that every database gives back as they went in: text, whole numbers, truth, null, lists, mappings."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return _clean(value)
        case float() | Decimal() | uuid.UUID():
            return str(value)
        case datetime() if timezone.is_aware(value):
            return value.astimezone(UTC).isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            return {_clean(str(key)): plain_json(member) for key, member in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain_json(member) for member in value]
        case _:
            return _clean(str(value))


class _HasUid(Protocol):
    uid: uuid.UUID


def _name_of(target: models.Model | TargetName | None) -> tuple[str, uuid.UUID | None, str]:
    if target is None:
        return "", None, ""
    if isinstance(target, models.Model):
        return target._meta.label_lower, getattr(target, "uid", None), str(target)
    object_type, uid, label = target
    return object_type, uuid.UUID(str(uid)) if uid else None, label


def _canonical(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, uuid.UUID) else value


def _clean(text: str, limit: int | None = None) -> str:
    """Text that PostgreSQL takes: no NUL, no half of a surrogate pair, not longer than its column."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:limit]


def _text(chain: uuid.UUID | None) -> str:
    return str(chain) if chain else ""
