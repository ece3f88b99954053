"""Making documents and queueing them: number, security code and the exact bytes are committed before anything leaves.

A document refused here leaves nothing behind: the entry, its rows and its number live and die with one transaction.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.fiscal import cufe, voiding
from cifras.fiscal.discarding import require_discard
from cifras.fiscal.document import DocumentDraft, Kind, Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.fiscal.voiding import Hours
from invoicing.models import Attempt, Document
from invoicing.services import (
    crediting,
    crediting_lines,
    drafting,
    judging_imported,
    peruvian,
    preflight,
    registering,
    replacing,
    returning,
    timeline,
)
from invoicing.services.entry import DocumentEntry, ReferenceName
from invoicing.services.finding import as_uuid, documents_for, find_tenant, get_document
from invoicing.services.laws import law_of
from invoicing.services.numbering import PROFORMA_SERIES, draw_security_code, take_number
from invoicing.services.reading import read_entry
from tenants.models import Tenant
from tenants.services.accounts import company_id, provider_for, provider_spec


def create_invoice(data: Mapping[str, Any], *, actor: Staff | None) -> Document:
    """Make an invoice from its JSON form and, in mode DGI, queue it; the same content answers the first document.

    Raises RuleBroken (RulesBroken with every reason) and then leaves nothing behind.
    """
    return create(read_entry(data, kind=Kind.INVOICE), actor=actor)


def create_credit(data: Mapping[str, Any], *, actor: Staff | None) -> Document:
    """Make a credit note from its JSON form and, in mode DGI, queue it. Raises as `create_invoice`."""
    return create(read_entry(data, kind=Kind.CREDIT), actor=actor)


def create(
    entry: DocumentEntry,
    *,
    actor: Staff | None,
    uid: uuid.UUID | None = None,
    replaces: Document | None = None,
    papers: Sequence[bytes] = (),
    keeps_files: bool = True,
) -> Document:
    """As `create_invoice` and `create_credit`, for an entry that has been read; one of mode DGI_IMPORT is registered.

    `uid`: the id that a new document gets, where the caller has drawn it; IntegrityError when there is one with that id.
    `replaces`: the document that this one replaces; without it, the dead one with the same external id, if any.
    `papers`: PDF and XML of a document issued elsewhere; judged, and stored unless the caller only rehearses.
    """
    tenant = find_tenant(entry.tenant, actor=actor)

    def make() -> Document:
        if entry.mode == Mode.DGI_IMPORT:
            return _register(entry, tenant, actor, uid, papers, keeps_files)
        return _create(entry, tenant, actor, uid, replaces)

    try:
        return make()
    except IntegrityError:
        if not entry.external_id and not entry.cufe:
            raise
        return make()


def update_invoice(document_id: uuid.UUID | str, data: Mapping[str, Any], *, actor: Staff | None) -> Document:
    """Rewrite a draft. Raises RuleBroken once the document has been queued: then it never changes."""
    return update(document_id, read_entry(data, kind=Kind.INVOICE), actor=actor)


def update(document_id: uuid.UUID | str, entry: DocumentEntry, *, actor: Staff | None) -> Document:
    """As `update_invoice`, for an entry that has been read."""
    with transaction.atomic():
        document = _locked(get_document(document_id, actor=actor, kind=entry.kind))
        _require_mendable(document)
        _require_issued_here(entry)
        credited = _credited(entry.reference, document.tenant, actor)
        moves = _leaves_its_point(document, entry)
        drafting.rewrite(document, entry, credited=credited)
        if moves:
            _keep_proforma(document)
        timeline.note(document, "edited", actor=actor)
    return document


def generate_invoice(
    document_id: uuid.UUID | str, *, actor: Staff | None, doubt_reason: str = ""
) -> Document:
    """Check a draft or proforma and queue it. Raises RulesBroken with every reason why not.

    `doubt_reason`: why it is sent despite a doubt (a possible duplicate), where a person was asked; kept with its history.
    """
    return _generate(document_id, Kind.INVOICE, actor, doubt_reason)


def convert_credit_to_dgi(
    credit_id: uuid.UUID | str, *, actor: Staff | None, doubt_reason: str = ""
) -> Document:
    """Promote a proforma or draft credit note: check it and queue it. As `generate_invoice`."""
    return _generate(credit_id, Kind.CREDIT, actor, doubt_reason)


def discard_document(document_id: uuid.UUID | str, *, actor: Staff | None, reason: str = "") -> Document:
    """Put aside a document that certainly never reached the provider, or that it refused; only we know of it.

    Raises RuleBroken for one that may still become legal, and for one that is legal: that is voided or credited instead.
    """
    with transaction.atomic():
        document = _locked(get_document(document_id, actor=actor))
        if document.submission == Submission.DISCARDED:
            return document
        require_discardable(document)
        before = document.submission
        Document.objects.filter(pk=document.pk, submission=before).update(
            submission=Submission.DISCARDED, due_at=None, held_reason=""
        )
        timeline.note(document, "discarded", actor=actor, detail={"from": before, "reason": reason})
        audit.record(
            "document.discarded",
            actor=actor,
            tenant_uid=document.tenant.uid,
            target=document,
            before={"submission": before},
            after={"submission": Submission.DISCARDED},
            reason=reason,
        )
    document.refresh_from_db()
    return document


def require_discardable(document: Document) -> None:
    """Raises RuleBroken when the document may still become legal, or already is; and for one that was not issued here."""
    if document.is_mirrored:
        raise RuleBroken(
            "issued_at_provider",
            gettext_noop("Se emitió en el PAC, no desde Cifras: aquí no se descarta."),
            "document",
        )
    reached = Attempt.objects.filter(document=document).exclude(outcome=Attempt.Outcome.NOT_DONE).exists()
    require_discard(
        Submission(document.submission),
        LegalStatus(document.legal_status),
        Mode(document.mode),
        may_have_reached_provider=reached,
    )


def queue(document: Document, *, actor: Staff | None, doubt_reason: str = "") -> Document:
    """Check and queue a locked draft inside the caller's transaction; the workers send it after the commit."""
    _require_mendable(document)
    now = timezone.now()
    if document.credited_id:
        document.credited = Document.objects.select_for_update().get(pk=document.credited_id)
        document.modification_code = crediting.modification_code(document, document.credited)
        crediting_lines.link(document, document.credited)
    document.mode = Mode.DGI
    document.issue_date = (document.issue_date or now).replace(microsecond=0)  # as the payload says it
    draft = drafting.draft_of(document)
    sums = drafting.add_up(document, draft)
    refuse(preflight.reasons(document, draft, sums, now=now))
    document.warnings = list(dict.fromkeys(doubt.code for doubt in preflight.doubts(document, draft)))
    document.change = sums.change  # declared even where the entry left it out
    proforma = document.number if document.series == PROFORMA_SERIES else ""
    _number(document, draft)
    document.submission = Submission.QUEUED
    document.queued_at = document.due_at = now
    document.save()
    detail = {"number": document.number, "warnings": document.warnings, "reason": doubt_reason}
    if proforma:
        detail["proforma"] = proforma
    timeline.note(document, "queued", actor=actor, detail=detail)
    audit.record(
        "document.queued",
        actor=actor,
        tenant_uid=document.tenant.uid,
        target=document,
        after={"number": document.number, "total": document.total, "receiver": document.receiver_ruc},
        reason=doubt_reason,
    )
    wake("invoicing.submit")
    return document


