"""Issuing anew what was rejected, or is to be mended: a draft like the old document, linked to it."""

import uuid
from dataclasses import replace
from datetime import date

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.document import ZERO, Instalment, Kind, Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.zones import local_date
from invoicing.models import Document
from invoicing.services import drafting, issuing, peruvian, replacing, settling, timeline
from invoicing.services.entry import DocumentEntry, ReferenceName
from invoicing.services.finding import get_document
from invoicing.services.parties import party_from_snapshot
from invoicing.services.reading import content_hash


def correct_and_reissue(document_id: uuid.UUID | str, *, actor: Staff | None) -> Document:
    """The draft that takes the place of a rejected or discarded document, linked to it; a repeat answers the same draft.

    The old document's reference passes on to it. Raises RuleBroken for a document that still stands.
    """
    with transaction.atomic():
        original = settling.locked(get_document(document_id, actor=actor))
        if not replacing.is_dead(original):
            raise RuleBroken(
                "nothing_to_reissue",
                gettext_noop(
                    "{document} sigue vigente: para corregirlo, anúlelo o emita una nota de crédito."
                ),
                "document",
                document=str(original),
            )
        made = original.replacements.select_related("tenant", "office").first()
        if made:
            return made
        entry = entry_of(original, external_id=original.external_id)
        return _made(entry, original, actor)


def prepare_replacement(original: Document, *, actor: Staff | None) -> Document:
    """A draft like a document that still stands: linked, without its reference until it takes over."""
    return _made(entry_of(original), original, actor)


def take_over(replacement: Document, original: Document) -> None:
    """The original has lost its effect: what replaces it bears its reference from now on, in the caller's transaction."""
    Document.objects.filter(pk=original.pk, is_superseded=False).update(is_superseded=True)
    if original.external_id and not replacement.external_id:
        Document.objects.filter(pk=replacement.pk).update(external_id=original.external_id)
    replacement.refresh_from_db(fields=["external_id"])


def let_go(replacement: Document) -> None:
    """A replacement that was put aside no longer stands in the way of another one."""
    Document.objects.filter(pk=replacement.pk).update(replaces=None)


def entry_of(document: Document, *, external_id: str = "") -> DocumentEntry:
    """What an entry for a new document like this one would say: today's date, and no due dates that have passed.

    A registered receiver is read anew where it still has the same RUC, so that what was mended there counts.
    """
    draft = drafting.draft_of(document)
    today = local_date(timezone.now())
    registered = document.receiver
    is_same = registered is not None and registered.ruc == document.receiver_ruc
    said = peruvian.said_of(document)
    entry = DocumentEntry(
        tenant=str(document.tenant.uid),
        kind=Kind(document.kind),
        mode=Mode.DGI,
        office=document.office.code,
        billing_point=document.billing_point,
        external_id=external_id,
        receiver=None if is_same else party_from_snapshot(document.receiver_data),
        receiver_code=registered.code if registered and is_same else "",
        lines=tuple(replace(line, discount_share=ZERO) for line in draft.lines),
        payment_time=draft.payment_time,
        payments=draft.payments,
        due_date=_not_before(today, document.due_date),
        notes=document.notes,
        retention_code=document.retention_code,
        retention_amount=document.retention_amount,
        global_discounts=draft.global_discounts,
        freight=draft.freight,
        insurance=draft.insurance,
        change=draft.change,
        instalments=_still_to_come(today, draft.instalments),
        reference=_reference(document),
        exportation=draft.exportation,
        peru=said,
        is_draft=True,
    )
    return replace(
        entry, content_hash=content_hash({"like": str(document.uid), "at": timezone.now().isoformat()})
    )


def _made(entry: DocumentEntry, original: Document, actor: Staff | None) -> Document:
    document = issuing.create(entry, actor=actor, replaces=original)
    detail = {"document": str(document), "uid": document.uid}
    timeline.note(original, "reissue_prepared", actor=actor, detail=detail)
    audit.record(
        "document.reissue_prepared",
        actor=actor,
        tenant_uid=original.tenant.uid,
        target=original,
        after={"replacement": str(document.uid)},
    )
    return document


def _reference(document: Document) -> ReferenceName | None:
    if document.credited:
        return ReferenceName(id=str(document.credited.uid))
    if not document.reference_cufe:
        return None
    return ReferenceName(cufe=document.reference_cufe, issue_date=document.reference_date)


def _not_before(today: date, day: date | None) -> date | None:
    return day if day and day >= today else None


def _still_to_come(today: date, instalments: tuple[Instalment, ...]) -> tuple[Instalment, ...]:
    return instalments if all(part.due_date >= today for part in instalments) else ()
