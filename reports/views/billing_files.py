"""The billing as files: the companies of a month, a statement, the documents of a line, a provider's bill compared."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.exports import CellKind, Column, Table
from invoicing.admin.words import words_of
from invoicing.models.choices import Kind
from reports.services.billing.pac_check import Checked
from reports.services.billing.papers import Draft
from reports.views.billing_shown import NOT_FISCAL, RULES, USAGE_WORDS, Company, detail, what

_COUNTED = [
    Column(gettext_lazy("Documentos"), CellKind.INTEGER),
    Column(gettext_lazy("Incluidos"), CellKind.INTEGER),
    Column(gettext_lazy("Se cobran"), CellKind.INTEGER),
]
_MONEY = [Column(gettext_lazy("Moneda")), Column(gettext_lazy("Importe"), CellKind.MONEY)]


def statement_table(draft: Draft, *, name: str, title: str, facts: Sequence[str]) -> Table:
    """A statement, or its draft, with the totals per currency below its lines."""
    lines = [
        [
            what(line),
            detail(line),
            line.documents,
            line.included,
            line.quantity,
            line.unit_price,
            line.currency,
            line.amount,
        ]
        for line in draft.lines
    ]
    totals = [
        [_("Total"), "", None, None, None, None, currency, amount]
        for currency, amount in sorted(draft.totals.items())
    ]
    columns = [
        Column(gettext_lazy("Concepto")),
        Column(gettext_lazy("Detalle")),
        *_COUNTED,
        Column(gettext_lazy("Precio"), CellKind.NUMBER),
        *_MONEY,
    ]
    return Table(name, title, columns, [*lines, *totals], [NOT_FISCAL, *facts, *RULES])


def month_table(companies: Iterable[Company], first: date) -> Table:
    """Every company of the month; one that owes in two currencies has two rows."""
    nothing: list[tuple[str, Any]] = [("", None)]
    rows = [
        [
            str(each.tenant),
            each.tenant.ruc,
            each.tenant.pac_company_id or "",
            str(each.closing.word),
            each.plan,
            "; ".join(f"{word}: {count}" for word, count in each.usage),
            str(each.badge.word),
            each.number,
            currency,
            amount,
        ]
        for each in companies
        for currency, amount in (sorted((each.totals or {}).items()) or nothing)
    ]
    columns = [
        Column(gettext_lazy("Empresa")),
        Column(gettext_lazy("RUC")),
        Column(gettext_lazy("Identificador en el PAC")),
        Column(gettext_lazy("Cierre")),
        Column(gettext_lazy("Plan")),
        Column(gettext_lazy("Consumo")),
        Column(gettext_lazy("Estado de cuenta")),
        Column(gettext_lazy("Número")),
        *_MONEY,
    ]
    title = _("Facturación {month}").format(month=f"{first:%m/%Y}")
    return Table(f"facturacion-{first:%Y-%m}", title, columns, rows, [NOT_FISCAL, *RULES])


def documents_table(rows: Any, *, name: str, title: str, zone: str) -> Table:
    """The documents behind a line."""
    columns = [
        Column(gettext_lazy("Número")),
        Column(gettext_lazy("Clase")),
        Column(gettext_lazy("Emisión"), CellKind.MOMENT),
        Column(gettext_lazy("Estado legal")),
        Column(gettext_lazy("Anulada")),
        Column(gettext_lazy("Receptor")),
        Column(gettext_lazy("CUFE")),
        Column(gettext_lazy("Moneda")),
        Column(gettext_lazy("Total"), CellKind.MONEY),
    ]
    cells = (
        [
            row.printed_number,
            row.kind_label,
            row.issue_date,
            words_of(row).legal.get(row.legal_status, row.legal_status),
            _("sí") if row.void_status == "VOIDED" else _("no"),
            row.receiver_name,
            row.cufe,
            row.currency,
            row.total,
        ]
        for row in rows.iterator(chunk_size=2000)
    )
    days = _("Fechas locales: {zone}.").format(zone=zone)
    return Table(name, title, columns, cells, [NOT_FISCAL, days])


def check_table(rows: Iterable[Checked], words: Any, *, name: str, title: str, facts: Sequence[str]) -> Table:
    """A provider's bill against our counts; `words` gives the word of a match."""
    columns = [
        Column(gettext_lazy("Comparación")),
        Column(gettext_lazy("Empresa")),
        Column(gettext_lazy("Identificador en el PAC")),
        Column(gettext_lazy("Clase")),
        Column(gettext_lazy("PAC"), CellKind.INTEGER),
        Column(gettext_lazy("Nuestro"), CellKind.INTEGER),
        Column(gettext_lazy("Diferencia"), CellKind.INTEGER),
        Column(gettext_lazy("Importe"), CellKind.NUMBER),
    ]
    cells = [
        [
            str(words(each.match)),
            str(each.tenant or ""),
            each.company,
            str(Kind(each.kind).label) if each.kind else "",
            each.theirs,
            each.ours,
            each.difference,
            each.amount,
        ]
        for each in rows
    ]
    return Table(name, title, columns, cells, facts)


def usage_note(draft: Draft) -> list[str]:
    """The counts of a statement, as notes of its file."""
    return [
        f"{word}: " + ", ".join(f"{Kind(kind).label} {count}" for kind, count in draft.usage[name].items())
        for name, word in USAGE_WORDS.items()
        if any(draft.usage.get(name, {}).values())
    ]
