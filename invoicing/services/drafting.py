"""Between rows and the law: storing an entry as a document, and reading a stored document back as a `DocumentDraft`."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal import money, ruc
from cifras.fiscal.document import (
    Discount,
    DocumentDraft,
    Exportation,
    Instalment,
    Kind,
    Line,
    Mode,
    OtherTax,
    Party,
    Payment,
    PaymentTime,
    ReceiverType,
    Reference,
)
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.totals import Totals
from invoicing.models import Document, Receiver
from invoicing.models import Instalment as InstalmentRow
from invoicing.models import Line as LineRow
from invoicing.models import Payment as PaymentRow
from invoicing.services import peruvian
from invoicing.services.entry import DocumentEntry
from invoicing.services.laws import days_back, law_of
from invoicing.services.numbering import PROFORMA_SERIES
from invoicing.services.parties import (
    issuer_of,
    issuer_snapshot,
    party_from_snapshot,
    party_of,
    party_snapshot,
)
from tenants.models import Office, Tenant


def store(
    entry: DocumentEntry,
    *,
    tenant: Tenant,
    actor: Staff | None,
    credited: Document | None = None,
    replaces: Document | None = None,
    uid: uuid.UUID | None = None,
) -> Document:
    """Write the entry's rows as a draft, inside the caller's transaction."""
    document = Document(
        uid=uid or uuid.uuid4(),
        tenant=tenant,
        kind=entry.kind,
        external_id=entry.external_id,
        replaces=replaces,
        created_by=actor,
        environment=tenant.environment,
        provider=tenant.pac_provider,
    )
    return rewrite(document, entry, credited=credited)


def rewrite(document: Document, entry: DocumentEntry, *, credited: Document | None = None) -> Document:
    """Make a draft say what the entry says: all its members and parts."""
    law = law_of(document.tenant)
    peruvian.require_country(entry, document.tenant)
    entry = replace(entry, lines=peruvian.lines_of(entry)) if law.country == "PE" else entry
    party, registered = _party(entry, document.tenant, credited)
    document.office = find_office(document.tenant, entry.office)
    document.mode = entry.mode
    document.peru = peruvian.terms_of(entry, credited) if law.country == "PE" else None
    document.currency = document.peru["currency"] if document.peru else law.currency
    document.billing_point = point_of(entry)
    document.content_hash = entry.content_hash
    document.receiver = registered
    document.receiver_data = party_snapshot(party)
    document.receiver_name, document.receiver_ruc = party.name, party.ruc or party.identity_number
    document.issue_date, document.due_date = entry.issue_date, entry.due_date
    document.notes = entry.notes
    document.payment_time = entry.payment_time.value
    document.global_discounts = [
        {"description": discount.description, "amount": str(discount.amount)}
        for discount in entry.global_discounts
    ]
    document.exportation = _plain(asdict(entry.exportation)) if entry.exportation else None
    document.freight, document.insurance, document.change = entry.freight, entry.insurance, entry.change
    document.retention_code = entry.retention_code
    document.retention_amount = entry.retention_amount
    document.credited = credited
    if entry.reference:
        document.reference_cufe = credited.cufe if credited else entry.reference.cufe
        document.reference_date = credited.issue_date if credited else entry.reference.issue_date
    document.issuer_data = issuer_snapshot(document.tenant, document.office)
    document.save()
    _replace_parts(document, entry, _credited_lines(entry, credited))
    add_up(document, draft_of(document))
    return document


def draft_of(document: Document, *, issue_date: datetime | None = None) -> DocumentDraft:
    """The document as the law sees it, its global discounts spread over the lines."""
    tenant = document.tenant
    law = law_of(tenant)
    reference = peruvian.reference_to(document.credited) if document.credited else None
    if document.reference_cufe and document.reference_date:
        reference = Reference(
            cufe=document.reference_cufe,
            issue_date=timezone.localtime(document.reference_date),
            document_id=document.credited.document_id if document.credited else "",
        )
    draft = DocumentDraft(
        kind=Kind(document.kind),
        mode=Mode(document.mode),
        issuer=issuer_of(tenant),
        receiver=party_from_snapshot(document.receiver_data),
        lines=tuple(line_of(row) for row in document.lines.all()),
        payment_time=PaymentTime(document.payment_time),
        payments=tuple(Payment(row.method, row.amount, row.description) for row in document.payments.all()),
        issue_date=timezone.localtime(document.issue_date or issue_date or timezone.now()).replace(
            microsecond=0
        ),
        office_code=document.office.code,
        pac_office_id=document.office.pac_office_id,
        billing_point=document.billing_point,
        number="" if document.series == PROFORMA_SERIES else document.number,  # a proforma's is ours alone
        security_code=document.security_code,
        due_date=document.due_date,
        notes=document.notes,
        change=document.change,
        instalments=tuple(
            Instalment(row.sequence, row.due_date, row.amount, row.information)
            for row in document.instalments.all()
        ),
        global_discounts=tuple(
            Discount(row["description"], Decimal(row["amount"])) for row in document.global_discounts
        ),
        discounts_after_tax=tenant.discounts_after_tax or _is_discounted_after_tax(document.credited),
        freight=document.freight,
        insurance=document.insurance,
        retention_code=document.retention_code,
        retention_amount=document.retention_amount,
        reference=reference,
        exportation=_exportation(document.exportation),
        modification_code=document.modification_code,
        is_production=tenant.is_live,
        peru=peruvian.terms_from(document.peru, document),
    )
    return law.spread_discounts(draft)


def _is_discounted_after_tax(invoice: Document | None) -> bool:
    """Whether the invoice of a note has a discount after tax: the note's part of it is one, too."""
    return invoice is not None and invoice.discount_total > 0


