"""What the steps' pages show of the facts: what was answered about a RUC, certificates, and what the provider is given."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from cifras.core.admin.badges import AMBER, GREEN, RED, Badge
from cifras.core.wording import as_received, sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.zones import written
from cifras.pac.contract import Capability
from tenants.admin.badges import environment_badge, expiry
from tenants.admin.wizard.forms import local_dv
from tenants.models import Certificate, Onboarding, TaxIdCheck, Tenant
from tenants.services.accounts import provider_spec
from tenants.services.connecting import account_id


def our_dv(tenant: Tenant) -> tuple[str, str]:
    """The DV by the formula, or why there is none."""
    try:
        return local_dv(tenant.ruc, tenant.ruc_type), ""
    except RuleBroken as reason:
        return "", sentence(reason)


def their_answer(tenant: Tenant, check: TaxIdCheck) -> dict[str, Any]:
    """What the provider said about the RUC, beside what is written."""
    agrees = check.is_known and check.dv == tenant.dv
    if not check.is_known:
        badge = Badge(_("no lo conoce"), "error", RED)
    else:
        badge = (
            Badge(_("coincide"), "check_circle", GREEN) if agrees else Badge(_("no coincide"), "error", RED)
        )
    return {
        "dv": as_received(check.dv, 10),
        "receiver": as_received(check.receiver_word, 60),
        "at": check.checked_at,
        "written": written(check.checked_at),
        "by": check.checked_by or "Cifras",
        "badge": badge,
    }


def register_answer(check: TaxIdCheck) -> dict[str, Any]:
    """What a register said about a RUC that carries its own digit."""
    badge = (
        Badge(_("lo reconoce"), "check_circle", GREEN)
        if check.is_known
        else Badge(_("no lo conoce"), "error", RED)
    )
    return {
        "words": as_received(check.receiver_word, 60),
        "written": written(check.checked_at),
        "by": check.checked_by or "Cifras",
        "badge": badge,
    }


def face_of(row: Certificate) -> dict[str, Any]:
    """What of a certificate may be seen."""
    return {
        "purpose": row.get_purpose_display(),
        "subject": as_received(row.subject, 500),
        "serial": row.serial_number,
        "fingerprint": ":".join(row.fingerprint[at : at + 2] for at in range(0, len(row.fingerprint), 2)),
        "since": written(row.not_before),
        "until": expiry(row),
        "state": Badge(_("aceptado por el PAC"), "verified", GREEN)
        if row.accepted_at
        else Badge(_("guardado cifrado hasta enviarlo"), "lock", AMBER),
    }


def company_rows(tenant: Tenant) -> Iterator[tuple[str, Any]]:
    """What the provider is given, secrets named but not shown."""
    spec = provider_spec(tenant)
    yield _("Proveedor"), spec.name
    yield _("Ambiente"), environment_badge(tenant)
    if not spec.can(Capability.ONBOARD):
        yield from _rows_of_account(tenant)
        return
    yield _("RUC y DV"), f"{tenant.ruc} DV {tenant.dv or '—'}"
    yield _("Tipo de contribuyente"), tenant.get_ruc_type_display()
    yield _("Razón social"), tenant.legal_name or "—"
    yield _("Nombre comercial"), tenant.trade_name or tenant.legal_name or "—"
    yield _("Logo"), tenant.logo_url or _("sin dirección: no se envía")
    for row in tenant.certificates.all():
        if row.replaced_at is None:
            yield _("Certificado ({purpose})").format(purpose=row.get_purpose_display()), row.subject
    if tenant.pac_company_id:
        yield _("Identificador en el PAC"), tenant.pac_company_id


def _rows_of_account(tenant: Tenant) -> Iterator[tuple[str, Any]]:
    yield _("RUC"), tenant.ruc
    yield _("Razón social"), tenant.legal_name or "—"
    yield _("Nombre comercial"), tenant.trade_name or tenant.legal_name or "—"
    onboarding: Onboarding | None = getattr(tenant, "onboarding", None)
    yield _("Identificador en el PAC"), account_id(onboarding) or tenant.pac_company_id or "—"
    yield _("Dirección"), tenant.pac_base_url or _("la de la configuración")
    yield _("Clave (token)"), _("guardada") if tenant.pac_token else _("falta")
