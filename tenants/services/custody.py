"""Keeping a company's certificate for as long as the provider does not have it, and not a moment longer."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.pac.contract import CompanyProfile
from tenants.models import Certificate, Onboarding, Tenant
from tenants.services.certificates import OpenedCertificate, open_certificate
from tenants.services.progress import StepResult, StepRun, StepState

SECRETS = (
    "certificate",
    "certificate_password",
    "authentication_certificate",
    "authentication_password",
)
_OPEN_HOLDER = "holder_open"


def take_certificate(run: StepRun) -> StepResult:
    """Open, judge and seal one .p12, or two.

    Inputs: `certificate` (bytes) and `password`; `authentication_certificate` and `authentication_password` where the
    authority gave out two. Where nothing in it names the company, a page passes `holder_confirmed`: with False the step waits
    until it is repeated with True, and then without the file. Raises as `open_certificate`, with the reasons of both.
    """
    _require_still_needed(run.onboarding)
    inputs = run.inputs
    if not inputs.get("certificate") and inputs.get("holder_confirmed") and is_holder_open(run.onboarding):
        return _confirm_holder(run, run.onboarding.data[_OPEN_HOLDER])
    signature = (bytes(inputs.get("certificate") or b""), str(inputs.get("password") or ""))
    authentication = (
        bytes(inputs.get("authentication_certificate") or b""),
        str(inputs.get("authentication_password") or ""),
    )
    faces = open_pair(signature, authentication, ruc=run.tenant.ruc)
    notes = tuple(note for face in faces.values() if face for note in face.notes)
    is_open = bool(notes) and not inputs.get("holder_confirmed", True)
    with transaction.atomic():
        run.hold(data=_with_holder(run.onboarding, notes if is_open else ()))
        seal(run.onboarding, dict(zip(SECRETS, (*signature, *authentication), strict=True)))
        for purpose, face in faces.items():
            keep_face(run.tenant, purpose, face)
        if notes and inputs.get("holder_confirmed"):
            _tell_confirmed(run, [note.message for note in notes])
    return StepResult(StepState.WAITING if is_open else StepState.DONE, notes=notes)


def is_holder_open(onboarding: Onboarding) -> bool:
    """Whether somebody has yet to confirm that the certificate's holder stands for the company."""
    return bool(onboarding.data.get(_OPEN_HOLDER))


def give_up(onboarding: Onboarding) -> None:
    """The certificate that was handed in serves no more: erase it, in the caller's transaction."""
    Certificate.objects.filter(tenant=onboarding.tenant, replaced_at=None, accepted_at=None).update(
        replaced_at=timezone.now()
    )
    onboarding.data = _with_holder(onboarding, ())
    onboarding.steps = {name: entry for name, entry in onboarding.steps.items() if name != "certificate"}
    onboarding.save(update_fields=["data", "steps"])
    seal(onboarding, dict.fromkeys(SECRETS, ""))


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
    seal(onboarding, dict.fromkeys(SECRETS, ""))


def _confirm_holder(run: StepRun, said: list[str]) -> StepResult:
    with transaction.atomic():
        run.hold(data=_with_holder(run.onboarding, ()))
        _tell_confirmed(run, said)
    return StepResult(
        notes=(
            RuleBroken(
                "holder_confirmed",
                gettext_noop("Se confirmó que quien figura en el certificado representa a la empresa."),
            ),
        )
    )


def _tell_confirmed(run: StepRun, said: list[str]) -> None:
    audit.record(
        "certificate.holder_confirmed",
        actor=run.actor,
        tenant_uid=run.tenant.uid,
        target=run.onboarding,
        after={"said": said},
    )


def _with_holder(onboarding: Onboarding, notes: tuple[RuleBroken, ...]) -> dict[str, Any]:
    """The record's data with what has to be confirmed about the holder, or without."""
    data = {name: value for name, value in onboarding.data.items() if name != _OPEN_HOLDER}
    return {**data, _OPEN_HOLDER: [note.message for note in notes]} if notes else data


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


def seal(onboarding: Onboarding, secrets: dict[str, str | bytes]) -> None:
    """Write these columns, in the caller's transaction."""
    for name, clear in secrets.items():
        setattr(onboarding, name, clear)
    onboarding.save(update_fields=list(secrets))


def keep_face(tenant: Tenant, purpose: str, face: OpenedCertificate | None) -> None:
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
