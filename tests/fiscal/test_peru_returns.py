"""What SUNAT's codes mean for the number, and until when and how a factura is voided there."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifras.fiscal import voiding
from cifras.fiscal.document import Comprobante, Kind, Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from cifras.fiscal.peru import Return, baja, document_type, returned, send_by
from tests.fiscal.drafts import LOCAL

ISSUED = datetime(2026, 11, 14, 10, 30, tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (0, Return.ACCEPTED),
        ("0", Return.ACCEPTED),
        ("0000", Return.ACCEPTED),
        (Decimal(0), Return.ACCEPTED),
        (100, Return.RETURNED),
        ("0100", Return.RETURNED),
        ("1031 - no existe", Return.RETURNED),
        (1999, Return.RETURNED),
        (2000, Return.REJECTED),
        ("3999", Return.REJECTED),
        (4001, Return.WITH_REMARKS),
        ("4287 - El precio unitario…", Return.WITH_REMARKS),
        (9999, Return.WITH_REMARKS),
        ("1032 - anulado o rechazado", Return.NUMBER_IN_USE),
        (1033, Return.NUMBER_IN_USE),
        ("4000", Return.NUMBER_IN_USE),
        (1, Return.UNKNOWN),
        (99, Return.UNKNOWN),
        (-1, Return.UNKNOWN),
        (12345, Return.UNKNOWN),
        ("", Return.UNKNOWN),
        ("soap:Client.2335", Return.UNKNOWN),
        (None, Return.UNKNOWN),
        (True, Return.UNKNOWN),
        (0.0, Return.UNKNOWN),
        (["0"], Return.UNKNOWN),
    ],
)
def test_a_code_is_read_by_its_range(code: object, meaning: Return) -> None:
    assert returned(code) is meaning


def test_remarks_do_not_take_an_acceptance_back() -> None:
    assert returned(0, ["4287 - El precio…"]) is Return.WITH_REMARKS
    assert returned("2335", ["4287 - El precio…"]) is Return.REJECTED
    assert Return.WITH_REMARKS.is_accepted


@given(st.integers(0, 9999))
def test_a_number_is_never_both_valid_and_to_be_sent_again(code: int) -> None:
    meaning = returned(code)
    assert sum([meaning.is_accepted, meaning is Return.RETURNED, meaning.burns_number]) <= 1
    assert returned(f"{code:04d}") is meaning


@pytest.mark.parametrize(
    ("kind", "comprobante", "code"),
    [
        (Kind.INVOICE, Comprobante.FACTURA, "01"),
        (Kind.INVOICE, Comprobante.BOLETA, "03"),
        (Kind.CREDIT, Comprobante.FACTURA, "07"),
        (Kind.CREDIT, Comprobante.BOLETA, "07"),
    ],
)
def test_sunats_type_follows_from_the_draft(kind: Kind, comprobante: Comprobante, code: str) -> None:
    assert document_type(kind, comprobante) == code


def test_a_factura_is_sent_within_three_days_and_a_boleta_within_five() -> None:
    late = datetime(2026, 11, 15, 4, 30, tzinfo=UTC)  # still the 14th in Lima
    assert send_by(late, Comprobante.FACTURA).isoformat() == "2026-11-17T23:59:59.999999-05:00"
    assert send_by(late, Comprobante.BOLETA).date().isoformat() == "2026-11-19"


def void_at(moment: datetime, reason: str = "RUC equivocado") -> str:
    return voiding.require_void(
        mode=Mode.DGI,
        submission=Submission.ACCEPTED,
        legal=LegalStatus.DGI_AUTHORIZED,
        void=VoidStatus.NONE,
        reason=reason,
        issued_at=ISSUED,
        at=moment,
        window=baja.WINDOW,
        minimum=baja.REASON[0],
        maximum=baja.REASON[1],
    )


def test_the_houses_guard_takes_the_window_and_the_reason_of_a_baja() -> None:
    last = voiding.deadline(ISSUED, baja.WINDOW)
    assert last.isoformat() == "2026-11-21T23:59:59.999999-05:00"
    assert void_at(last, " RUC ") == "RUC"
    with pytest.raises(voiding.VoidWindowClosed, match="nota de crédito"):
        void_at(last + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "void_reason_too_short"), (" ab ", "void_reason_too_short"), ("x" * 101, "void_reason_too_long")],
)
def test_a_reason_of_a_baja_has_3_to_100_characters(text: str, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        void_at(ISSUED, text)
    assert refused.value.code == code
    assert void_at(ISSUED, " abc ") == "abc"
    assert void_at(ISSUED, "x" * 100) == "x" * 100


def test_a_boleta_goes_by_the_daily_summary() -> None:
    baja.require_by_baja(Comprobante.FACTURA)
    with pytest.raises(RuleBroken, match="resumen diario"):
        baja.require_by_baja(Comprobante.BOLETA)
