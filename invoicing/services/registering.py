"""Registering documents that were issued elsewhere, by their CUFE (mode DGI_IMPORT; domain 1 and 2).

If the CUFE's issuer is the tenant it is a sale of its own: unverified until somebody has checked it at the DGI, it reserves its
number in our series, a note may refer to it, and it is never sent, voided nor billed. Another issuer's is a received document,
kept apart. `judging_imported` has found that CUFE, files and figures agree before anything is stored.
"""

import uuid
from typing import NoReturn

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal import stated
from cifras.fiscal.document import Contributor
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.lifecycle import Submission
from invoicing.models import Document
from invoicing.services import attachments, crediting, drafting, timeline
from invoicing.services.entry import DocumentEntry
from invoicing.services.judging_imported import Registration
from invoicing.services.numbering import reserve_number
from invoicing.services.parties import issuer_snapshot
from tenants.models import Tenant


def known(entry: DocumentEntry, tenant: Tenant) -> Document | None:
    """The document that this very entry registered before; RuleBroken when the CUFE belongs to something else."""
    holder = (
        Document.objects.select_related("tenant", "office")
        .filter(tenant=tenant, cufe=entry.cufe.strip().upper())
        .first()
    )
    if holder is None:
        return None
    same = (holder.content_hash, holder.external_id) == (entry.content_hash, entry.external_id)
    if same and holder.submission == Submission.IMPORTED:
        return holder
    raise RuleBroken(
        "cufe_taken",
        gettext_noop("Ese CUFE ya está en Cifras: es el documento {number}. No se registra dos veces."),
        "cufe",
        number=holder.number or holder.external_id or str(holder.uid),
    )


def store(
    registration: Registration,
    *,
    tenant: Tenant,
    actor: Staff | None,
    credited: Document | None,
    replaces: Document | None,
    uid: uuid.UUID | None = None,
    keeps_files: bool = True,
) -> Document:
    """Write the document, reserve its number and keep its files, inside the caller's transaction."""
    entry, said = registration.entry, registration.said
    document = Document(
        uid=uid or uuid.uuid4(),
        tenant=tenant,
        kind=entry.kind,
        external_id=entry.external_id,
        replaces=replaces,
        created_by=actor,
        environment=tenant.environment,
        provider=tenant.pac_provider,
        submission=Submission.IMPORTED,
        is_received=registration.is_received,
        cufe=entry.cufe,
        series=said.document_type,
        number=said.number,
        security_code=said.security_code,
    )
    if not registration.is_received:
        office = drafting.find_office(tenant, entry.office)
        reserve_number(office, entry.billing_point, said.document_type, said.number, cufe=entry.cufe)
    drafting.rewrite(document, entry, credited=credited)
    _keep_stated(document, registration)
    if credited is not None:
        _require_creditable(document, credited)
    _note(document, registration, actor)
    for paper in registration.papers if keeps_files else ():
        attachments.attach_given(document, paper, source="import")
    return document


def _keep_stated(document: Document, registration: Registration) -> None:
    """Put the stated totals in the place of the computed ones, and the true issuer in that of the tenant."""
    totals = registration.totals
    if totals is not None:
        _require_near(document, registration)
        document.net, document.itbms, document.total = totals.net, totals.itbms, totals.total
        document.isc, document.oti, document.discount_total = totals.isc, totals.oti, totals.discount
        document.totals_by_rate = [
            {"rate": f"{row.rate.normalize():f}", "base": str(row.base), "tax": str(row.tax)}
            for row in totals.by_rate
        ]
    if registration.is_received:
        said = registration.said
        document.issuer_data = {
            "ruc": said.ruc,
            "contributor": Contributor.NATURAL if said.ruc_type == "1" else Contributor.JURIDICO,
            "dv": said.dv,
            "name": registration.issuer_name,
            "office": {"code": said.branch},
        }
    else:
        document.issuer_data = issuer_snapshot(document.tenant, document.office)
    document.save()


def _require_near(document: Document, registration: Registration) -> None:
    """Lines given by hand may differ from the stated total by a rounding, no more."""
    totals, entry = registration.totals, registration.entry
    if totals is None or entry.totals is None or not document.lines.exists() or registration.papers:
        return
    if abs(document.total - totals.total) > stated.TOLERANCE:
        raise RuleBroken(
            "totals_do_not_add_up",
            gettext_noop("La cifra declarada es {stated} y sus partes suman {sum}: corrija los importes."),
            "totals.total",
            stated=f"{totals.total:f}",
            sum=f"{document.total:f}",
        )


def _require_creditable(note: Document, invoice: Document) -> None:
    if note.is_received != invoice.is_received:
        _refuse_reference()
    locked = Document.objects.select_for_update().get(pk=invoice.pk)
    refuse(reason.at("totals.total") for reason in crediting.limit_reasons(note, locked))


def _refuse_reference() -> NoReturn:
    raise RuleBroken(
        "reference_of_another",
        gettext_noop("La nota y su factura no son del mismo emisor: revise la referencia."),
        "references",
    )


def _note(document: Document, registration: Registration, actor: Staff | None) -> None:
    detail = {
        "cufe": document.cufe,
        "number": document.number,
        "total": document.total,
        "is_received": document.is_received,
        "files": len(registration.papers),
    }
    timeline.note(document, "registered", actor=actor, detail=detail)
    audit.record(
        "document.registered", actor=actor, tenant_uid=document.tenant.uid, target=document, after=detail
    )
