"""Keeping a company's certificate for as long as the provider does not have it, and not a moment longer."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.pac.contract import CompanyProfile
from tenants.models import Certificate, Onboarding, Tenant
from tenants.services.certificates import OpenedCertificate, open_certificate
from tenants.services.progress import StepResult, StepRun

_SECRETS = (
    "certificate",
    "certificate_password",
    "authentication_certificate",
    "authentication_password",
)


def take_certificate(run: StepRun) -> StepResult:
    """Open, judge and seal one .p12, or two.

    Inputs: `certificate` (bytes) and `password`; `authentication_certificate` and `authentication_password` where the
    authority gave out two. Raises as `open_certificate`, with the reasons of both.
    """
    _require_still_needed(run.onboarding)
    inputs = run.inputs
    signature = (bytes(inputs.get("certificate") or b""), str(inputs.get("password") or ""))
    authentication = (
        bytes(inputs.get("authentication_certificate") or b""),
        str(inputs.get("authentication_password") or ""),
    )
    faces = open_pair(signature, authentication, ruc=run.tenant.ruc)
    with transaction.atomic():
        run.hold()
        _seal(run.onboarding, dict(zip(_SECRETS, (*signature, *authentication), strict=True)))
        for purpose, face in faces.items():
            _keep_face(run.tenant, purpose, face)
    return StepResult(notes=tuple(note for face in faces.values() if face for note in face.notes))


def open_pair(
    signature: tuple[bytes, str], authentication: tuple[bytes, str], *, ruc: str
) -> dict[Certificate.Purpose, OpenedCertificate | None]:
    """The public faces by purpose; the one for authentication is None when there is none. Raises with all reasons at once."""
    reasons: list[RuleBroken] = []
    faces: dict[Certificate.Purpose, OpenedCertificate | None] = {}
    for purpose, field, (content, password) in (
        (Certificate.Purpose.SIGNATURE, "certificate", signature),
        (Certificate.Purpose.AUTHENTICATION, "authentication_certificate", authentication),
    ):
        faces[purpose] = None
        if not content and purpose == Certificate.Purpose.AUTHENTICATION:
            continue
        try:
            faces[purpose] = open_certificate(content, password, ruc=ruc, field=field)
        except RuleBroken as reason:
            reasons.append(reason)
    refuse(reasons)
    return faces


def profile_of(onboarding: Onboarding) -> CompanyProfile:
    """What the provider is given to register the company, certificates and passwords included."""
    tenant = onboarding.tenant
    return CompanyProfile(
        ruc=tenant.ruc,
        contributor=tenant.ruc_type,
        dv=tenant.dv,
        legal_name=tenant.legal_name,
        trade_name=tenant.trade_name,
        logo_url=tenant.logo_url,
        certificate=onboarding.certificate.reveal_bytes(),
        certificate_password=onboarding.certificate_password.reveal(),
        authentication_certificate=onboarding.authentication_certificate.reveal_bytes(),
        authentication_password=onboarding.authentication_password.reveal(),
    )


def let_go(onboarding: Onboarding, *, was_sent: bool) -> None:
    """The company exists at the provider: erase bytes and passwords.

    The faces are accepted where our request made the company; otherwise the provider has another certificate.
    """
    now = timezone.now()
    current = Certificate.objects.filter(tenant=onboarding.tenant, replaced_at=None, accepted_at=None)
    current.update(**({"accepted_at": now} if was_sent else {"replaced_at": now}))
    _seal(onboarding, dict.fromkeys(_SECRETS, ""))


def _require_still_needed(onboarding: Onboarding) -> None:
    if onboarding.tenant.pac_company_id:
        raise RuleBroken(
            "certificate_already_accepted",
            gettext_noop(
                "La empresa ya existe en el PAC, que tiene su certificado: aquí no hace falta otro."
            ),
            "certificate",
        )
    if onboarding.company_unknown:
        raise RuleBroken(
            "certificate_in_doubt",
            gettext_noop(
                "No se sabe si el PAC recibió el certificado anterior: repita primero la creación de la empresa."
            ),
            "certificate",
        )


def _seal(onboarding: Onboarding, secrets: dict[str, str | bytes]) -> None:
    for name, clear in secrets.items():
        setattr(onboarding, name, clear)
    onboarding.save(update_fields=list(secrets))


def _keep_face(tenant: Tenant, purpose: str, face: OpenedCertificate | None) -> None:
    """Make `face` the current one of its purpose; None: there is none any more."""
    now: datetime = timezone.now()
    others = Certificate.objects.filter(tenant=tenant, purpose=purpose, replaced_at=None)
    if face:
        others = others.exclude(fingerprint=face.fingerprint)
    others.update(replaced_at=now)
    if face is None:
        return
    Certificate.objects.update_or_create(
        tenant=tenant,
        purpose=purpose,
        fingerprint=face.fingerprint,
        defaults={
            "subject": face.subject,
            "serial_number": face.serial_number,
            "not_before": face.not_before,
            "not_after": face.not_after,
            "replaced_at": None,
        },
    )
