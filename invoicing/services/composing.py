"""What a person does with the form of an invoice or a credit note: try it, keep it as a draft, issue it; one document per form.

The form draws its document's id when it is opened, so however often it is sent, and from however many tabs, there is one
document with that id.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal import ruc
from cifras.fiscal.document import Kind, Mode, Party
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import Submission
from invoicing.models import Document, TimelineEvent
from invoicing.services import issuing, preflight
from invoicing.services.entry import DocumentEntry
from invoicing.services.finding import find_tenant, get_document
from invoicing.services.half_written import HalfWritten, read_half_written
from invoicing.services.laws import days_back, law_of
from invoicing.services.parties import party_from_snapshot
from invoicing.services.sketching import draft_of_entry
from tenants.models import Tenant

_MOST_TWINS = 3
# Said about sums: nonsense while a line or a payment cannot be read.
_ABOUT_SUMS = frozenset(
    {
        "change_does_not_match",
        "discount_above_lines",
        "instalments_do_not_add_up",
        "nothing_to_spread_over",
        "payments_do_not_add_up",
        "payments_missing",
        "retention_amount",
        "total_negative",
    }
)


_WEIGHS = re.compile(
    r"(^|\.)(lines|payments|quantity|unit_price|unit_discount|tax_rate|amount|freight|insurance)$"
)


@dataclass(frozen=True, slots=True)
class Form:
    """The form that speaks: the id of its document, and what the draft said (`content_hash`) when the form was opened."""

    uid: uuid.UUID
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would come of issuing: every refusal, what should be seen, and the documents that look like this one."""

    reasons: tuple[RuleBroken, ...]
    doubts: tuple[RuleBroken, ...] = ()
    twins: tuple[Document, ...] = ()


def rehearse(data: Mapping[str, Any], form: Form, *, actor: Staff | None) -> Rehearsal:
    """Try to issue the document that `data` describes. Nothing stays behind."""
    half = read_half_written(data, kind=Kind(data.get("kind", Kind.INVOICE)))
    if half.entry is None:
        return Rehearsal(half.reasons)
    if half.stands_in_for("tenant") or half.stands_in_for("office"):
        return Rehearsal(_together(half, _law(half.entry, None)))
    try:
        with transaction.atomic():
            document = _written(half.entry, form, actor)
            found = _examine(document, half)
            transaction.set_rollback(True)
    except RuleBroken as refusal:
        law = _law(half.entry, find_tenant(half.entry.tenant, actor=actor))
        return Rehearsal(_together(half, [*refusal.reasons, *law]))
    return found


def keep_draft(entry: DocumentEntry, form: Form, *, actor: Staff | None) -> Document:
    """Store the entry as the form's draft (in mode PROFORM: its proforma), or make the stored one say the same.

    Raises RuleBroken when it has been queued or somebody else has changed it since, and as `issuing.create`.
    """
    return _once(lambda: _written(entry, form, actor))


def issue(entry: DocumentEntry, form: Form, *, actor: Staff | None, doubt_reason: str = "") -> Document:
    """Store the entry and queue it, in one transaction; a proforma is only stored. A repeat answers the first document.

    Raises as `keep_draft`, and RulesBroken with everything that preflight refuses.
    """

    def act() -> Document:
        is_sent_again = _is_sent_again(entry, form)
        document = _written(entry, form, actor)
        if entry.mode == Mode.PROFORM or not document.is_mendable or is_sent_again:
            return document
        generate = issuing.generate_invoice if entry.kind is Kind.INVOICE else issuing.convert_credit_to_dgi
        return generate(document.uid, actor=actor, doubt_reason=doubt_reason)

    return _once(act)


def _once(act: Callable[[], Document]) -> Document:
    """Whoever comes second finds the document of the first."""
    try:
        with transaction.atomic():
            return act()
    except IntegrityError:
        with transaction.atomic():
            return act()