def point_of(entry: DocumentEntry) -> str:
    """The point of issue that an entry names: in Peru its series."""
    return (entry.peru.series if entry.peru else "") or entry.billing_point or settings.PAC_BILLING_POINT


def add_up(document: Document, draft: DocumentDraft) -> Totals:
    """Compute the totals and keep them on the document and its lines. Raises RuleBroken when they are no sale's."""
    law = law_of(document.tenant)
    sums = law.compute(draft)
    _require_storable(sums)
    if sums.total < 0:
        limit = days_back(document.tenant)
        refuse(law.reasons(draft, now=timezone.now(), sums=sums, max_backdate_days=limit))
    for row, line, result in zip(document.lines.all(), draft.lines, sums.lines, strict=True):
        LineRow.objects.filter(pk=row.pk).update(
            discount_share=line.discount_share, net=result.net, itbms=result.itbms, total=result.total
        )
    document.net, document.itbms, document.isc, document.oti = sums.net, sums.itbms, sums.isc, sums.oti
    document.discount_total, document.total = sums.discount, sums.total
    document.totals_by_rate = [
        {"rate": str(rate), "base": str(of_rate.base), "tax": str(of_rate.tax)}
        for rate, of_rate in sums.by_rate.items()
    ]
    document.next_due_date = _next_due(document)
    document.save()
    return sums


def _require_storable(sums: Totals) -> None:
    """Two plausible figures may multiply to one that no table holds."""
    whole = (sums.total, sums.items_total, sums.net, sums.itbms, sums.isc, sums.oti, sums.discount)
    amounts = [(f"lines[{index}].unit_price", line.total) for index, line in enumerate(sums.lines)]
    amounts += [("payments", sums.received), *(("lines", amount) for amount in whole)]
    for field, amount in amounts:
        if abs(amount) >= money.LIMIT:
            raise RuleBroken(
                "amount_too_large",
                gettext_noop("La cifra {value} es demasiado grande. Revise los ceros."),
                field,
                value=f"{amount:f}",
            )


def find_office(tenant: Tenant, code: str) -> Office:
    """The tenant's office of that code, or RuleBroken."""
    office = Office.objects.filter(tenant=tenant, code=code).first()
    if office is None:
        raise RuleBroken(
            "unknown_office",
            gettext_noop("La empresa no tiene la sucursal «{office}»: regístrela o corrija el código."),
            "office",
            office=code,
        )
    return office


def _party(entry: DocumentEntry, tenant: Tenant, credited: Document | None) -> tuple[Party, Receiver | None]:
    if credited:
        party = party_from_snapshot(credited.receiver_data)
        return replace(party, emails=entry.ad_hoc.emails or party.emails), credited.receiver
    registered = _registered(tenant, entry.receiver_code) if entry.receiver_code else None
    given = party_of(registered) if registered else entry.receiver
    if given is None:
        raise RuleBroken("receiver_missing", gettext_noop("Falta el receptor del documento."), "receiver")
    changes: dict[str, Any] = {}
    if entry.ad_hoc.name:
        changes["name"] = entry.ad_hoc.name
    if entry.ad_hoc.ruc:
        changes["ruc"], changes["dv"] = entry.ad_hoc.ruc, ""
        if given.identity_type:  # in Peru the number goes with the kind of document
            changes["identity_number"] = entry.ad_hoc.ruc
    if entry.ad_hoc.emails:
        changes["emails"] = entry.ad_hoc.emails
    return with_check_digit(replace(given, **changes)), registered


