"""`FaboService` speaks both of Fabo's formats and says of every answer whether the deed was done."""

from decimal import Decimal
from typing import Any, Literal

import pytest

from cifras.fiscal.errors import RuleBroken
from cifras.pac.contract import Exchange
from cifras.pac.errors import (
    AlreadyVoided,
    Incident,
    NotDelivered,
    NotFound,
    NumberTaken,
    Outcome,
    PacError,
    Refused,
    Unsettled,
    WindowClosed,
)
from cifras.pac.fabo import FaboService
from tests.pac.wire_server import WireServer, answer, drop, text

UUID = "0b2f64b2-3a0e-4f0e-9a3e-6f1f0e2d3c4b"
TOKEN = "b9ac7897a8c7e89dc7b8ae56bdabc67687ce68b7dc87c6fabcd8b7c6ae76cbf8"
FACTURA = {
    "tipo": "f",
    "serie": "F001",
    "correlativo": 21,
    "items": [{"unidad": "NIU", "cantidad": Decimal("2"), "valor_unitario": Decimal("100.00")}],
}
ACCEPTED = {
    "valor_resumen": "a2ArXgMakKz81ZTs1A+fLqhe0hg=",
    "codigo_documento": "20410044448-01-F001-1",
    "sunat_respuesta": 0,
    "sunat_descripcion": "La Factura numero F001-1, ha sido aceptada",
    "sunat_observaciones": [],
}
BodyFormat = Literal["json", "text"]
FORMATS: tuple[BodyFormat, ...] = ("json", "text")


def service(wire: WireServer, body_format: BodyFormat = "json", **options: Any) -> FaboService:
    return FaboService(
        f"{wire.base_url}/v1/{UUID}",
        TOKEN,
        body_format=body_format,
        retry_wait=(0, 0),
        read_timeout=5,
        **options,
    )


def plain(body: str, status: int = 200) -> Any:
    return text(body, status, Content_Type="text/plain")


def test_a_command_is_posted_to_its_address_in_the_chosen_format(wire: WireServer) -> None:
    wire.says(answer(ACCEPTED))
    service(wire).emitir(FACTURA, idempotency_key="k-1")
    service(wire, "text").emitir(FACTURA)
    first, second = wire.heard
    assert {heard.path for heard in wire.heard} == {f"/v1/{UUID}/emitir"}
    assert {heard.headers["authorization"] for heard in wire.heard} == {f"Bearer {TOKEN}"}
    assert (first.method, first.headers["content-type"], first.headers["idempotency-key"]) == (
        "POST",
        "application/json",
        "k-1",
    )
    assert first.json["items"] == [{"unidad": "NIU", "cantidad": 2, "valor_unitario": 100}]
    assert second.headers["content-type"] == "text/plain"
    assert second.body == (
        b"tipo: f\nserie: F001\ncorrelativo: 21\n"
        b"items-1-unidad: NIU\nitems-1-cantidad: 2\nitems-1-valor_unitario: 100\n"
    )


ANSWERS = {
    "json": '{"codigo_documento": "20410044448-01-F001-1", "sunat_respuesta": 0, "sunat_observaciones": []}',
    "text": "codigo_documento: 20410044448-01-F001-1\nsunat_respuesta: 0\n",
}


@pytest.mark.parametrize("body_format", FORMATS)
def test_an_acceptance_reads_alike_in_both_formats(wire: WireServer, body_format: BodyFormat) -> None:
    wire.says(
        text(ANSWERS[body_format], Content_Type="application/json" if body_format == "json" else "text/plain")
    )
    said = service(wire, body_format).emitir(FACTURA)
    assert said["codigo_documento"] == "20410044448-01-F001-1"
    assert str(said["sunat_respuesta"]) == "0"


def test_remarks_are_always_a_list(wire: WireServer) -> None:
    wire.says(plain("sunat_respuesta: 0\nsunat_observacion: 4287 - X\n"))
    assert service(wire, "text").emitir(FACTURA)["sunat_observaciones"] == ["4287 - X"]
    wire.says(answer({"sunat_respuesta": 0, "sunat_observacion": "4287 - X"}))
    assert service(wire).emitir(FACTURA)["sunat_observaciones"] == ["4287 - X"]


def test_the_answers_own_format_goes_before_the_requests(wire: WireServer) -> None:
    body = {"codigo_error": "E1", "descripcion_error": "Solo POST", "descripcion_extra": ""}
    wire.says(answer(body, 405))
    with pytest.raises(Incident) as refused:
        service(wire, "text").hola()
    assert refused.value.provider_words == "Solo POST"
    wire.says(text('{"estado": "ok"}', Content_Type="text/html"))
    assert service(wire, "text").hola() == {"estado": "ok"}


