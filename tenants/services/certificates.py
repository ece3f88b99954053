"""A company's signing certificate: opened in memory, judged, sealed until the provider has it, then erased.

What stays is the public face (`tenants.models.Certificate`). Bytes and password are never on disk in clear, in a log, a session
or a message; the key is opened in a process of its own and never leaves it.
"""

import base64
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from django.utils import timezone

from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.ruc import panama as ruc_rules
from tenants.services import pkcs12_opening
from tenants.services.pkcs12_costs import require_affordable

logger = logging.getLogger(__name__)

_OPENING = Path(pkcs12_opening.__file__)
_SECONDS_TO_OPEN = 15
_INHERITED = ("PATH", "LD_LIBRARY_PATH")

# A RUC or cédula as people write it, alone or inside a longer text; a DV may follow it.
_TAX_ID = re.compile(
    r"((?:(?<![A-Z])(?:PE|E|N)|(?<![0-9])(?:[0-9]{1,2}(?:AV|PI)|[0-9]{1,2}-NT|[0-9]{1,10}))-[0-9]{1,4}-[0-9]{1,7})"
    r"(?:-[0-9]{2})?(?![0-9A-Z-])"
)

_REFUSALS = {
    "wrong_password": gettext_noop(
        "La contraseña no abre el certificado. Escríbala de nuevo tal como la recibió."
    ),
    "not_pkcs12": gettext_noop(
        "El archivo no es un certificado PKCS#12 (.p12 o .pfx). Pídalo a quien lo emitió en ese formato."
    ),
    "unsupported": gettext_noop(
        "El certificado usa un cifrado que no se puede abrir. Expórtelo de nuevo con una herramienta actual."
    ),
    "without_key": gettext_noop(
        "El archivo trae el certificado sin su clave privada y no sirve para firmar. Expórtelo con la clave."
    ),
    "key_mismatch": gettext_noop(
        "La clave privada del archivo no corresponde a su certificado. Pida uno completo a quien lo emitió."
    ),
    "too_slow": gettext_noop(
        "El certificado tarda demasiado en abrirse. Expórtelo de nuevo con una herramienta común."
    ),
}


@dataclass(frozen=True, slots=True)
class OpenedCertificate:
    """The public face of a certificate that may be used. `notes` are for a person to confirm; none of them blocks."""

    subject: str
    serial_number: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    notes: tuple[RuleBroken, ...] = ()


def open_certificate(
    content: bytes, password: str, *, ruc: str, now: datetime | None = None, field: str = "certificate"
) -> OpenedCertificate:
    """Open a .p12 and judge it for the company with this RUC; `field` is named by the refusals.

    Raises RuleBroken with one of the codes certificate_too_large, _too_costly, _not_pkcs12, _wrong_password, _unsupported,
    _without_key, _key_mismatch, _too_slow, _not_yet_valid, _expired, _other_company.
    """
    try:
        require_affordable(content)
        certificate = _opened(content, password)
        _require_in_force(certificate, now or timezone.now())
        notes = tuple(_holder_notes(certificate.subject, ruc))
    except RuleBroken as refusal:
        raise refusal.at(field) from None
    subject = certificate.subject.rfc4514_string({NameOID.SERIAL_NUMBER: "serialNumber"})
    return OpenedCertificate(
        subject=subject[:500].replace("\x00", ""),
        serial_number=f"{certificate.serial_number:x}",
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        notes=notes,
    )


def _opened(content: bytes, password: str) -> x509.Certificate:
    """The certificate, from a process that is limited in time and memory and knows nothing of our environment."""
    secret = password.encode()
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and script; nothing of the caller's is in the command
            [sys.executable, "-I", str(_OPENING)],
            input=b"%d\n" % len(secret) + secret + content,
            capture_output=True,
            timeout=_SECONDS_TO_OPEN,
            env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refusal("too_slow") from None
    if child.returncode != 0:
        logger.error("The process that opens certificates ended with code %s", child.returncode)
        raise _refusal("too_slow")
    answer = json.loads(child.stdout)
    if "refused" in answer:
        raise _refusal(answer["refused"])
    return x509.load_der_x509_certificate(base64.b64decode(answer["certificate"]))


def _refusal(reason: str) -> RuleBroken:
    return RuleBroken(f"certificate_{reason}", _REFUSALS[reason], "certificate")


def _require_in_force(certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        raise RuleBroken(
            "certificate_not_yet_valid",
            gettext_noop(
                "El certificado vale desde el {since}: todavía no se puede usar. Espere o pida otro."
            ),
            "certificate",
            since=_local_day(certificate.not_valid_before_utc),
        )
    if now > certificate.not_valid_after_utc:
        raise RuleBroken(
            "certificate_expired",
            gettext_noop(
                "El certificado venció el {until}. Renuévelo en la Firma Electrónica de Panamá y suba el nuevo."
            ),
            "certificate",
            until=_local_day(certificate.not_valid_after_utc),
        )


def _local_day(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%d/%m/%Y")


def _holder_notes(subject: x509.Name, ruc: str) -> Iterator[RuleBroken]:
    """What a person has to confirm about the holder. Raises RuleBroken when the certificate is another company's."""
    named = list(_tax_ids(subject))
    if _comparable(ruc) in map(_comparable, named):
        return
    for tax_id in named:
        if ruc_rules.is_juridical(tax_id):
            raise RuleBroken(
                "certificate_other_company",
                gettext_noop(
                    "El certificado es de la empresa con RUC {found}, no de {ruc}. Suba el de esta empresa."
                ),
                "certificate",
                found=tax_id,
                ruc=ruc,
            )
    if named:
        yield RuleBroken(
            "certificate_of_person",
            gettext_noop("El certificado es de la persona {person}: confirme que representa a la empresa."),
            "certificate",
            person=named[0],
        )
    else:
        yield RuleBroken(
            "certificate_without_tax_id",
            gettext_noop("El certificado no dice el RUC de su titular: confirme que es de esta empresa."),
            "certificate",
        )


def _tax_ids(subject: x509.Name) -> Iterator[str]:
    """Every text shaped like a tax id: those of the serial number first, then wherever else in the subject."""
    attributes = sorted(subject, key=lambda attribute: attribute.oid != NameOID.SERIAL_NUMBER)
    for attribute in attributes:
        if isinstance(attribute.value, str):
            yield from _TAX_ID.findall(attribute.value.upper())


def _comparable(ruc: str) -> str:
    """A RUC without the left zeros that some issuers write into its parts."""
    return "-".join(part.lstrip("0") for part in ruc.upper().split("-"))
