"""What is done for one row: a draft, the registration of a document issued elsewhere, or a movement of money.

Every act goes through the service that a person's form and the commands use. Whatever is not refused is either new or known by
its reference: a file may be imported as often as one likes.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.db import transaction

from cifras.core.models import Staff
from cifras.core.reading import Reader
from cifras.core.rights import may
from cifras.fiscal import cufe, stated
from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import Document, ImportRow, Settlement
from invoicing.services import issuing, preflight, settling
from invoicing.services.finding import find_document, find_tenant
from invoicing.services.importing.folders import read_papers
from invoicing.services.reading import read_entry
from tenants.models import Tenant

State = ImportRow.State
Promised = Callable[[str], "tuple[int, Mapping[str, Any]] | None"]

_MOVEMENTS = frozenset(Settlement.Kind.values)
_READ_ONLY_KINDS = frozenset({"DEBIT", "EVENT", "03", "04"})
# What a rehearsal cannot find because an earlier row of the same file is to make it.
_YET_TO_COME = frozenset({"unknown_reference", "unknown_document"})


@dataclass(frozen=True, slots=True)
class Setting:
    """In whose name rows are carried out. With `tenant` they are all that one's; `folder` is where files are read from."""

    actor: Staff | None
    tenant: Tenant | None = None
    folder: Path | None = None
    is_rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row. `notes` tell what is still missing from a draft; they refuse nothing."""

    state: str
    document: Document | None = None
    reasons: tuple[RuleBroken, ...] = ()
    notes: tuple[RuleBroken, ...] = ()


class _Rehearsed(Exception):
    """Thrown to undo what a rehearsal did."""


def carry_out(data: Mapping[str, Any] | RuleBroken, setting: Setting) -> Outcome:
    """Do what the row says, in the caller's transaction; what is refused leaves nothing behind."""
    try:
        if isinstance(data, RuleBroken):
            raise data
        with transaction.atomic():
            return _act(_placed(data, setting), setting)
    except RuleBroken as refusal:
        return Outcome(State.REFUSED, reasons=refusal.reasons)


def register_one(data: Mapping[str, Any], *, papers: Sequence[bytes], actor: Staff) -> Document:
    """Register one document issued elsewhere, with its files. Raises RuleBroken with every reason why not."""
    return issuing.create(read_entry(data, kind=_kind_of(data)), actor=actor, papers=papers)


def rehearse(data: Mapping[str, Any] | RuleBroken, setting: Setting, promised: Promised) -> Outcome:
    """What `carry_out` would answer, and nothing stays. `promised`: the earlier row of the file that bears a name."""
    outcome = Outcome(State.PENDING)
    rehearsal = replace(setting, is_rehearsal=True)
    with suppress(_Rehearsed), transaction.atomic():
        outcome = carry_out(data, rehearsal)
        raise _Rehearsed
    if isinstance(data, RuleBroken):
        return outcome
    if outcome.state == State.REFUSED:
        return _after_its_elders(outcome, data, promised)
    return _unless_twice(outcome, data, promised)


def names_of(data: Mapping[str, Any] | RuleBroken) -> tuple[str, str]:
    """(external id, CUFE) of a row, each as far as it says them."""
    if isinstance(data, RuleBroken):
        return "", ""
    name = data.get("external_id") or data.get("external_reference")
    code = data.get("cufe")
    return _short(name, 100), _short(code, 66).upper()


def _short(value: Any, longest: int) -> str:
    return value.strip().replace("\x00", "")[:longest] if isinstance(value, str) else ""


def _placed(data: Mapping[str, Any], setting: Setting) -> dict[str, Any]:
    """The row with its tenant by our id, so that the same content is the same whatever the tenant was called."""
    given = data.get("tenant")
    if given is None and setting.tenant is not None:
        return {**data, "tenant": str(setting.tenant.uid)}
    if not isinstance(given, str) or not given.strip():
        raise RuleBroken(
            "tenant_missing",
            gettext_noop("La fila no dice de qué empresa es: indíquela o elíjala al importar."),
            "tenant",
        )
    tenant = find_tenant(given.strip(), actor=setting.actor)
    if setting.tenant is not None and tenant != setting.tenant:
        raise RuleBroken(
            "other_tenant",
            gettext_noop("La fila es de otra empresa ({tenant}): impórtela aparte, eligiendo esa empresa."),
            "tenant",
            tenant=str(tenant),
        )
    return {**data, "tenant": str(tenant.uid)}


def _act(data: dict[str, Any], setting: Setting) -> Outcome:
    kind = data.get("kind")
    if kind in _READ_ONLY_KINDS:
        raise RuleBroken(
            "kind_not_kept",
            gettext_noop(
                "Las notas de débito y los eventos se reconocen, pero no se registran todavía: quite la fila."
            ),
            "kind",
        )
    if kind in _MOVEMENTS:
        _require_right(setting, "invoicing.settle_invoice")
        return _settle(data, setting)
    if data.get("mode") == Mode.DGI_IMPORT:
        _require_right(setting, "invoicing.import_document")
        return _register(data, setting)
    _require_right(setting, "invoicing.add_credit" if kind == Kind.CREDIT else "invoicing.add_invoice")
    return _draft(data, setting)


