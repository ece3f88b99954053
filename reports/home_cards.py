"""The home page's cards: each figure is a link to exactly the rows it counts, for those who may open them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.models import Staff
from cifras.core.rights import may
from invoicing.admin.figures import ago, as_received, money
from invoicing.admin.members import member_name
from invoicing.models.choices import Kind
from reports.services.facts import last_month
from reports.services.home_figures import CERTIFICATE_DAYS, CLOSING_HOURS, HomeFigures, chart_days

RED, AMBER, BLUE = "red", "amber", "blue"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that leads to its rows. `amount` is money, written; `note` says more about the rows."""

    label: str
    count: int
    address: str
    amount: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One thing to attend to."""

    name: str
    title: Any
    icon: str
    tone: str
    figures: tuple[Figure, ...]


# In order of urgency: name, title, icon, tone.
_CARDS: tuple[tuple[str, Any, str, str], ...] = (
    ("closing", gettext_lazy("Anulaciones que cierran"), "timer", RED),
    ("send_by_closing", gettext_lazy("Plazo de envío por vencer en 24 h"), "schedule_send", RED),
    ("unconfirmed", gettext_lazy("Sin confirmar"), "help", AMBER),
    ("void_in_doubt", gettext_lazy("Anulaciones sin confirmar"), "help", AMBER),
    ("conflicting", gettext_lazy("Conflictos"), "warning", RED),
    ("incidents", gettext_lazy("Incidencias abiertas"), "report", RED),
    ("rejected_today", gettext_lazy("Rechazadas hoy"), "cancel", RED),
    ("without_pdf", gettext_lazy("Autorizadas sin PDF hace más de 10 min"), "picture_as_pdf", AMBER),
    ("waiting_for_dgi", gettext_lazy("Esperan a la DGI hace más de 5 min"), "hourglass_top", AMBER),
    ("stuck", gettext_lazy("Sin palabra final hace más de 24 h"), "hourglass_disabled", RED),
    ("parked", gettext_lazy("Webhooks sin documento"), "webhook", BLUE),
    ("mirrors", gettext_lazy("Emitidos en el PAC que no llegan"), "sync_problem", AMBER),
    ("invalid_invoices", gettext_lazy("El receptor tiene una factura sin validez"), "unsubscribe", RED),
    ("invalid_credits", gettext_lazy("El receptor tiene una nota sin validez"), "unsubscribe", RED),
    ("mails_troubled", gettext_lazy("Correos que no salieron o sin confirmar"), "mark_email_unread", AMBER),
    ("proposals", gettext_lazy("Por aprobar"), "how_to_reg", AMBER),
    ("number_gaps", gettext_lazy("Números sin documento"), "tag", AMBER),
    ("certificates", gettext_lazy("Certificados por vencer"), "workspace_premium", AMBER),
    ("months_to_close", gettext_lazy("Meses por cerrar"), "lock_clock", BLUE),
    ("onboarding", gettext_lazy("Empresas por habilitar"), "pending_actions", BLUE),
)
# What is not a document: the list's model, its query, and what its rows are called.
_OTHERS: Mapping[str, tuple[str, Mapping[str, str], Any]] = {
    "incidents": ("invoicing_incident", {"open": "yes"}, gettext_lazy("Colas retenidas")),
    "parked": ("invoicing_webhookdelivery", {"state__exact": "parked"}, gettext_lazy("Entregas")),
    "mirrors": ("invoicing_mirror", {"trouble": "yes"}, gettext_lazy("Empresas")),
    "invalid_invoices": (
        "invoicing_invoice",
        {"queue": "invalid_in_hand", "environment": "all"},
        gettext_lazy("Facturas"),
    ),
    "invalid_credits": (
        "invoicing_credit",
        {"queue": "invalid_in_hand", "environment": "all"},
        gettext_lazy("Notas de crédito"),
    ),
    "mails_troubled": (
        "invoicing_invoice",
        {"queue": "mail_troubled", "environment": "all"},
        gettext_lazy("Facturas"),
    ),
    "proposals": ("core_proposal", {"state": "open"}, gettext_lazy("Propuestas de otra persona")),
    "number_gaps": ("invoicing_numberseries", {"gaps": "yes"}, gettext_lazy("Series")),
    "certificates": (
        "tenants_certificate",
        {"expiring": str(CERTIFICATE_DAYS)},
        gettext_lazy("En 60 días o menos"),
    ),
    "onboarding": ("tenants_tenant", {"state__exact": "onboarding"}, gettext_lazy("Empresas")),
}
_KINDS = {Kind.INVOICE.value: gettext_lazy("Facturas"), Kind.CREDIT.value: gettext_lazy("Notas de crédito")}


def cards_of(figures: HomeFigures, staff: Staff) -> list[Card]:
    """The cards that have something to show to `staff`, the most urgent first."""
    kinds = [kind for kind in _KINDS if may(staff, f"invoicing.view_{kind.lower()}")]
    found = []
    for name, title, icon, tone in _CARDS:
        shown = tuple(_figures(name, figures, kinds, staff))
        if shown:
            found.append(Card(name, title, icon, tone, shown))
    return found


def quiet_titles(cards: list[Card], staff: Staff) -> list[Any]:
    """What is in order."""
    busy = {card.name for card in cards}
    return [title for name, title, _icon, _tone in _CARDS if name not in busy and _may_open(name, staff)]


def chart_of(figures: HomeFigures, staff: Staff) -> dict[str, Any]:
    """The last days' documents: `data` for the drawing, `rows` for the table beside it."""
    kinds = [kind for kind in _KINDS if may(staff, f"invoicing.view_{kind.lower()}")]
    days = chart_days(figures.at)
    numbers = {kind: [figures.issued.get((day, kind), 0) for day in days] for kind in kinds}
    return {
        "kinds": [_KINDS[kind] for kind in kinds],
        "rows": [(day, [_of_day(figures, day, kind) for kind in kinds]) for day in days],
        "total": sum(map(sum, numbers.values())),
        "data": {
            "labels": [day.strftime("%d/%m") for day in days],
            "series": [{"label": str(_KINDS[kind]), "data": numbers[kind]} for kind in kinds],
        },
    }


