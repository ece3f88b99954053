"""What Panama's page says of an invoice while it is written: its sums, how the payments stand, hints beside fields."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.wording import sentence
from cifras.fiscal.catalogues.dgi import PaymentMethod, Retention
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.ruc import panama as ruc
from invoicing.admin.figures import moment, money, percent
from invoicing.admin.invoice_choices import location_name
from invoicing.services.sketching import Sketch, void_deadline
from tenants.models import Tenant

_RETENTIONS = {code.value: code.label for code in Retention}
BALANCED, LACKING, CHANGE = "balanced", "lacking", "change"


def rows(drawn: Sketch, _currency: str) -> list[tuple[str, str]]:
    """The sums above the total."""
    sums = drawn.totals
    found = [(_("Subtotal"), sums.net)]
    for rate, of_rate in sums.by_rate.items():
        if not of_rate.base:
            continue
        if rate:
            name = _("ITBMS {rate} sobre {base}")
            found.append((name.format(rate=percent(rate), base=f"{of_rate.base:,.2f}"), of_rate.tax))
        else:
            found.append((_("Exento sobre {base}").format(base=f"{of_rate.base:,.2f}"), of_rate.tax))
    optional = [
        (_("ISC"), sums.isc),
        (_("Otros impuestos"), sums.oti),
        (_("Flete"), sums.freight),
        (_("Seguro"), sums.insurance),
        (_("Descuento"), -sums.discount),
    ]
    return [(name, money(amount)) for name, amount in [*found, *((n, a) for n, a in optional if a)]]


def standing(drawn: Sketch, currency: str) -> tuple[str, str]:
    """How the payments stand to the total."""
    if not drawn.totals.total and not drawn.totals.received:
        return "", ""
    if drawn.missing > 0:
        return LACKING, _("Faltan {amount} por pagar").format(amount=money(drawn.missing, currency))
    if drawn.missing == 0:
        return BALANCED, _("Los pagos completan el total")
    cash = sum((row.amount for row in drawn.payments if row.method == PaymentMethod.CASH), Decimal(0))
    if -drawn.missing <= cash:
        return CHANGE, _("Vuelto {amount}").format(amount=money(-drawn.missing, currency))
    return LACKING, _("Los pagos exceden el total en {amount}").format(amount=money(-drawn.missing, currency))


def notes(drawn: Sketch, currency: str) -> list[str]:
    """What should be known besides."""
    found = []
    if drawn.retention:
        label = _(_RETENTIONS[drawn.retention.code])
        text = _("El receptor retiene {amount} del ITBMS ({code} · {label}); el total no cambia.")
        found.append(
            text.format(amount=money(drawn.retention.amount), code=drawn.retention.code, label=label)
        )
    found += unplanned(drawn, currency)
    if drawn.other_itbms is not None:
        text = _("Con el otro redondeo (por línea o por total) el ITBMS sería {amount}.")
        found.append(text.format(amount=money(drawn.other_itbms)))
    return found


def unplanned(drawn: Sketch, currency: str) -> list[str]:
    """Instalments that do not add up to the part on credit."""
    if not drawn.owed or not drawn.planned or drawn.owed == drawn.planned:
        return []
    text = _("Las cuotas suman {planned} y la parte a crédito es {owed}.")
    return [text.format(planned=money(drawn.planned, currency), owed=money(drawn.owed, currency))]


def hints(forms: Any, data: dict[str, Any]) -> dict[str, str]:
    """Short sentences beside fields: the computed DV, the names of a place, how long a void will be possible."""
    return {
        "dv": _check_digit(forms),
        "location": location_name(data.get("receiver", {}).get("location", "")),
        "issue_date": void_hint(forms.tenant, data.get("issue_date", "")),
    }


def void_hint(tenant: Tenant | None, typed: str) -> str:
    """How long a void will be possible with the date that was typed; now, where none was."""
    if tenant is None:
        return ""
    now = timezone.now()
    try:
        issued = datetime.fromisoformat(typed) if typed else now
    except ValueError:
        return ""
    deadline = void_deadline(issued, tenant)
    if deadline is None:
        return ""
    if deadline <= now:
        return _("Con esta fecha el plazo para anular ya venció ({deadline}).").format(
            deadline=moment(deadline)
        )
    text = _("Con esta fecha quedan {span} para anular: hasta el {deadline}.")
    return text.format(span=_hours((deadline - now).total_seconds()), deadline=moment(deadline))


def _check_digit(forms: Any) -> str:
    """The DV by the DGI's formula, as far as the paper settles it."""
    number, kind = forms.receiver.value("ruc"), forms.receiver.value("contributor")
    if not number or not kind or not forms.receiver.has_check_digit:
        return ""
    try:
        return _("La fórmula de la DGI da {dv}.").format(dv=ruc.check_digit(number, kind))
    except RuleBroken as refusal:
        return sentence(refusal.at(""))


def _hours(seconds: float) -> str:
    return _("{hours} h").format(hours=int(seconds // 3600))
