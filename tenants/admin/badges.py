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
from cifras.pac.contract import Capability
from tenants.models import Certificate, Office, Tenant
from tenants.services.accounts import provider_spec
from tenants.services.radar import Level, level_of

_STATES: Mapping[str, tuple[str, str]] = {
    Tenant.State.ONBOARDING: ("pending_actions", BLUE),
    Tenant.State.ACTIVE: ("check_circle", GREEN),
    Tenant.State.SUSPENDED: ("pause_circle", AMBER),
    Tenant.State.CLOSED: ("lock", GREY),
}
_RADAR: Mapping[Level, tuple[str, str]] = {
    Level.DAYS_60: ("timer", AMBER),
    Level.DAYS_30: ("timer", AMBER),
    Level.DAYS_7: ("alarm", RED),
    Level.DAYS_1: ("alarm", RED),
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
    if tenant.affiliation_lapsed_at:
        return Badge(f"«{tenant.affiliated}»", "link_off", RED, gettext_lazy("La afiliación caducó"))
    return Badge(f"«{tenant.affiliated}»", "link_off", AMBER, gettext_lazy("Todavía no afiliada"))


def registration_badge(office: Office) -> Badge:
    """Whether the provider knows the office."""
    if office.closed_at:
        return Badge(_("Cerrada"), "lock", GREY)
    if not provider_spec(office.tenant).can(Capability.ONBOARD):
        return Badge(_("No se registra"), "remove", GREY, gettext_lazy("Este proveedor no lleva sucursales"))
    icon, tone = _REGISTRATIONS[office.registration]
    return Badge(office.get_registration_display(), icon, tone)


def expiry(certificate: Certificate, now: datetime | None = None) -> SafeString:
    """Until when it signs: absolute first, what is left beside it, and a warning from 60 days on."""
    badge = _replaced() if certificate.replaced_at else radar_badge(certificate.not_after, now)
    return format_html('<span class="cf-nowrap">{}</span> {}', written(certificate.not_after), badge)


def radar_badge(not_after: datetime, now: datetime | None = None) -> Badge:
    """How near the end of a certificate is, at the radar's levels."""
    moment = now or timezone.now()
    level = level_of(not_after, moment)
    if level is Level.FAR:
        return Badge(_("Vigente"), "check_circle", GREEN)
    if level is Level.EXPIRED:
        return Badge(_("Vencido"), "error", RED)
    days = (not_after - moment).days
    left = ngettext("queda {days} día", "quedan {days} días", days).format(days=days)
    return Badge(left if days else _("queda menos de un día"), *_RADAR[level])


def _replaced() -> Badge:
    return Badge(_("Reemplazado"), "history", GREY)
