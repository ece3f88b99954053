"""What the pages of the billing show: the companies of a month, and a statement line by line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.models import Staff
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from invoicing.admin.figures import money, price
from invoicing.models.choices import Kind
from reports.models import BillingDraft, BillingStatement, Cause, Charge, MonthClosing
from reports.services.billing.papers import ISSUED, LATE, LATE_VOIDED, VOIDED, Draft, draft_of
from reports.services.billing.rating import Line
from reports.services.closing.usage import closings_of
from reports.services.queries import bucket
from tenants.access import tenants_for
from tenants.models import Tenant

NOT_FISCAL = gettext_lazy("Este estado de cuenta no es un documento fiscal.")
RULES = (
    gettext_lazy(
        "Se cobran las facturas y notas de crédito que la DGI autorizó, o la SUNAT aceptó, por su fecha local de emisión. "
        "Los rechazos, las importaciones, las pruebas y los eventos de anulación no se cobran."
    ),
    gettext_lazy(
        "Prorrateo: cuota y documentos incluidos valen por los días con servicio sobre los días del mes; un día con servicio en "
        "algún momento cuenta entero. La cuota se redondea al centavo (la mitad, hacia arriba); los incluidos, hacia arriba."
    ),
    gettext_lazy(
        "Lo incluido se cuenta por clase. Los documentos se cobran al precio del plan que regía el día de su emisión; lo que "
        "llega de un mes anterior ya cerrado, al precio de ese mes."
    ),
    gettext_lazy(
        "Lo anulado se cobra salvo que el plan no lo cobre: entonces se descuenta, o se devuelve al precio al que se cobró."
    ),
)
USAGE_WORDS: Mapping[str, Any] = {
    ISSUED: gettext_lazy("Emitidas"),
    VOIDED: gettext_lazy("Anuladas del mes"),
    LATE: gettext_lazy("De meses anteriores"),
    LATE_VOIDED: gettext_lazy("Anuladas de meses anteriores"),
}
_CHARGE_WORDS: Mapping[Charge, Any] = {
    Charge.FEE: gettext_lazy("Cuota mensual"),
    Charge.USAGE: gettext_lazy("{kind}: emitidas"),
    Charge.FORGIVEN: gettext_lazy("{kind}: anuladas, no se cobran"),
    Charge.LATE: gettext_lazy("{kind} de {month}: {cause}, al precio de ese mes"),
    Charge.REFUND: gettext_lazy("{kind} de {month}: anuladas, devolución al precio de ese mes"),
}
_KIND_WORDS = {Kind.INVOICE: gettext_lazy("Facturas"), Kind.CREDIT: gettext_lazy("Notas de crédito")}
_CLOSED = Badge(gettext_lazy("Cerrado"), "lock", GREEN)
_OPEN = Badge(gettext_lazy("Abierto"), "lock_open", GREY)


class Standing(StrEnum):
    """How far the statement of a company's month is."""

    READY = "ready"
    PROBLEM = "problem"
    PENDING = "pending"
    ISSUED = "issued"
    NOTHING = "nothing"
    OPEN = "open"
    SANDBOX = "sandbox"


BADGES: Mapping[Standing, Badge] = {
    Standing.READY: Badge(gettext_lazy("Por emitir"), "pending_actions", AMBER),
    Standing.PROBLEM: Badge(gettext_lazy("Falta algo"), "error", RED),
    Standing.PENDING: Badge(gettext_lazy("Se está calculando"), "progress_activity", BLUE),
    Standing.ISSUED: Badge(gettext_lazy("Emitido"), "task_alt", GREEN),
    Standing.NOTHING: Badge(gettext_lazy("Nada que cobrar"), "remove", GREY),
    Standing.OPEN: Badge(gettext_lazy("Mes abierto"), "lock_open", GREY),
    Standing.SANDBOX: Badge(gettext_lazy("Pruebas: nunca se factura"), "science", AMBER),
}


@dataclass(frozen=True, slots=True)
class Company:
    """One company of the month. `reason` says why there is no statement yet, `remedy` where that is mended."""

    tenant: Tenant
    standing: Standing
    address: str
    closing: Badge
    closing_address: str
    plan: str = ""
    usage: Sequence[tuple[Any, int]] = ()
    totals: Mapping[str, Decimal] | None = None
    number: str = ""
    digest: str = ""
    replaces: str = ""
    reason: str = ""
    remedy: str = ""

    @property
    def badge(self) -> Badge:
        """The standing, by icon and word."""
        return BADGES[self.standing]

    @property
    def amounts(self) -> list[str]:
        """What is owed, currency by currency."""
        return amounts(self.totals or {})


def companies_of(staff: Staff, first: date) -> list[Company]:
    """The companies that the person sees, those to be acted upon first; sandbox ones only where there are no others.

    Four queries.
    """
    seen = list(tenants_for(staff).exclude(state=Tenant.State.ONBOARDING).order_by("trade_name", "pk"))
    tenants = [tenant for tenant in seen if tenant.is_live] or seen
    closings = closings_of(first, tenants)
    drafts = {row.tenant_id: row for row in BillingDraft.objects.visible_to(staff).filter(month=first)}
    newest = newest_statements(BillingStatement.objects.visible_to(staff).filter(month=first))
    found = [
        company(tenant, first, closings.get(tenant.pk), drafts.get(tenant.pk), newest.get(tenant.pk))
        for tenant in tenants
    ]
    order = list(Standing)
    return sorted(found, key=lambda each: order.index(each.standing))