def void_window(document: Document) -> voiding.Window:
    """How long the provider and the kind allow a void; hours are the configured ones. RuleBroken where there is none at all."""
    spec = provider_spec(document.provider or document.tenant)
    window = spec.void_windows.get(Kind(document.kind))
    if window is None:
        raise RuleBroken(
            "void_not_offered",
            gettext_noop("{provider} no anula documentos: emita una nota de crédito."),
            "document",
            provider=spec.name,
        )
    return Hours(settings.PAC_VOID_WINDOW_HOURS) if isinstance(window, Hours) else window


def void_deadline(document: Document, issued_at: datetime) -> datetime | None:
    """Until when the document could be voided with that date; None where its provider, or its law, voids nothing such."""
    windows = provider_spec(document.provider or document.tenant).void_windows
    if Kind(document.kind) not in windows or not peruvian.may_go_by_baja(document):
        return None
    return voiding.deadline(issued_at, void_window(document))


def _create(
    entry: DocumentEntry,
    tenant: Tenant,
    actor: Staff | None,
    uid: uuid.UUID | None,
    wanted: Document | None,
) -> Document:
    with transaction.atomic():
        known, named = _known(entry, tenant)
        if known:
            return known
        replaces = wanted or named
        if replaces and replacing.is_dead(replaces):
            Document.objects.filter(pk=replaces.pk).update(is_superseded=True)
        credited = _credited(entry.reference, tenant, actor)
        document = drafting.store(
            entry, tenant=tenant, actor=actor, credited=credited, replaces=replaces, uid=uid
        )
        timeline.note(
            document, "created", actor=actor, detail={"replaces": replaces.uid if replaces else None}
        )
        if replaces and replaces.is_voided:
            returning.settle_up(replaces, replaces.void_money)
        if entry.mode == Mode.PROFORM:
            return _keep_proforma(document)
        return document if entry.is_draft else queue(document, actor=actor)


def _register(
    entry: DocumentEntry,
    tenant: Tenant,
    actor: Staff | None,
    uid: uuid.UUID | None,
    papers: Sequence[bytes],
    keeps_files: bool,
) -> Document:
    with transaction.atomic():
        known, replaces = _known(entry, tenant)
        known = known or registering.known(entry, tenant)
        if known:
            return known
        registration = judging_imported.prepare(entry, tenant, papers)
        if replaces and replacing.is_dead(replaces):
            Document.objects.filter(pk=replaces.pk).update(is_superseded=True)
        credited = _credited(registration.entry.reference, tenant, actor)
        return registering.store(
            registration,
            tenant=tenant,
            actor=actor,
            credited=credited,
            replaces=replaces,
            uid=uid,
            keeps_files=keeps_files,
        )