def _is_sent_again(entry: DocumentEntry, form: Form) -> bool:
    """Whether this form made what the authority returned since: it has to be seen before it goes once more."""
    returned = Document.objects.filter(uid=form.uid, submission=Submission.RETURNED)
    return form.seen != entry.content_hash and returned.filter(content_hash=entry.content_hash).exists()


def _written(entry: DocumentEntry, form: Form, actor: Staff | None) -> Document:
    """The form's document, saying what the entry says."""
    stored = Document.objects.select_for_update().filter(uid=form.uid).first()
    if stored is None:
        return issuing.create(replace(entry, is_draft=True), actor=actor, uid=form.uid)
    document = get_document(form.uid, actor=actor, kind=entry.kind)
    if document.content_hash == entry.content_hash:
        return document
    _require_own_turn(document, form, actor)
    if entry.mode == Mode.PROFORM and document.mode == Mode.DGI:
        raise RuleBroken(
            "mode_fixed",
            gettext_noop("Un borrador ante la DGI no se vuelve proforma: haga una proforma nueva."),
            "mode",
        )
    return issuing.update(form.uid, entry, actor=actor)


def _require_own_turn(document: Document, form: Form, actor: Staff | None) -> None:
    """Raises RuleBroken when the draft no longer is what this form was opened on."""
    if not document.is_mendable:
        raise RuleBroken(
            "form_spent",
            gettext_noop(
                "Este formulario ya hizo el documento {number}, que no cambia más: lo escrito después no se guardó."
            ),
            "document",
            number=document.number or str(document.uid),
        )
    if form.seen == document.content_hash:
        return
    edits = TimelineEvent.objects.filter(document_uid=document.uid, code__in=["created", "edited"])
    others = edits.exclude(actor_uid=actor.uid if actor else None)
    if form.seen or others.exists():
        raise RuleBroken(
            "draft_changed",
            gettext_noop(
                "Otra persona u otra pestaña cambió este borrador mientras usted lo escribía: ábralo de nuevo y repita su cambio."
            ),
            "document",
        )


def _examine(document: Document, half: HalfWritten) -> Rehearsal:
    if not document.is_mendable:
        return Rehearsal(())  # the form was sent before, and this is what it made
    found, doubts = preflight.review(document)
    party = party_from_snapshot(document.receiver_data)
    return Rehearsal(
        reasons=_together(half, [_sharper(reason, party) for reason in found]),
        doubts=tuple(doubts),
        twins=tuple(preflight.twins(document)[:_MOST_TWINS]),
    )


def _law(entry: DocumentEntry, tenant: Tenant | None) -> list[RuleBroken]:
    """What the law alone says of an entry that cannot be stored; of a note nothing, whose receiver is its invoice's."""
    if entry.kind is Kind.CREDIT:
        return []
    issuer = tenant or Tenant()
    draft = draft_of_entry(entry, tenant)
    return law_of(issuer).reasons(draft, now=timezone.now(), max_backdate_days=days_back(issuer))


def _together(half: HalfWritten, found: list[RuleBroken]) -> tuple[RuleBroken, ...]:
    """What could not be read and what was refused, each once, without nonsense about what was not read."""
    are_sums_known = not any(_WEIGHS.search(reason.field) for reason in half.reasons)
    reasons = {(reason.code, reason.field): reason for reason in half.reasons}
    for reason in found:
        if not half.stands_in_for(reason.field) and (are_sums_known or reason.code not in _ABOUT_SUMS):
            reasons.setdefault((reason.code, reason.field), reason)
    return tuple(reasons.values())


def _sharper(reason: RuleBroken, party: Party) -> RuleBroken:
    """A DV is missing where it could not be computed: then it is the RUC that is wrong."""
    if reason.code != "receiver_dv_missing" or not party.ruc or not party.contributor:
        return reason
    try:
        ruc.panama.check_digit(party.ruc, party.contributor)
    except CannotVerifyLocally:
        return reason
    except RuleBroken as wrong:
        return wrong.at("receiver.ruc")
    return reason