def _figures(name: str, figures: HomeFigures, kinds: list[str], staff: Staff) -> Iterator[Figure]:
    if name in _OTHERS:
        yield from _other(name, figures, staff)
    elif name == "months_to_close":
        yield from _months_to_close(figures, staff)
    elif name == "closing":
        yield from _closing(figures, kinds)
    elif name == "rejected_today":
        yield from _rejected(figures, kinds)
    else:
        yield from _documents(name, figures, kinds)


def _other(name: str, figures: HomeFigures, staff: Staff) -> Iterator[Figure]:
    model, query, label = _OTHERS[name]
    if figures.counts[name] and _may_open(name, staff):
        yield Figure(str(label), figures.counts[name], _list(model, query))


def _months_to_close(figures: HomeFigures, staff: Staff) -> Iterator[Figure]:
    count, month = figures.counts["months_to_close"], last_month(figures.at)
    if count and may(staff, "reports.view_report"):
        page = reverse("reports:reconciliation", args=[f"{month:%Y-%m}"])
        yield Figure(_("Empresas, {month}").format(month=f"{month:%m/%Y}"), count, f"{page}?closing=to_close")


def _closing(figures: HomeFigures, kinds: list[str]) -> Iterator[Figure]:
    for hours in CLOSING_HOURS:
        for kind in kinds:
            row = figures.closing.get(kind)
            if row and row[f"within_{hours}"]:
                yield Figure(
                    _("{kind} en menos de {hours} h").format(kind=_KINDS[kind], hours=hours),
                    row[f"within_{hours}"],
                    _documents_list(figures, kind, closing=str(hours)),
                    amount=money(Decimal(row[f"amount_{hours}"])),
                )


def _rejected(figures: HomeFigures, kinds: list[str]) -> Iterator[Figure]:
    for each in figures.rejections:
        if each.kind in kinds:
            said = f"«{as_received(each.message, 120)}»" if each.message else ""
            where = member_name(each.field) if each.field else ""
            yield Figure(
                " ".join(filter(None, [as_received(each.code, 40), where, said])) or _("Sin motivo escrito"),
                each.count,
                _documents_list(figures, each.kind, queue=f"rejected_today:{each.code}:{each.field}"),
                note="" if each.kind == Kind.INVOICE else str(_KINDS[each.kind]),
            )


def _documents(name: str, figures: HomeFigures, kinds: list[str]) -> Iterator[Figure]:
    for kind in kinds:
        row = {**figures.doubtful.get(kind, {}), **figures.moving.get(kind, {})}
        if not row.get(name):
            continue
        since = row["unconfirmed_since"] if name == "unconfirmed" else None
        yield Figure(
            str(_KINDS[kind]),
            row[name],
            _documents_list(figures, kind, queue=name),
            amount=money(Decimal(row["unconfirmed_amount"])) if name == "unconfirmed" else "",
            note=_("La más antigua, {ago}").format(ago=ago(since)) if since else "",
        )


def _of_day(figures: HomeFigures, day: date, kind: str) -> Figure:
    query = {"legal": "DGI_AUTHORIZED", "mode": "DGI", "issue_date_from": f"{day}", "issue_date_to": f"{day}"}
    return Figure("", figures.issued.get((day, kind), 0), _documents_list(figures, kind, **query))


def _documents_list(figures: HomeFigures, kind: str, **query: str) -> str:
    return _list(f"invoicing_{kind.lower()}", query | {"environment": figures.environment})


def _list(model: str, query: Mapping[str, str]) -> str:
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(query)}"


def _may_open(name: str, staff: Staff) -> bool:
    if name == "months_to_close":
        return may(staff, "reports.view_report")
    if name not in _OTHERS:
        return any(may(staff, f"invoicing.view_{kind.lower()}") for kind in _KINDS)
    app, _underscore, model = _OTHERS[name][0].rpartition("_")
    return may(staff, f"{app}.view_{model}")