def _require_right(setting: Setting, permission: str) -> None:
    """A row is carried out long after its file was uploaded, by whoever uploaded it: the right is asked for then."""
    if setting.actor is not None and not may(setting.actor, permission):
        raise RuleBroken(
            "no_right",
            gettext_noop("Quien subió el archivo no tiene permiso para este acto: pídalo o quite la fila."),
            "kind",
        )


def _draft(data: dict[str, Any], setting: Setting) -> Outcome:
    if data.get("draft") is False:
        raise RuleBroken(
            "import_does_not_issue",
            gettext_noop(
                "La importación guarda borradores y no emite: quite «draft» o use el comando issue."
            ),
            "draft",
        )
    if not data.get("external_id"):
        raise RuleBroken(
            "external_id_missing",
            gettext_noop(
                "Falta la referencia externa: sin ella, repetir la importación haría otro borrador."
            ),
            "external_id",
        )
    uid = uuid.uuid4()
    kind = Kind.CREDIT if data.get("kind") == Kind.CREDIT else Kind.INVOICE
    entry = read_entry({**data, "draft": True}, kind=kind)
    document = issuing.create(entry, actor=setting.actor, uid=uid)
    if document.uid != uid:
        return Outcome(State.KNOWN, document)
    notes = tuple(preflight.check(document)) if document.mode == Mode.DGI else ()
    return Outcome(State.CREATED, document, notes=notes)


def _register(data: dict[str, Any], setting: Setting) -> Outcome:
    uid = uuid.uuid4()
    entry = read_entry(data, kind=_kind_of(data))
    papers = read_papers(entry.files, setting.folder) if setting.folder else ()
    document = issuing.create(
        entry, actor=setting.actor, uid=uid, papers=papers, keeps_files=not setting.is_rehearsal
    )
    return Outcome(State.CREATED if document.uid == uid else State.KNOWN, document)


def _kind_of(data: Mapping[str, Any]) -> Kind:
    """As given; else as the CUFE says, which is judged in its turn."""
    if data.get("kind") in set(Kind):
        return Kind(data["kind"])
    told = cufe.read(data["cufe"]) if isinstance(data.get("cufe"), str) else None
    if told is not None:
        with suppress(RuleBroken):
            return stated.kind_of(told.document_type)
    return Kind.INVOICE


def _settle(data: dict[str, Any], setting: Setting) -> Outcome:
    reader = Reader(data)
    tenant = find_tenant(reader.text("tenant"), actor=setting.actor)
    name, kind = reader.text("document"), reader.choice("kind", sorted(_MOVEMENTS))
    amount, day = reader.amount("amount", places=2), reader.day("date")
    reference = reader.text("external_reference", longest=100)
    method = reader.text("method", default="", longest=2)
    certificate = reader.text("certificate_number", default="", longest=50)
    if day is None and not any(reason.field == "date" for reason in reader.reasons):
        reader.refuse("missing", gettext_noop("Falta la fecha del movimiento."), "date")
    reader.finish()
    document = find_document(name, actor=setting.actor, tenant=tenant)
    uid = uuid.uuid4()
    row = settling.record_settlement(
        document.uid,
        kind=kind,
        amount=amount,
        day=day,  # type: ignore[arg-type]  # refused above where it is missing
        method=method,
        certificate_number=certificate,
        external_reference=reference,
        actor=setting.actor,
        uid=uid,
    )
    return Outcome(State.CREATED if row.uid == uid else State.KNOWN, document)


def _after_its_elders(outcome: Outcome, data: Mapping[str, Any], promised: Promised) -> Outcome:
    """A row that only misses what an earlier one will have made is fine."""
    if not {reason.code for reason in outcome.reasons} <= _YET_TO_COME:
        return outcome
    references = data.get("references")
    name = data.get("document")
    if isinstance(references, Mapping):
        name = references.get("external_id") or references.get("cufe")
    elder = promised(name) if isinstance(name, str) else None
    if elder is None:
        return outcome
    note = RuleBroken(
        "depends_on_row",
        gettext_noop("Depende de la fila {row} de este archivo: se prueba del todo al importar."),
        row=elder[0],
    )
    return Outcome(State.CREATED, notes=(note,))


def _unless_twice(outcome: Outcome, data: Mapping[str, Any], promised: Promised) -> Outcome:
    """A name or CUFE that an earlier row of the file bears is the same document, or one too many."""
    for field, name in zip(("external_id", "cufe"), names_of(data), strict=True):
        elder = promised(name) if name else None
        if elder is None or _kind_word(elder[1]) != _kind_word(data):
            continue
        if dict(elder[1]) == dict(data):
            return Outcome(State.KNOWN)
        reason = RuleBroken(
            "twice_in_file",
            gettext_noop("La fila {row} de este archivo ya lleva «{name}» con otro contenido."),
            field,
            row=elder[0],
            name=name,
        )
        return Outcome(State.REFUSED, reasons=(reason,))
    return outcome


def _kind_word(data: Mapping[str, Any]) -> str:
    kind = data.get("kind") or Kind.INVOICE.value
    return "" if kind in _MOVEMENTS else str(kind)
