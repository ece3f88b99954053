"""Building the demo world through the same services that staff and scripts use, against the practice PAC."""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db.models import Q
from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from invoicing.models import Document, Settlement
from invoicing.services import create_credit, create_invoice, queues, record_settlement, void_invoice
from reports.services.demo import peru, practice
from reports.services.demo.companies import COMPANIES, ISSUING, Company, onboard_all
from reports.services.demo.documents import invoice, sales
from reports.services.demo.plans import put_on_plans
from tenants.models import StaffGrant, Tenant
from tenants.services import suspend_tenant
from tenants.services.accounts import provider_for

USERNAME = "demo"
PASSWORD = "cifras-demo-2026"  # noqa: S105 - printed on start: it opens nothing but the demo
_SALES_PER_COMPANY = 18
_LONGEST_WAIT_SECONDS = 240.0

Say = Callable[[str], None]


def is_built() -> bool:
    """Whether the world stands already."""
    return Staff.objects.filter(username=USERNAME).exists()


def build(say: Say, *, sales_per_company: int = _SALES_PER_COMPANY) -> None:
    """Staff, companies, two months of documents, and a trouble of every kind. `say` is told how far it has come."""
    practice.turn("behaviour", {"authorise_after": 0})
    administrator = _staff()
    say("empresas")
    tenants = onboard_all(actor=administrator)
    for position, (tenant, company) in enumerate(zip(tenants[:ISSUING], COMPANIES, strict=False), start=1):
        say(f"documentos de {company.trade} ({position} de {ISSUING})")
        for sale in sales(tenant, company, count=sales_per_company, seed=position):
            create_invoice(sale, actor=administrator)
        queues.work_until_idle()
    _settle()
    say("cobros, notas de crédito y anulaciones")
    for tenant in tenants[:ISSUING]:
        _money(tenant, administrator)
        _credits(tenant, administrator)
        _voids(tenant, administrator)
    _settle()
    say("dos empresas del Perú")
    peru.build(actor=administrator)
    say("y un contratiempo de cada clase")
    _troubles(tenants, administrator)
    _grant_staff(tenants)
    put_on_plans(tenants[:ISSUING], actor=administrator)
    practice.turn("behaviour", {"authorise_after": 15, "list_status": 200})


def _settle() -> None:
    """Let the workers do their part until every document has its last word, or time is up."""
    open_ones = Document.objects.filter(
        Q(submission__in=[Submission.QUEUED, Submission.SENDING])
        | Q(submission=Submission.ACCEPTED, due_at__isnull=False)
        | Q(void_status=VoidStatus.REQUESTED)
    )
    queues.work_while(open_ones.exists, seconds=_LONGEST_WAIT_SECONDS)


def _staff() -> Staff:
    administrator = Staff.objects.create_superuser(USERNAME, "demo@cifras.example", PASSWORD)
    for username, role in (("operaciones", "Operaciones"), ("auditoria", "Auditoría")):
        person = Staff.objects.create_user(username, f"{username}@cifras.example", PASSWORD, is_staff=True)
        person.groups.set(Group.objects.filter(name=role))
    return administrator


def _grant_staff(tenants: list[Tenant]) -> None:
    operator = Staff.objects.get(username="operaciones")
    StaffGrant.objects.bulk_create(StaffGrant(staff=operator, tenant=tenant) for tenant in tenants[:3])
    StaffGrant.objects.create(staff=Staff.objects.get(username="auditoria"))


def _authorised(tenant: Tenant) -> list[Document]:
    rows = Document.objects.filter(tenant=tenant, kind=Kind.INVOICE, legal_status=LegalStatus.DGI_AUTHORIZED)
    return list(rows.filter(void_status="").order_by("issue_date"))


def _money(tenant: Tenant, actor: Staff) -> None:
    """Of the sales on credit the first is paid, the second in part, the third beyond its total; the rest are owed."""
    today = timezone.localdate()
    on_credit = [document for document in _authorised(tenant) if document.payment_time == "CREDIT"]
    for document, share in zip(on_credit, ("1", "0.4", "1.1"), strict=False):
        amount = (document.total * Decimal(share)).quantize(Decimal("0.01"))
        record_settlement(
            str(document.uid),
            kind=Settlement.Kind.RECEIPT,
            amount=amount,
            day=today,
            actor=actor,
            method="08",
        )


def _credits(tenant: Tenant, actor: Staff) -> None:
    """One note over a whole invoice and one over its first line."""
    invoices = [document for document in _authorised(tenant) if document.payment_time == "CREDIT"][-2:]
    for document, whole in zip(invoices, (True, False), strict=False):
        rows = document.lines.all() if whole else document.lines.all()[:1]
        lines = [
            {
                "description": row.description,
                "quantity": f"{row.quantity.normalize():f}",
                "unit_price": f"{row.unit_price.normalize():f}",
                "tax_rate": f"{row.tax_rate.normalize():f}",
                **({"cpbs_code": row.cpbs_code, "cpbs_unit": row.cpbs_unit} if row.cpbs_code else {}),
            }
            for row in rows
        ]
        total = sum((row.total for row in rows), Decimal(0))
        create_credit(
            {
                "tenant": tenant.pac_company_id,
                "kind": "CREDIT",
                "external_id": f"NC-{document.external_id}",
                "office": "0001",
                "references": {"id": str(document.uid)},
                "lines": lines,
                "payment_time": "CASH",
                "payments": [{"method": "02", "amount": str(total)}],
            },
            actor=actor,
        )