def with_check_digit(party: Party) -> Party:
    """A RUC given without its DV gets the computed one, where the DGI's paper settles it."""
    if party.dv or not party.ruc or party.contributor is None or party.type is ReceiverType.CONSUMIDOR_FINAL:
        return party
    try:
        return replace(party, dv=ruc.panama.check_digit(party.ruc, party.contributor))
    except RuleBroken:
        return party


def _registered(tenant: Tenant, code: str) -> Receiver:
    receiver = Receiver.objects.filter(tenant=tenant, code=code).first()
    if receiver is None:
        raise RuleBroken(
            "unknown_receiver",
            gettext_noop("La empresa no tiene registrado el receptor «{receiver}»."),
            "receiver.code",
            receiver=code,
        )
    return receiver


def _credited_lines(entry: DocumentEntry, credited: Document | None) -> list[LineRow | None]:
    """The invoice's line that each line of a note names; of an invoice that isn't among ours there are none."""
    named = entry.credits_lines or (None,) * len(entry.lines)
    if credited is None or all(position is None for position in named):
        return [None] * len(entry.lines)
    by_position = {row.position: row for row in credited.lines.all()}
    refuse(
        RuleBroken(
            "unknown_credited_line",
            gettext_noop("La factura no tiene una línea {position}: revise a qué línea corresponde."),
            f"lines[{index}].credits_line",
            position=position,
        )
        for index, position in enumerate(named)
        if position is not None and position not in by_position
    )
    return [by_position.get(position or 0) for position in named]


def _replace_parts(
    document: Document, entry: DocumentEntry, credited_lines: Sequence[LineRow | None]
) -> None:
    document.lines.all().delete()
    document.payments.all().delete()
    document.instalments.all().delete()
    LineRow.objects.bulk_create(
        LineRow(
            document=document,
            position=position,
            code=line.code,
            description=line.description,
            unit=line.unit,
            quantity=line.quantity,
            unit_price=line.unit_price,
            unit_discount=line.unit_discount,
            tax_rate=line.tax_rate,
            cpbs_code=line.cpbs_code,
            cpbs_unit=line.cpbs_unit,
            affectation=line.affectation,
            icbper_bags=line.icbper_bags,
            isc_rate=line.isc_rate,
            isc_amount=line.isc_amount,
            other_taxes=[{"code": tax.code, "amount": str(tax.amount)} for tax in line.oti],
            credited_line=credited,
        )
        for position, (line, credited) in enumerate(zip(entry.lines, credited_lines, strict=True), start=1)
    )
    PaymentRow.objects.bulk_create(
        PaymentRow(document=document, method=row.method, amount=row.amount, description=row.description)
        for row in entry.payments
    )
    InstalmentRow.objects.bulk_create(
        InstalmentRow(document=document, **asdict(instalment)) for instalment in entry.instalments
    )


def line_of(row: LineRow) -> Line:
    """A stored line as the law sees it, without a share of the document's own discounts."""
    return Line(
        description=row.description,
        quantity=row.quantity,
        unit_price=row.unit_price,
        tax_rate=row.tax_rate,
        code=row.code,
        unit=row.unit,
        unit_discount=row.unit_discount,
        cpbs_code=row.cpbs_code,
        cpbs_unit=row.cpbs_unit,
        affectation=row.affectation,
        icbper_bags=row.icbper_bags,
        isc_rate=row.isc_rate,
        isc_amount=row.isc_amount,
        oti=tuple(OtherTax(tax["code"], Decimal(tax["amount"])) for tax in row.other_taxes),
    )


def _exportation(data: dict[str, Any] | None) -> Exportation | None:
    if not data:
        return None
    amounts = {name: Decimal(data[name]) for name in ("amount", "exchange_rate")}
    return Exportation(incoterm=data["incoterm"], currency=data["currency"], port=data["port"], **amounts)


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in data.items()}


def _next_due(document: Document) -> Any:
    dates = [row.due_date for row in document.instalments.all()]
    return min(dates) if dates else document.due_date