def newest_statements(rows: Any) -> dict[int, BillingStatement]:
    """The last version of each company, withdrawn or not."""
    return {row.tenant_id: row for row in rows.select_related("withdrawal").order_by("version")}


def is_standing(statement: BillingStatement | None) -> bool:
    """Whether there is one and it has not been withdrawn; of a row that was read with its withdrawal."""
    return statement is not None and getattr(statement, "withdrawal", None) is None


def company(
    tenant: Tenant,
    first: date,
    closing: MonthClosing | None,
    kept: BillingDraft | None,
    statement: BillingStatement | None,
) -> Company:
    """The company's month."""
    month = f"{first:%Y-%m}"
    frame: dict[str, Any] = {
        "tenant": tenant,
        "address": reverse("reports:billing_tenant", args=[month, tenant.uid]),
        "closing": _CLOSED if closing else _OPEN,
        "closing_address": reverse("reports:closing", args=[month, tenant.uid]),
    }
    if statement is not None and is_standing(statement):
        return Company(
            standing=Standing.ISSUED,
            plan=statement.plan_name,
            usage=usage_cells(statement.usage),
            totals={name: Decimal(text) for name, text in statement.totals.items()},
            number=statement.number,
            **frame,
        )
    if not tenant.is_live:
        return Company(standing=Standing.SANDBOX, **frame)
    frame["replaces"] = statement.number if statement else ""
    if closing is None:
        reason = _("Se factura cuando el mes esté cerrado.")
        return Company(standing=Standing.OPEN, reason=reason, **frame)
    if kept is None or kept.closing_uid != closing.uid:
        return Company(standing=Standing.PENDING, **frame)
    if kept.problem:
        return Company(standing=Standing.PROBLEM, reason=_problem(kept), remedy=_remedy(kept), **frame)
    draft = draft_of(kept.content)
    return Company(
        standing=Standing.READY if draft.lines else Standing.NOTHING,
        plan=draft.plan_name,
        usage=usage_cells(draft.usage),
        totals=draft.totals if draft.lines else None,
        digest=draft.digest,
        **frame,
    )


def _problem(kept: BillingDraft) -> str:
    told = kept.content.get("problem", {})
    return sentence(RuleBroken(kept.problem, told.get("template", ""), **told.get("values", {})))


def _remedy(kept: BillingDraft) -> str:
    if kept.problem == "no_plan":
        return f"{reverse('admin:reports_subscription_add')}?tenant={kept.tenant_id}"
    return reverse("admin:reports_plan_changelist") if kept.problem == "no_price" else ""


def amounts(sums: Mapping[str, Decimal]) -> list[str]:
    """Sums of money, never added over currencies."""
    return [money(amount, currency) for currency, amount in sorted(sums.items())]


def summed(companies: Iterable[Company], *standings: Standing) -> list[str]:
    """What the companies of these standings owe, currency by currency."""
    sums: dict[str, Decimal] = {}
    for each in companies:
        if each.standing in standings:
            for currency, amount in (each.totals or {}).items():
                sums[currency] = sums.get(currency, Decimal(0)) + amount
    return amounts(sums)


def usage_cells(usage: Mapping[str, Mapping[str, int]]) -> list[tuple[Any, int]]:
    """The counts that are not nought, by what they are."""
    return [
        (f"{_KIND_WORDS[kind]}, {str(word).lower()}", usage[name][kind.value])
        for name, word in USAGE_WORDS.items()
        for kind in (Kind.INVOICE, Kind.CREDIT)
        if usage.get(name, {}).get(kind.value)
    ]


@dataclass(frozen=True, slots=True)
class LineShown:
    """One line of a statement. `address` opens exactly its documents; empty for a fee."""

    what: str
    detail: str
    documents: str
    included: str
    charged: str
    price: str
    amount: str
    address: str


def lines_shown(draft: Draft, address: str, query: str = "") -> list[LineShown]:
    """The lines; `address` is the statement's page, empty where its documents are not shown any more."""
    return [
        _line_shown(line, draft.country, f"{address}documents/{position}/{query}" if address else "")
        for position, line in enumerate(draft.lines, start=1)
    ]


def what(line: Line) -> str:
    """What a line is for, in words."""
    kind = _KIND_WORDS[Kind(line.kind)] if line.kind else ""
    return str(_CHARGE_WORDS[line.charge]).format(
        kind=kind, month=f"{line.origin_month:%m/%Y}", cause=_cause(line.cause)
    )


def detail(line: Line) -> str:
    """The plan, and the days it is about."""
    days = f"{line.first:%d/%m/%Y} - {line.last:%d/%m/%Y}"
    if line.charge is not Charge.FEE:
        return f"{line.plan_name}, {days}"
    share = ngettext("{n} día de {all}", "{n} días de {all}", line.days)
    return f"{line.plan_name}, {days}, {share.format(n=line.days, all=line.days_of_month)}"


def _line_shown(line: Line, country: str, address: str) -> LineShown:
    is_fee = line.charge is Charge.FEE
    return LineShown(
        what=what(line),
        detail=detail(line),
        documents="" if is_fee else str(line.documents),
        included="" if is_fee else str(line.included),
        charged="" if is_fee else str(line.quantity),
        price=price(line.unit_price),
        amount=money(line.amount, bucket(line.currency, country)),
        address="" if is_fee else address,
    )


def _cause(cause: str) -> str:
    return str(Cause(cause).label).lower() if cause in Cause.values else _("registradas después del cierre")
