"""The badges of tenants, offices and certificates."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.fiscal.zones import written
from tenants.models import Certificate, Office, Tenant

EXPIRING_DAYS = 60
_URGENT_DAYS = 7

_STATES: Mapping[str, tuple[str, str]] = {
    Tenant.State.ONBOARDING: ("pending_actions", BLUE),
    Tenant.State.ACTIVE: ("check_circle", GREEN),
    Tenant.State.SUSPENDED: ("pause_circle", AMBER),
    Tenant.State.CLOSED: ("lock", GREY),
}
_REGISTRATIONS: Mapping[str, tuple[str, str]] = {
    Office.Registration.PENDING: ("schedule", BLUE),
    Office.Registration.UNKNOWN: ("help", AMBER),
    Office.Registration.DONE: ("check_circle", GREEN),
}


def state_badge(tenant: Tenant) -> Badge:
    """Whether it may issue."""
    icon, tone = _STATES[tenant.state]
    return Badge(tenant.get_state_display(), icon, tone)


def environment_badge(tenant: Tenant) -> Badge:
    """Practice or the real thing."""
    if tenant.is_live:
        return Badge(tenant.get_environment_display(), "public", GREEN)
    return Badge(
        tenant.get_environment_display(), "science", AMBER, gettext_lazy("Documentos sin validez legal")
    )


def affiliation_badge(tenant: Tenant) -> Badge | str:
    """The provider's word as received; green only where it allows live documents."""
    if not tenant.affiliated:
        return "—"
    if tenant.may_issue_live:
        return Badge(f"«{tenant.affiliated}»", "link", GREEN, gettext_lazy("Afiliada"))
    return Badge(f"«{tenant.affiliated}»", "link_off", AMBER, gettext_lazy("Todavía no afiliada"))


def registration_badge(office: Office) -> Badge:
    """Whether the provider knows the office."""
    if office.closed_at:
        return Badge(_("Cerrada"), "lock", GREY)
    icon, tone = _REGISTRATIONS[office.registration]
    return Badge(office.get_registration_display(), icon, tone)


def expiry(certificate: Certificate, now: datetime | None = None) -> SafeString:
    """Until when it signs: absolute first, what is left beside it, and a warning from 60 days on."""
    moment = now or timezone.now()
    days = (certificate.not_after - moment).days
    if certificate.replaced_at:
        badge = Badge(_("Reemplazado"), "history", GREY)
    elif certificate.not_after <= moment:
        badge = Badge(_("Vencido"), "error", RED)
    elif days < EXPIRING_DAYS:
        left = ngettext("queda {days} día", "quedan {days} días", days).format(days=days)
        badge = Badge(left, "timer", RED if days < _URGENT_DAYS else AMBER)
    else:
        badge = Badge(_("Vigente"), "check_circle", GREEN)
    return format_html('<span class="cf-nowrap">{}</span> {}', written(certificate.not_after), badge)


def current_certificate(tenant: Tenant) -> Certificate | None:
    """The signing certificate in use that lasts longest; reads the prefetched ones."""
    current = [
        row
        for row in tenant.certificates.all()
        if row.purpose == Certificate.Purpose.SIGNATURE and row.replaced_at is None
    ]
    return max(current, key=lambda row: row.not_after, default=None)
