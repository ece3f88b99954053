"""Another certificate for a company that the provider has: judged as in the onboarding, sent, then the old one is replaced.

Until the provider has taken it the old one stays the current one. Bytes and passwords wait sealed in the onboarding record, the
public faces in its `data`; both are erased once it is accepted, or refused for certain. A lost answer leaves
`Onboarding.certificate_unknown`, and the same certificate may be sent again: that changes nothing at the provider.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import Capability, CertificateFiles
from cifras.pac.errors import Incident, Outcome, PacError, Refused
from tenants.models import Certificate, Onboarding, Tenant
from tenants.services import custody
from tenants.services.accounts import company_id, provider_for, require
from tenants.services.certificates import OpenedCertificate
from tenants.services.progress import StepResult, StepRun, StepState, StepTry, last_try

STEP = "replace_certificate"
_KEPT = "new_certificate"
_MEMBERS = ("subject", "serial_number", "fingerprint", "not_before", "not_after")
_CERTIFICATE_STATUSES = frozenset({400, 409, 422})

type _Faces = Mapping[Certificate.Purpose, OpenedCertificate]


@dataclass(frozen=True, slots=True)
class Rotation:
    """A certificate on its way to the provider, as staff see it. `said` is what a person confirms by sending it."""

    faces: _Faces
    said: tuple[RuleBroken, ...]
    is_in_doubt: bool
    last: StepTry


def rotation_of(tenant: Tenant) -> Rotation | None:
    """The certificate that waits to be sent, or of which nobody knows whether it arrived; None when there is none."""
    onboarding: Onboarding | None = getattr(tenant, "onboarding", None)
    faces = _faces(onboarding) if onboarding else {}
    if onboarding is None or not faces:
        return None
    said = tuple(note for face in faces.values() for note in face.notes)
    return Rotation(faces, said, onboarding.certificate_unknown, last_try(onboarding, STEP))


def rotate_certificate(
    tenant: Tenant,
    *,
    signature: tuple[bytes, str],
    authentication: tuple[bytes, str] = (b"", ""),
    actor: Staff | None,
) -> bool:
    """Judge one .p12 with its password, or two, keep them sealed and send them; True once the provider has taken them.

    Where the holder is for a person to confirm, nothing is sent: False, and `send_certificate` goes on. Raises RuleBroken as
    `certificates.open_certificate`, certificate_same, tenant_not_registered; PacError as `send_certificate`.
    """
    with _run(tenant, actor) as run:
        opened = custody.open_pair(signature, authentication, ruc=tenant.ruc)
        faces = {purpose: face for purpose, face in opened.items() if face}
        _require_another(tenant, faces)
        with transaction.atomic():
            run.hold(data={**run.onboarding.data, _KEPT: _written(faces)})
            custody.seal(
                run.onboarding, dict(zip(custody.SECRETS, (*signature, *authentication), strict=True))
            )
        notes = tuple(note for face in faces.values() for note in face.notes)
        if notes:
            run.finish(StepResult(StepState.WAITING, notes=notes))
            return False
        _send(run, faces)
    return True


def send_certificate(tenant: Tenant, *, actor: Staff | None) -> None:
    """Send the certificate that waits: its holder confirmed, or after an answer that was lost.

    Raises RuleBroken (no_new_certificate), PacError: with an UNKNOWN outcome it may have arrived, and is sent again later.
    """
    with _run(tenant, actor) as run:
        faces = _faces(run.onboarding)
        if not faces:
            raise RuleBroken("no_new_certificate", gettext_noop("No hay ningún certificado nuevo en espera."))
        _send(run, faces)


def abandon_rotation(tenant: Tenant, *, actor: Staff | None) -> None:
    """Erase the certificate that waits. Raises RuleBroken while nobody knows whether the provider has it."""
    with _run(tenant, actor) as run:
        if run.onboarding.certificate_unknown:
            raise RuleBroken(
                "certificate_in_doubt",
                gettext_noop(
                    "No se sabe si el PAC ya tiene este certificado: envíelo otra vez para salir de la duda."
                ),
            )
        _erase(run)
        run.finish(StepResult(StepState.PENDING))


@contextmanager
def _run(tenant: Tenant, actor: Staff | None) -> Any:
    """A try of the step over the tenant's record, remembered whatever it comes to."""
    require(tenant, Capability.REPLACE_CERTIFICATE)
    company_id(tenant)
    _require_open(tenant)
    onboarding, _made = Onboarding.objects.get_or_create(tenant=tenant)
    onboarding.tenant = tenant
    run = StepRun(onboarding, STEP, actor)
    run.begin()
    try:
        yield run
    except (RuleBroken, PacError) as error:
        run.fail(error)
        raise
    except BaseException:
        run.drop()
        raise


