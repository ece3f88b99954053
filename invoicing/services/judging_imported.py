"""Judging what was given about a document issued elsewhere: its CUFE first, then its files, and all else against them.

Number, series, point and date are the CUFE's, and whatever else is given has to agree with it; what was left open is taken from
the signed XML (DGI contract 3, domain 1). Nothing is stored here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from cifras.fiscal import cufe, fe_xml, stated
from cifras.fiscal.document import Contributor, Kind, Party, ReceiverType
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.fe_xml import FiscalXml
from cifras.fiscal.ruc import panama as ruc
from cifras.fiscal.stated import StatedTotals
from cifras.fiscal.zones import PANAMA, local_date
from invoicing.models import Attachment
from invoicing.services import attachments
from invoicing.services.entry import DocumentEntry, ReferenceName
from invoicing.services.parties import issuer_of
from tenants.models import Office, Tenant


@dataclass(frozen=True, slots=True)
class Registration:
    """An entry that agrees with its CUFE, made complete by what its XML says."""

    entry: DocumentEntry
    said: cufe.Cufe
    is_received: bool
    totals: StatedTotals | None
    papers: tuple[bytes, ...]
    issuer_name: str


def prepare(entry: DocumentEntry, tenant: Tenant, papers: Sequence[bytes]) -> Registration:
    """Judge CUFE, files and figures; nothing is stored. Raises RuleBroken with every reason against it."""
    if tenant.country != Tenant.Country.PANAMA:
        raise RuleBroken(
            "import_elsewhere",
            gettext_noop("Solo los documentos de Panamá llevan CUFE: esta empresa es de otro país."),
            "tenant",
        )
    if entry.files and not papers:
        raise RuleBroken(
            "files_not_here",
            gettext_noop(
                "Los archivos nombrados no están al alcance: use el comando import, o adjúntelos al registrar el documento."
            ),
            "files",
        )
    said = cufe.parse(entry.cufe)
    is_received = not stated.is_issued_by(said, issuer_of(tenant))
    xml = _xml_of(papers)
    refuse(
        [
            *stated.identity_reasons(said, issuer_of(tenant), is_production=tenant.is_live),
            *_kind_reasons(said, entry.kind),
            *_contradictions(said, entry, is_received=is_received),
            *_xml_contradictions(xml, entry, tenant, is_received=is_received),
        ]
    )
    complete = _placed(_completed(entry, xml), said, tenant, is_received=is_received)
    totals = _totals(entry, xml)
    _require_enough(complete, totals)
    return Registration(
        entry=complete,
        said=said,
        is_received=is_received,
        totals=totals,
        papers=tuple(papers),
        issuer_name=entry.issuer_name or (xml.issuer_name if xml else ""),
    )


def _xml_of(papers: Sequence[bytes]) -> FiscalXml | None:
    """What the electronic invoice among the files states; every file is judged by its content."""
    found: list[FiscalXml] = []
    for paper in papers:
        if attachments.kind_given(paper) is Attachment.Kind.XML and (xml := fe_xml.read(paper)):
            found.append(xml)
    if len(found) > 1:
        raise RuleBroken(
            "several_xml",
            gettext_noop("Hay más de una factura entre los XML: deje la de este CUFE."),
            "files",
        )
    return found[0] if found else None


def _kind_reasons(said: cufe.Cufe, kind: Kind) -> list[RuleBroken]:
    try:
        told = stated.kind_of(said.document_type)
    except RuleBroken as reason:
        return [reason]
    if told is kind:
        return []
    return [
        RuleBroken(
            "cufe_kind",
            gettext_noop("El CUFE es de un documento de tipo {type}, de otra clase que la indicada."),
            "kind",
            type=said.document_type,
        )
    ]


def _contradictions(said: cufe.Cufe, entry: DocumentEntry, *, is_received: bool) -> list[RuleBroken]:
    """Where what was given says otherwise than the CUFE."""
    day = local_date(entry.issue_date) if entry.issue_date else said.issue_date
    pairs = [
        ("billing_point", entry.billing_point, said.billing_point),
        ("issue_date", str(day), str(said.issue_date)),
    ]
    if not is_received:
        pairs.append(("office", entry.office, said.branch))
    return [
        RuleBroken(
            "cufe_disagrees",
            gettext_noop("Se indicó «{given}» y el CUFE dice «{told}»: quite el dato o corríjalo."),
            field,
            given=given,
            told=told,
        )
        for field, given, told in pairs
        if given and given != told
    ]


def _xml_contradictions(
    xml: FiscalXml | None, entry: DocumentEntry, tenant: Tenant, *, is_received: bool
) -> list[RuleBroken]:
    """Where the XML is of another document, or for somebody else."""
    if xml is None:
        return []
    found = []
    if xml.cufe != entry.cufe:
        found.append(
            RuleBroken(
                "xml_of_another",
                gettext_noop("El XML es de otro documento: su CUFE termina en …{tail}."),
                "files",
                tail=xml.cufe[-12:],
            )
        )
    if is_received and xml.receiver.ruc and ruc.compact(xml.receiver.ruc) != ruc.compact(tenant.ruc):
        found.append(
            RuleBroken(
                "received_by_another",
                gettext_noop("El documento ni lo emitió la empresa ni va dirigido a ella (receptor {ruc})."),
                "tenant",
                ruc=xml.receiver.ruc,
            )
        )
    if entry.totals and xml.totals and (difference := stated.disagreement(entry.totals, xml.totals)):
        found.append(difference)
    return found


def _completed(entry: DocumentEntry, xml: FiscalXml | None) -> DocumentEntry:
    """The entry, with what it leaves open as its XML says it."""
    if xml is None:
        return entry
    reference = entry.reference
    if reference is None and xml.reference_cufe and entry.kind is Kind.CREDIT:
        reference = ReferenceName(cufe=xml.reference_cufe, issue_date=xml.reference_date)
    says_receiver = bool(entry.receiver or entry.receiver_code)
    return replace(
        entry,
        receiver=entry.receiver if says_receiver else xml.receiver,
        issue_date=entry.issue_date or _same_day(xml.issue_date, entry),
        lines=entry.lines or xml.lines,
        payments=entry.payments or xml.payments,
        payment_time=entry.payment_time if entry.payments else xml.payment_time,
        instalments=entry.instalments or xml.instalments,
        change=entry.change or xml.change,
        retention_code=entry.retention_code or xml.retention_code,
        retention_amount=entry.retention_amount or xml.retention_amount,
        reference=reference,
    )


def _same_day(moment: datetime | None, entry: DocumentEntry) -> datetime | None:
    """The XML's moment, where it falls on the CUFE's day."""
    said = cufe.parse(entry.cufe)
    return moment if moment and local_date(moment) == said.issue_date else None


def _placed(entry: DocumentEntry, said: cufe.Cufe, tenant: Tenant, *, is_received: bool) -> DocumentEntry:
    """Office, point, date and reference as the CUFE has them. Whoever receives a received document is the tenant."""
    midnight = datetime.combine(said.issue_date, time.min, tzinfo=PANAMA)
    placed = replace(
        entry,
        cufe=entry.cufe.strip().upper(),
        office=said.branch if not is_received else entry.office or _main_office(tenant).code,
        billing_point=said.billing_point,
        issue_date=entry.issue_date or midnight,
        reference=_dated(entry.reference),
    )
    if not is_received:
        return placed
    itself = Party(
        type=ReceiverType.CONTRIBUYENTE,
        name=tenant.legal_name,
        contributor=Contributor(tenant.ruc_type),
        ruc=tenant.ruc,
        dv=tenant.dv,
    )
    return replace(placed, receiver=itself, receiver_code="")


def _dated(name: ReferenceName | None) -> ReferenceName | None:
    """A referenced CUFE tells its date itself."""
    if name is None or name.issue_date or not name.cufe:
        return name
    told = cufe.read(name.cufe)
    if told is None:
        return name
    return replace(name, issue_date=datetime.combine(told.issue_date, time.min, tzinfo=PANAMA))


def _main_office(tenant: Tenant) -> Office:
    office = Office.objects.filter(tenant=tenant).order_by("-type", "code").first()
    if office is None:
        raise RuleBroken(
            "office_missing",
            gettext_noop("La empresa no tiene ninguna sucursal: registre una antes de guardar documentos."),
            "office",
        )
    return office


def _totals(entry: DocumentEntry, xml: FiscalXml | None) -> StatedTotals | None:
    """The stated totals with their rates, which add up; None where only lines were given."""
    totals = entry.totals or (xml.totals if xml else None)
    if totals is None:
        return None
    if entry.totals and not entry.totals.by_rate and xml and xml.totals:
        totals = xml.totals  # they agree, and the XML knows the rates
    complete = stated.with_rates(totals)
    refuse(stated.sum_reasons(complete))
    if complete.total < 0 or any(row.base < 0 or row.tax < 0 for row in complete.by_rate):
        raise RuleBroken(
            "totals_negative", gettext_noop("Los importes van sin signo, también en una nota."), "totals"
        )
    return complete


def _require_enough(entry: DocumentEntry, totals: StatedTotals | None) -> None:
    found = []
    if totals is None and not entry.lines:
        found.append(
            RuleBroken(
                "amounts_missing",
                gettext_noop(
                    "Faltan los importes: dé los totales o las líneas, o adjunte el XML de la factura."
                ),
                "totals",
            )
        )
    if not (entry.receiver or entry.receiver_code or entry.reference):
        found.append(
            RuleBroken(
                "receiver_missing",
                gettext_noop("Falta el receptor: indíquelo, o adjunte el XML de la factura."),
                "receiver",
            )
        )
    refuse(found)
