"""What a tenant still lacks: computed from the facts every time, never stored, and computed here only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from cifras.core.wording import sentence
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken, gettext_noop
from cifras.fiscal.ruc import panama as ruc_rules
from cifras.pac.contract import Capability, ProviderSpec
from tenants.models import Certificate, Office, Onboarding, Tenant
from tenants.services.accounts import provider_spec
from tenants.services.connecting import missing_fields
from tenants.services.custody import is_holder_open
from tenants.services.progress import StepState, last_try

# What only live documents need: a sandbox tenant is active without it.
_ONLY_FOR_LIVE = frozenset({"request_affiliation", "finish_affiliation"})


@dataclass(frozen=True, slots=True)
class PendingStep:
    """A step that is not complete, and why, in the language of the page. `code` names the reason for programs."""

    step: str
    reason: str
    code: str


def pending_steps(tenant: Tenant) -> list[PendingStep]:
    """Every step that is not complete, in their order; empty when the tenant may do all it was taken in for.

    Reads `onboarding`, `certificates` and `offices` of the tenant: prefetch them (with `offices__billing_points`) for a list.
    """
    onboarding: Onboarding | None = getattr(tenant, "onboarding", None)
    found = list(_facts(tenant, onboarding))
    if tenant.state == Tenant.State.ONBOARDING:
        found.append(("activate", "not_activated", gettext_noop("La empresa aún no está activada."), {}))
    return [
        PendingStep(step, sentence(RuleBroken(code, text, **values)), code)
        for step, code, text, values in found
    ]


def blocking_steps(tenant: Tenant) -> list[PendingStep]:
    """What keeps the tenant from being activated: all that is pending, save what only live documents need."""
    spared = set() if tenant.is_live else _ONLY_FOR_LIVE
    return [pending for pending in pending_steps(tenant) if pending.step not in {"activate", *spared}]


type _Fact = tuple[str, str, str, dict[str, Any]]


def _facts(tenant: Tenant, onboarding: Onboarding | None) -> Iterator[_Fact]:
    spec = provider_spec(tenant)
    if spec.can(Capability.ONBOARD):
        yield from _facts_of_a_new_company(tenant, onboarding)
    else:
        yield from _account(tenant, onboarding)
        yield from _register(tenant, onboarding, spec)
        yield from _names(tenant)
    yield from _offices(tenant, spec)


def _facts_of_a_new_company(tenant: Tenant, onboarding: Onboarding | None) -> Iterator[_Fact]:
    is_registered = bool(tenant.pac_company_id)
    yield from _ruc(tenant, onboarding)
    yield from _names(tenant)
    yield from _certificate(tenant, onboarding, is_registered=is_registered)
    if not is_registered:
        yield from _company(onboarding)
    yield from _affiliation(tenant, onboarding)


def _names(tenant: Tenant) -> Iterator[_Fact]:
    if not tenant.legal_name:
        yield "company", "company_missing", gettext_noop("Falta la razón social de la empresa."), {}


def _account(tenant: Tenant, onboarding: Onboarding | None) -> Iterator[_Fact]:
    """The account at a provider where the company exists already: known, and let in when it was tried."""
    if tenant.pac_company_id and tenant.state != Tenant.State.ONBOARDING:
        return
    missing = [gettext(each.label) for each in missing_fields(tenant, onboarding)]
    if missing:
        text = gettext_noop("Falta la cuenta en el proveedor: {fields}.")
        yield "account", "account_missing", text, {"fields": ", ".join(missing)}
    if tenant.pac_company_id:
        return
    asked = last_try(onboarding, "ping").state if onboarding else StepState.PENDING
    if asked is StepState.FAILED:
        text = gettext_noop("El proveedor no aceptó la cuenta: corríjala y vuelva a probarla.")
    elif asked is StepState.UNKNOWN:
        text = gettext_noop("Se probó la cuenta y la respuesta se perdió: vuelva a probarla.")
    else:
        text = gettext_noop("La cuenta aún no se ha probado con el proveedor.")
    yield "ping", "account_not_tried", text, {}


def _register(tenant: Tenant, onboarding: Onboarding | None, spec: ProviderSpec) -> Iterator[_Fact]:
    """The RUC is right by its own digit since the beginning; where the provider can say whether it exists, it is asked."""
    asked = last_try(onboarding, "ruc").state if onboarding else StepState.PENDING
    if tenant.state != Tenant.State.ONBOARDING or asked is StepState.DONE:
        return
    if asked is StepState.FAILED:
        text = gettext_noop("El proveedor no confirmó el RUC: corríjalo o repita la consulta.")
        yield "ruc", "ruc_refused", text, {}
    elif spec.can(Capability.VERIFY_TAX_ID, tenant.pac_options):
        yield "ruc", "ruc_not_asked", gettext_noop("Falta confirmar el RUC con el proveedor."), {}


def _ruc(tenant: Tenant, onboarding: Onboarding | None) -> Iterator[_Fact]:
    """Right by our own arithmetic, or confirmed by the provider; and never contradicted by it."""
    asked = last_try(onboarding, "ruc").state if onboarding else StepState.PENDING
    if tenant.pac_company_id or asked is StepState.DONE:
        return
    if asked is StepState.FAILED:
        yield (
            "ruc",
            "ruc_refused",
            gettext_noop("El PAC no confirmó el RUC y el DV: corríjalos o repita la consulta."),
            {},
        )
        return
    try:
        ruc_rules.validate(tenant.ruc, tenant.ruc_type, tenant.dv)
    except CannotVerifyLocally:
        yield (
            "ruc",
            "ruc_open",
            gettext_noop("El DV de este RUC solo lo puede confirmar el PAC: consúltelo."),
            {},
        )
    except RuleBroken as reason:
        yield "ruc", reason.code, reason.template, dict(reason.values)


def _certificate(tenant: Tenant, onboarding: Onboarding | None, *, is_registered: bool) -> Iterator[_Fact]:
    current = [
        row
        for row in tenant.certificates.all()
        if row.purpose == Certificate.Purpose.SIGNATURE and row.replaced_at is None
    ]
    expired = [row for row in current if row.not_after < timezone.now()]
    if expired:
        values = {"until": timezone.localtime(expired[0].not_after).strftime("%d/%m/%Y")}
        yield (
            "certificate",
            "certificate_expired",
            gettext_noop("El certificado venció el {until}: no se puede firmar hasta que el PAC tenga otro."),
            values,
        )
    elif not is_registered and not (
        onboarding and (onboarding.certificate or onboarding.data.get("company_id"))
    ):
        yield (
            "certificate",
            "certificate_missing",
            gettext_noop("Falta el certificado de firma con su contraseña."),
            {},
        )
    elif onboarding and onboarding.certificate_unknown:
        yield (
            "certificate",
            "certificate_in_doubt",
            gettext_noop(
                "Se envió otro certificado al PAC y la respuesta se perdió: envíelo de nuevo para salir de la duda."
            ),
            {},
        )
    elif not is_registered and onboarding and is_holder_open(onboarding):
        yield (
            "certificate",
            "holder_open",
            gettext_noop("Falta confirmar que quien figura en el certificado representa a la empresa."),
            {},
        )


def _company(onboarding: Onboarding | None) -> Iterator[_Fact]:
    if onboarding and onboarding.company_unknown:
        yield (
            "create_company",
            "company_unknown",
            gettext_noop(
                "Se pidió crear la empresa en el PAC y la respuesta se perdió: repita el paso, se preguntará antes."
            ),
            {},
        )
    else:
        yield "create_company", "company_not_created", gettext_noop("La empresa aún no existe en el PAC."), {}


def _affiliation(tenant: Tenant, onboarding: Onboarding | None) -> Iterator[_Fact]:
    if tenant.may_issue_live:
        return
    if tenant.affiliation_lapsed_at:
        yield (
            "finish_affiliation",
            "affiliation_lapsed",
            gettext_noop(
                "La afiliación caducó el {since}: pida un código nuevo, que el cliente lo escanee, y complete el paso."
            ),
            {"since": timezone.localtime(tenant.affiliation_lapsed_at).strftime("%d/%m/%Y")},
        )
        return
    asked = last_try(onboarding, "request_affiliation").state if onboarding else StepState.PENDING
    if asked is not StepState.DONE and not tenant.affiliated:
        yield (
            "request_affiliation",
            "affiliation_not_requested",
            gettext_noop("Falta pedir la afiliación: da el código QR que el cliente escanea."),
            {},
        )
    answered = gettext_noop(
        "El PAC responde «{word}»: el cliente escanea el código QR en la aplicación de la DGI y se repite el paso."
    )
    silent = gettext_noop(
        "Falta completar la afiliación: el cliente escanea el código QR en la aplicación de la DGI y después se completa."
    )
    yield (
        "finish_affiliation",
        "affiliation_waiting",
        answered if tenant.affiliated else silent,
        {"word": tenant.affiliated} if tenant.affiliated else {},
    )


_PANAMANIAN_OFFICES = (
    gettext_noop("Falta al menos una sucursal."),
    gettext_noop("La sucursal {office} no tiene punto de facturación."),
)
_OFFICES_MISSING: Mapping[str, tuple[str, str]] = {
    Tenant.Country.PERU: (
        gettext_noop("Falta al menos un establecimiento con sus series."),
        gettext_noop("El establecimiento {office} no tiene ninguna serie."),
    ),
}


def _offices(tenant: Tenant, spec: ProviderSpec) -> Iterator[_Fact]:
    none, no_points = _OFFICES_MISSING.get(tenant.country, _PANAMANIAN_OFFICES)
    offices = [office for office in tenant.offices.all() if office.closed_at is None]
    if not offices:
        yield "offices", "offices_missing", none, {}
    for office in offices:
        if not office.billing_points.all():
            yield (
                "offices",
                "points_missing",
                no_points,
                {"office": office.code},
            )
    if not spec.can(Capability.ONBOARD):
        return
    for office in offices:
        if office.registration == Office.Registration.UNKNOWN:
            yield (
                "register_offices",
                "office_unknown",
                gettext_noop(
                    "La respuesta sobre la sucursal {office} se perdió: repita el paso, se preguntará antes."
                ),
                {"office": office.code},
            )
        elif not office.pac_office_id:
            yield (
                "register_offices",
                "office_not_registered",
                gettext_noop("La sucursal {office} aún no está registrada en el PAC."),
                {"office": office.code},
            )