def _voids(tenant: Tenant, actor: Staff) -> None:
    """The latest sale, if it is young enough, was a mistake."""
    latest = [document for document in _authorised(tenant) if not document.credits.exists()][-1]
    if latest.void_deadline and latest.void_deadline > timezone.now():
        void_invoice(latest.uid, "Factura emitida por error: el cliente no recibió la mercancía", actor=actor)


def _troubles(tenants: list[Tenant], actor: Staff) -> None:
    now = timezone.localtime().replace(microsecond=0)
    pairs = list(zip(tenants, COMPANIES, strict=True))
    chance = random.Random(7)  # noqa: S311 - figures of a demo

    def sale(position: int, name: str, hours_ago: float = 1.0, **changes: Any) -> Document:
        tenant, company = pairs[position]
        moment = now - timedelta(hours=hours_ago)
        data = invoice(tenant, company, f"{company.trade}-{name}", moment, chance, **changes)
        return create_invoice(data, actor=actor)

    _closing_windows(sale)
    stranger = {"type": "CONTRIBUYENTE", "contributor": "JURIDICO", "ruc": "155596713-2-2015"}
    place = {"address": "Calle 50, torre de práctica", "location": "8-8-7"}
    sale(
        0,
        "rechazo-pac",
        receiver={**stranger, **place, "name": "Comercial RECHAZO-PAC, S.A."},
        lines=[_hour()],
        **_cash(),
    )
    sale(
        1,
        "rechazo-dgi",
        receiver={**stranger, **place, "name": "Comercial RECHAZO-DGI, S.A."},
        lines=[_hour()],
        **_cash(),
    )
    sale(
        2,
        "sin-respuesta",
        receiver={**stranger, **place, "name": "Comercial SIN-RESPUESTA, S.A."},
        lines=[_hour()],
        **_cash(),
    )
    sale(3, "borrador", draft=True)
    sale(4, "proforma", mode="PROFORM")
    queues.work_until_idle()
    _conflict(pairs[5], sale)
    _unknown(sale)
    _incident(tenants[7], sale)
    suspend_tenant(tenants[10], reason="Contrato en revisión: no emite nada nuevo", actor=actor)


def _closing_windows(sale: Callable[..., Document]) -> None:
    """Authorised sales whose void window closes within the hour, within six hours and within a day."""
    hours = settings.PAC_VOID_WINDOW_HOURS
    for position, left in enumerate((0.7, 4.0, 20.0)):
        sale(position, f"plazo-{position}", hours_ago=hours - left)


def _conflict(pair: tuple[Tenant, Company], sale: Callable[..., Document]) -> None:
    """Another system has used the next number: the provider holds somebody else's sale under it."""
    tenant, _company = pair
    latest = (
        Document.objects.filter(tenant=tenant, kind=Kind.INVOICE).exclude(number="").order_by("-number")[0]
    )
    payload = bytes(latest.payload or b"")
    foreign = payload.replace(latest.number.encode(), f"{int(latest.number) + 1:010d}".encode())
    foreign = foreign.replace(latest.security_code.encode(), b"987654321")
    provider_for(tenant).submit(Kind.INVOICE, tenant.pac_company_id or "", foreign, idempotency_key="")
    sale(5, "conflicto")
    queues.work_until_idle()


def _unknown(sale: Callable[..., Document]) -> None:
    """Two answers were lost and nobody can be asked by number: one was taken, as its webhook will tell, the other not."""
    practice.turn("behaviour", {"list_status": 404})
    for number, fault in enumerate(("drop_after_commit", "drop_before"), start=1):
        practice.turn("faults", {"kind": fault, "operation": "create_invoice"})
        sale(6, f"sin-confirmar-{number}")
        queues.work_until_idle()


def _incident(tenant: Tenant, sale: Callable[..., Document]) -> None:
    """The account's key was revoked: one incident holds the queue."""
    tenant.pac_token = "revoked-practice-key"  # noqa: S105 - a key of the practice PAC
    tenant.save()
    practice.turn("keys", {"revoke": "revoked-practice-key"})
    for number in range(1, 4):
        sale(7, f"retenida-{number}")
    queues.work_until_idle()


def _hour() -> dict[str, str]:
    return {"description": "Servicio", "quantity": "1", "unit_price": "100.00", "tax_rate": "7"}


def _cash() -> dict[str, Any]:
    return {"payment_time": "CASH", "payments": [{"method": "02", "amount": "107.00"}], "due_date": None}
