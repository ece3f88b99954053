"""A .p12 is opened in memory, within limits, and every fault has a name of its own."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from cifras.fiscal.errors import RuleBroken
from tenants.services import certificates as opening
from tenants.services.certificates import OpenedCertificate, open_certificate
from tests import certificates
from tests.certificates import PASSWORD, RUC


def opened(content: bytes, password: str = PASSWORD, ruc: str = RUC) -> OpenedCertificate:
    return open_certificate(content, password, ruc=ruc)


def refusal_of(content: bytes, password: str = PASSWORD, ruc: str = RUC) -> RuleBroken:
    with pytest.raises(RuleBroken) as refused:
        opened(content, password, ruc)
    return refused.value


def codes(result: OpenedCertificate) -> list[str]:
    return [note.code for note in result.notes]


def test_a_good_certificate_shows_its_public_face() -> None:
    face = opened(certificates.a_p12())
    assert f"serialNumber={RUC}" in face.subject
    assert len(face.fingerprint) == 64
    assert face.not_before < face.not_after
    assert face.notes == ()


FAULTS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "wrong password": (certificates.a_p12, "otra", "certificate_wrong_password"),
    "no password": (certificates.a_p12, "", "certificate_wrong_password"),
    "nothing": (bytes, PASSWORD, "certificate_not_pkcs12"),
    "a PDF": (lambda: b"%PDF-1.7 not a certificate", PASSWORD, "certificate_not_pkcs12"),
    "PEM": (lambda: b"-----BEGIN CERTIFICATE-----\nMIIB\n", PASSWORD, "certificate_not_pkcs12"),
    "no store": (
        lambda: certificates.as_der(certificates.a_p12()),
        PASSWORD,
        "certificate_not_pkcs12",
    ),
    "cut short": (lambda: certificates.a_p12()[:-40], PASSWORD, "certificate_not_pkcs12"),
    "too large": (lambda: b"\x30\x80" * 40_000, PASSWORD, "certificate_too_large"),
    "endless nesting": (lambda: b"\x30\x80" * 30_000, PASSWORD, "certificate_not_pkcs12"),
    "expired": (certificates.expired, PASSWORD, "certificate_expired"),
    "not yet valid": (certificates.not_yet_valid, PASSWORD, "certificate_not_yet_valid"),
    "another key": (certificates.with_another_key, PASSWORD, "certificate_key_mismatch"),
    "no key": (certificates.without_key, PASSWORD, "certificate_without_key"),
    "another company": (
        lambda: certificates.a_p12("253-92-57027"),
        PASSWORD,
        "certificate_other_company",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_a_code_of_its_own(fault: str) -> None:
    content, password, code = FAULTS[fault]
    refusal = refusal_of(content(), password)
    assert (refusal.code, refusal.field) == (code, "certificate")
    assert refusal.message


def test_a_password_in_spanish_opens_its_file() -> None:
    assert opened(certificates.a_p12(password="contraseña ñandú €"), "contraseña ñandú €")


def test_the_message_of_a_foreign_certificate_names_both_companies() -> None:
    message = refusal_of(certificates.a_p12("253-92-57027")).message
    assert "253-92-57027" in message
    assert RUC in message


@pytest.mark.parametrize(
    "subject",
    [
        {"CN": "Firma", "serialNumber": f"VATPA-{RUC}"},
        {"CN": "Firma", "serialNumber": f"RUC{RUC} DV 59"},
        {"CN": "Firma", "serialNumber": "155596713-0002-002015"},
        {"CN": "Firma", "serialNumber": "8-274-125", "OU": f"ruc {RUC}-59"},
        {"CN": f"COMERCIAL {RUC.lower()}"},
    ],
)
def test_the_company_is_found_however_its_ruc_is_written(subject: dict[str, str]) -> None:
    assert codes(opened(certificates.a_p12(subject=subject))) == []


@pytest.mark.parametrize(
    "subject",
    [
        {"CN": "Firma", "serialNumber": "253-92-57027"},
        {"CN": "Firma", "serialNumber": "8-274-125", "O": "OTRA S.A. RUC 253-92-57027"},
        {"CN": "OTRA S.A. 155646463-2-2017"},
    ],
)
def test_another_companys_ruc_anywhere_in_the_subject_is_refused(subject: dict[str, str]) -> None:
    assert refusal_of(certificates.a_p12(subject=subject)).code == "certificate_other_company"


@pytest.mark.parametrize("cedula", ["8-274-125", "PE-1-19", "E-8-110361", "8AV-1-196"])
def test_a_representatives_own_certificate_is_taken_and_to_be_confirmed(cedula: str) -> None:
    face = opened(certificates.of_person(cedula))
    assert codes(face) == ["certificate_of_person"]
    assert cedula in face.notes[0].message


def test_a_subject_without_any_tax_id_is_to_be_confirmed() -> None:
    subject = {"CN": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "O": "Sin número, S.A."}
    assert codes(opened(certificates.a_p12(subject=subject))) == ["certificate_without_tax_id"]


@pytest.mark.parametrize("count", [600_001, 8_000_000])
def test_a_file_that_asks_for_too_many_iterations_is_refused_before_any_decryption(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_is_opened(*_: Any, **__: Any) -> None:
        raise AssertionError("a decryption was begun")

    monkeypatch.setattr(subprocess, "run", nothing_is_opened)
    refusal = refusal_of(certificates.with_iterations(count))
    assert refusal.code == "certificate_too_costly"
    assert refusal.values["iterations"] == count


def test_iterations_that_common_tools_write_are_affordable() -> None:
    assert opened(certificates.with_iterations(70_000))


def test_the_older_encoding_is_read_too_and_capped_alike() -> None:
    assert opened(certificates.in_segments(certificates.with_iterations(70_000)))
    costly = certificates.in_segments(certificates.with_iterations(8_000_000))
    assert refusal_of(costly).code == "certificate_too_costly"


def test_iterations_hidden_inside_the_encryption_end_with_the_process_that_opens_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "_SECONDS_TO_OPEN", 2)
    assert refusal_of(certificates.with_hidden_iterations(2_000_000_000)).code == "certificate_too_slow"


def test_the_refusal_says_which_of_the_two_certificates_it_means() -> None:
    with pytest.raises(RuleBroken) as refused:
        open_certificate(certificates.expired(), PASSWORD, ruc=RUC, field="authentication_certificate")
    assert refused.value.field == "authentication_certificate"


def test_neither_the_password_nor_the_file_shows_in_a_refusal() -> None:
    refusal = refusal_of(certificates.a_p12(), "canario-4711")
    assert "canario-4711" not in f"{refusal!r} {refusal.values} {refusal.__cause__!r}"
