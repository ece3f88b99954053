"""Retentions: what receivers keep of the tax, what they have handed in the certificate for, and what is still to come.

A document stands here when its receiver was to retain something, or when a retention on it was registered or dated in the month:
certificates often come weeks later. What was registered and taken back does not count.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.exports import CellKind
from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.lifecycle import VoidStatus
from cifras.fiscal.zones import local_date
from invoicing.models import Document, Settlement
from invoicing.models.document import DocumentQuerySet
from reports.services.books.paging import DocumentBook
from reports.services.books.population import IN_THE_BOOKS, RETENTION_FACTS, WITHHELD, retention_code
from reports.services.books.registers import register_of
from reports.services.books.shapes import Column, Foot, Mark, Period, Row, Sums, amount
from reports.services.facts import counted, of_month, start_of

_SAID = (
    *RETENTION_FACTS,
    "uid",
    "number",
    "billing_point",
    "peru",
    "receiver_name",
    "receiver_ruc",
    "tenant",
)

_RECEIVED = Mark(gettext_lazy("Con certificado"), "check_circle", "green")
_PENDING = Mark(gettext_lazy("Certificado pendiente"), "pending", "amber")
_NOTHING = Mark(gettext_lazy("Sin retención registrada"), "hourglass_empty", "amber")
_DIFFERENT = Mark(gettext_lazy("Con certificado; el importe difiere"), "error", "red")
_UNKNOWN = Mark(gettext_lazy("Sin código de retención"), "help", "amber")

_COLUMNS = (
    Column(gettext_lazy("Fecha de emisión"), CellKind.DATE),
    Column(gettext_lazy("Número"), is_link=True),
    Column(gettext_lazy("RUC o identificación")),
    Column(gettext_lazy("Nombre"), is_wide=True),
    Column(gettext_lazy("Código de retención")),
    amount(gettext_lazy("Impuesto")),
    amount(gettext_lazy("Retención esperada")),
    amount(gettext_lazy("Con certificado")),
    amount(gettext_lazy("Registrada sin certificado")),
    amount(gettext_lazy("Diferencia")),
    Column(gettext_lazy("Moneda")),
    Column(gettext_lazy("Certificados")),
    Column(gettext_lazy("Estado")),
)


class Withholdings(DocumentBook):
    """Retenciones recibidas y pendientes."""

    slug = "withholdings"
    title = gettext_lazy("Retenciones")
    lead = gettext_lazy(
        "Las facturas del mes cuyo receptor retiene, y las de meses anteriores con una retención fechada en este mes. "
        "Diferencia: lo registrado menos lo esperado. Lo anulado no figura."
    )

    def columns(self, period: Period) -> tuple[Column, ...]:
        return _COLUMNS

    def documents(self, period: Period) -> DocumentQuerySet:
        standing = Settlement.objects.standing().filter(kind=Settlement.Kind.WITHHOLDING)
        certificates = Prefetch("settlements", queryset=standing.order_by("date", "pk"), to_attr="retained")
        invoices = counted().filter(
            IN_THE_BOOKS, tenant=period.tenant, environment=period.environment, kind=Kind.INVOICE
        )
        month, own = (
            of_month(invoices, period.month).order_by(),
            standing.filter(document__tenant=period.tenant).order_by(),
        )
        keys = (
            month.filter(WITHHELD)
            .values("pk")
            .union(
                own.filter(date__gte=period.month, date__lte=period.last).values("document"),
                own.filter(document__in=month.values("pk")).values("document"),
            )
        )
        rows = invoices.filter(pk__in=keys, issue_date__lt=start_of(period.last + timedelta(days=1)))
        return rows.exclude(void_status=VoidStatus.VOIDED).only(*_SAID).prefetch_related(certificates)

    def row(self, period: Period, document: Document) -> Row:
        rows: Sequence[Settlement] = document.retained  # type: ignore[attr-defined]
        expected = register_of(period.tenant).retention(document)
        with_paper = sum((row.amount for row in rows if not row.is_pending), ZERO)
        without = sum((row.amount for row in rows if row.is_pending), ZERO)
        difference = with_paper + without - expected if expected is not None else None
        currency = period.currency_of(document.currency)
        cells = (
            local_date(document.issue_date) if document.issue_date else None,
            document.printed_number,
            document.receiver_ruc,
            document.receiver_name,
            retention_code(document),
            document.itbms,
            expected,
            with_paper,
            without,
            difference,
            currency,
            "; ".join(_certificate(row) for row in rows if not row.is_pending),
            _state(rows, expected, difference),
        )
        return Row(cells, currency, document)

    def foot(self, period: Period) -> Foot:
        sums = Sums(_COLUMNS)
        for row in self.rows(period):
            sums.add(row)
        return Foot(sums.foot())


def _certificate(row: Settlement) -> str:
    if row.certificate_date is None:
        return str(row.certificate_number)
    return _("{number} del {day}").format(
        number=row.certificate_number, day=f"{row.certificate_date:%d/%m/%Y}"
    )


def _state(rows: Sequence[Settlement], expected: Decimal | None, difference: Decimal | None) -> Mark:
    if not rows:
        return _UNKNOWN if expected is None else _NOTHING
    if any(row.is_pending for row in rows):
        return _PENDING
    return _DIFFERENT if difference else _RECEIVED