def test_a_mail_that_left_answers_nothing(wire: WireServer) -> None:
    wire.says(text("", 204))
    assert service(wire).correo({"codigo_documento": "x", "correo": "a@b.test"}) == {}


def test_a_ruc_and_a_dni_are_asked_about_by_their_names(wire: WireServer) -> None:
    wire.says(answer({"razon_social": "X"}))
    service(wire).consultar_ruc("20131312955")
    service(wire).consultar_ruc("05414828")
    assert [heard.json for heard in wire.heard] == [{"ruc": "20131312955"}, {"dni": "05414828"}]


def error(status: int, sunat: str = "", body_format: BodyFormat = "json") -> Any:
    said = {"codigo_error": "E-7", "descripcion_error": "Dato inválido", "descripcion_extra": "serie"}
    if sunat:
        said = {"sunat_respuesta": sunat, "sunat_descripcion": f"Palabras de SUNAT {sunat}"}
    if body_format == "json":
        return answer(said, status)
    return plain("".join(f"{name}: {value}\n" for name, value in said.items()), status)


@pytest.mark.parametrize("body_format", FORMATS)
@pytest.mark.parametrize(
    ("status", "sunat", "kind"),
    [
        (400, "", Refused),
        (403, "", Incident),
        (406, "", Incident),
        (404, "", Incident),
        (409, "", Unsettled),
        (400, "0150", Refused),
        (400, "2335", Refused),
        (200, "2335", Refused),
        (400, "1032", NumberTaken),
        (400, "1033", NumberTaken),
        (400, "4000", NumberTaken),
        (200, "1033", NumberTaken),
        (200, "4000", NumberTaken),
        (400, "0000", Unsettled),
        (400, "0098", Unsettled),
        (500, "4287", Unsettled),
        (400, "2106", AlreadyVoided),
        (400, "2957", WindowClosed),
        (400, "2105", NotFound),
        (500, "", Unsettled),
    ],
)
def test_every_refusal_has_its_name_and_words(
    wire: WireServer, body_format: BodyFormat, status: int, sunat: str, kind: type[PacError]
) -> None:
    wire.says(error(status, sunat, body_format))
    with pytest.raises(kind) as refused:
        service(wire, body_format).emitir(FACTURA)
    assert refused.value.outcome is (Outcome.UNKNOWN if kind is Unsettled else Outcome.NOT_DONE)
    (problem,) = refused.value.problems
    assert (problem.message, problem.code) == (
        (f"Palabras de SUNAT {sunat}", sunat) if sunat else ("Dato inválido serie", "E-7")
    )


@pytest.mark.parametrize("body_format", FORMATS)
@pytest.mark.parametrize("sunat", ["0", "98", "0098", "4287"])
def test_what_says_nothing_against_the_document_is_no_error(
    wire: WireServer, body_format: BodyFormat, sunat: str
) -> None:
    wire.says(error(200, sunat, body_format))
    assert service(wire, body_format).emitir(FACTURA)["sunat_respuesta"] == sunat


def test_issuing_is_never_repeated_and_a_question_is_asked_twice(wire: WireServer) -> None:
    wire.says(drop)
    for act in (lambda s: s.emitir(FACTURA), lambda s: s.baja({"tipo": "f"}), lambda s: s.correo({})):
        with pytest.raises(Unsettled):
            act(service(wire))
    assert len(wire.heard) == 3
    wire.says(drop, answer({"estado": "ok"}))
    assert service(wire).hola() == {"estado": "ok"}


def test_nothing_left_when_nobody_listens() -> None:
    nobody = FaboService("http://127.0.0.1:9/v1/x", TOKEN, retry_wait=(0, 0), connect_timeout=1)
    with pytest.raises(NotDelivered):
        nobody.emitir(FACTURA)


@pytest.mark.parametrize("body", ["<html>oops</html>", "[]", '"x"', '{"a": NaN}'])
def test_an_answer_that_cannot_be_read_leaves_the_outcome_open(wire: WireServer, body: str) -> None:
    wire.says(text(body))
    with pytest.raises(Unsettled):
        service(wire).emitir(FACTURA)


def test_what_the_text_format_cannot_say_is_refused_before_anything_leaves(wire: WireServer) -> None:
    with pytest.raises(RuleBroken):
        service(wire, "text").emitir({"con-guion": "x"})
    assert wire.heard == []


def test_the_token_stays_out_of_records_and_sight(wire: WireServer) -> None:
    wire.says(plain(f"eco: {TOKEN}\n"))
    kept: list[Exchange] = []
    fabo = service(wire, "text", recorder=kept.append)
    fabo.hola()
    assert TOKEN not in repr(fabo)
    assert TOKEN not in repr(kept)