def _generate(document_id: uuid.UUID | str, kind: Kind, actor: Staff | None, doubt_reason: str) -> Document:
    with transaction.atomic():
        document = _locked(get_document(document_id, actor=actor, kind=kind))
        return queue(document, actor=actor, doubt_reason=doubt_reason)


def _known(entry: DocumentEntry, tenant: Tenant) -> tuple[Document | None, Document | None]:
    """(the document this content made before, the dead document this one replaces), each or neither."""
    if not entry.external_id:
        return None, None
    same_name = Document.objects.select_related("tenant", "office").filter(
        tenant=tenant, kind=entry.kind, external_id=entry.external_id
    )
    twin = same_name.filter(content_hash=entry.content_hash).first()
    if twin:
        return twin, None
    current = same_name.filter(is_superseded=False).first()
    if current and not replacing.is_dead(current):
        raise RuleBroken(
            "external_id_taken",
            gettext_noop(
                "La referencia «{name}» ya pertenece a otro documento con otro contenido: use otra referencia."
            ),
            "external_id",
            name=entry.external_id,
        )
    return None, current


def _credited(name: ReferenceName | None, tenant: Tenant, actor: Staff | None) -> Document | None:
    """The invoice of ours that a note names; None when it names one that isn't ours by CUFE and date."""
    if name is None:
        return None
    invoices = documents_for(actor).filter(tenant=tenant, kind=Kind.INVOICE)
    if name.id:
        uid = as_uuid(name.id)
        found = invoices.filter(uid=uid).first() if uid else None
    elif name.external_id:
        found = invoices.filter(external_id=name.external_id, is_superseded=False).first()
    else:
        found = invoices.filter(cufe=name.cufe).first()
        if found is None and name.issue_date:
            return None
    if found is None:
        raise RuleBroken(
            "unknown_reference",
            gettext_noop(
                "No se encontró la factura a la que se refiere la nota: revise la referencia o dé su fecha."
            ),
            "references",
        )
    return found


def _leaves_its_point(document: Document, entry: DocumentEntry) -> bool:
    """Whether a proforma moves to another point and takes its next number there. A withdrawn document keeps its own."""
    point = (entry.office, drafting.point_of(entry))
    if not document.number or point == (document.office.code, document.billing_point):
        return False
    if document.series != PROFORMA_SERIES:
        raise RuleBroken(
            "number_belongs_to_point",
            gettext_noop(
                "El documento conserva el número {number} de su punto de facturación: no cambie la sucursal ni el punto."
            ),
            "office",
            number=document.number,
        )
    document.number = ""
    return True


def _keep_proforma(document: Document) -> Document:
    document.series = PROFORMA_SERIES
    document.number = take_number(document.office, document.billing_point, PROFORMA_SERIES)
    document.save()
    return document


def _number(document: Document, draft: DocumentDraft) -> None:
    """Give the document its number and code, once, and the bytes that will leave."""
    law = law_of(document.tenant)
    series = law.document_type(draft)
    if document.series != series:
        document.series = series
        document.number = take_number(
            document.office, document.billing_point, series, digits=law.number_digits
        )
    document.security_code = document.security_code or draw_security_code()
    tenant = document.tenant
    document.provider, document.environment = tenant.pac_provider, tenant.environment
    document.pac_company_id, document.pac_office_id = company_id(tenant), document.office.pac_office_id
    final = drafting.draft_of(document)
    document.local_cufe = _local_cufe(final, series) if law.has_cufe else ""
    document.send_by = law.send_by(final)
    document.payload = provider_for(tenant, document_uid=document.uid).payload(final)
    document.void_deadline = void_deadline(document, final.issue_date)


def _local_cufe(draft: DocumentDraft, series: str) -> str:
    return cufe.build(
        document_type=series,
        contributor=draft.issuer.contributor,
        ruc=draft.issuer.ruc,
        dv=draft.issuer.dv,
        branch=draft.office_code,
        issue_date=draft.issue_date.date(),
        number=draft.number,
        billing_point=draft.billing_point,
        environment="1" if draft.is_production else "2",
        security_code=draft.security_code,
    )


def _locked(document: Document) -> Document:
    return (
        Document.objects.select_for_update(of=("self",))
        .select_related("tenant", "office", "credited")
        .get(pk=document.pk)
    )


def _require_mendable(document: Document) -> None:
    if not document.is_mendable:
        raise RuleBroken(
            "already_queued",
            gettext_noop(
                "El documento {number} ya se puso en cola: no cambia más. Si está mal, descártelo, anúlelo o corríjalo."
            ),
            "document",
            number=document.number,
        )


def _require_issued_here(entry: DocumentEntry) -> None:
    if entry.mode == Mode.DGI_IMPORT:
        raise RuleBroken(
            "mode_not_issued",
            gettext_noop(
                "Un documento emitido en otro sistema no sale de un borrador: regístrelo por su CUFE."
            ),
            "mode",
        )