def _send(run: StepRun, faces: _Faces) -> None:
    tenant, onboarding = run.tenant, run.onboarding
    was_in_doubt = onboarding.certificate_unknown
    files = CertificateFiles(
        onboarding.certificate.reveal_bytes(),
        onboarding.certificate_password.reveal(),
        onboarding.authentication_certificate.reveal_bytes(),
        onboarding.authentication_password.reveal(),
    )
    run.hold(certificate_unknown=True)
    try:
        state = provider_for(tenant).replace_certificates(company_id(tenant), files)
    except PacError as error:
        if error.outcome is Outcome.NOT_DONE and not was_in_doubt:
            _note_not_done(run, error)
        raise _about_certificate(error) from error
    with transaction.atomic():
        _take_the_place(run, faces, exchange_id=state.exchange_id)
    run.finish(StepResult(exchange_id=state.exchange_id))


def _note_not_done(run: StepRun, error: PacError) -> None:
    """Certainly not taken: kept to be sent again, unless it is the certificate that was refused."""
    run.hold(certificate_unknown=False)
    if _is_about_certificate(error):
        _erase(run)


def _take_the_place(run: StepRun, faces: _Faces, *, exchange_id: str) -> None:
    tenant, now = run.tenant, timezone.now()
    current = Certificate.objects.filter(tenant=tenant, replaced_at=None)
    before = {row.purpose: row.fingerprint for row in current}
    for purpose in Certificate.Purpose:
        custody.keep_face(tenant, purpose, faces.get(purpose))
    Certificate.objects.filter(tenant=tenant, replaced_at=None).update(accepted_at=now)
    run.hold(certificate_unknown=False)
    _erase(run)
    audit.record(
        "certificate.replaced",
        actor=run.actor,
        tenant_uid=tenant.uid,
        target=tenant,
        before=before,
        after={purpose.value: face.fingerprint for purpose, face in faces.items()}
        | {"said": [note.message for face in faces.values() for note in face.notes]},
        exchange_id=exchange_id,
    )


def _erase(run: StepRun) -> None:
    """Bytes, passwords and faces are kept no longer."""
    with transaction.atomic():
        run.hold(data={name: value for name, value in run.onboarding.data.items() if name != _KEPT})
        custody.seal(run.onboarding, dict.fromkeys(custody.SECRETS, ""))


def _require_open(tenant: Tenant) -> None:
    if tenant.state == Tenant.State.CLOSED:
        raise RuleBroken(
            "tenant_state",
            gettext_noop("La empresa está en estado «{state}»: esta operación no corresponde."),
            state=tenant.get_state_display(),
        )


def _require_another(tenant: Tenant, faces: _Faces) -> None:
    """Raises RuleBroken where what was uploaded is what the provider has already."""
    held = set(
        Certificate.objects.filter(tenant=tenant, replaced_at=None, accepted_at__isnull=False).values_list(
            "purpose", "fingerprint"
        )
    )
    if held == {(purpose.value, face.fingerprint) for purpose, face in faces.items()}:
        raise RuleBroken(
            "certificate_same",
            gettext_noop("Es el mismo certificado que el PAC ya tiene. Suba el nuevo."),
            "certificate",
        )


def _is_about_certificate(error: PacError) -> bool:
    is_examined = isinstance(error, Incident) and error.status in _CERTIFICATE_STATUSES
    return isinstance(error, Refused) or is_examined


def _about_certificate(error: PacError) -> PacError:
    """A refusal in words that fit: it is the certificate that was refused, and the old one goes on."""
    if not _is_about_certificate(error):
        return error
    return Refused(
        gettext_noop("El PAC rechazó el certificado nuevo: sigue en uso el anterior. Revise lo que señala."),
        status=error.status,
        problems=error.problems,
        body=error.body,
        exchange_id=error.exchange_id,
    )


def _written(faces: _Faces) -> dict[str, Any]:
    """The faces as JSON."""
    written: dict[str, Any] = {}
    for purpose, face in faces.items():
        said = [{"code": note.code, "message": note.template, "values": note.values} for note in face.notes]
        members = {name: getattr(face, name) for name in _MEMBERS}
        written[purpose.value] = audit.plain_json({**members, "notes": said})
    return written


def _faces(onboarding: Onboarding) -> _Faces:
    """The faces that were written, in the order of their purposes."""
    kept = onboarding.data.get(_KEPT, {})
    return {purpose: _face(kept[purpose.value]) for purpose in Certificate.Purpose if purpose.value in kept}


def _face(written: Mapping[str, Any]) -> OpenedCertificate:
    notes = (RuleBroken(note["code"], note["message"], **note["values"]) for note in written["notes"])
    return OpenedCertificate(
        subject=written["subject"],
        serial_number=written["serial_number"],
        fingerprint=written["fingerprint"],
        not_before=datetime.fromisoformat(written["not_before"]),
        not_after=datetime.fromisoformat(written["not_after"]),
        notes=tuple(notes),
    )
