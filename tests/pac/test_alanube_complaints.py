"""What a refusal means: by code first, then by whole phrases, and never more than was said."""

from typing import Any

import pytest

from cifras.pac.alanube.complaints import Act, error_of, problems_of, require_success
from cifras.pac.alanube.fields import our_field
from cifras.pac.alanube.remedies import remedy
from cifras.pac.errors import (
    AlreadyVoided,
    Incident,
    NotFound,
    NumberTaken,
    Outcome,
    PacError,
    Problem,
    Refused,
    Unsettled,
    WindowClosed,
)
from cifras.pac.registry import PROVIDERS
from cifras.pac.transport import Answer
from tests.pac.golden import example, names

LONG = "x" * 5000


def refused(body: Any, status: int = 400, act: Act = Act.CREATE, text: str = "") -> PacError:
    return error_of(Answer(status, {}, text, body, "exchange-1"), act)


def messages(body: Any) -> list[str]:
    return [problem.message for problem in problems_of(body)]


# Shapes


@pytest.mark.parametrize(
    "body",
    [
        {"message": "A"},
        {"message": ["A"]},
        {"error": "A"},
        {"error": {"message": "A"}},
        {"error": {"message": {"detail": "A"}}},
        {"errors": ["A"]},
        {"errors": [{"message": "A"}]},
        {"errors": [{"message": ["A"]}]},
        {"errors": {"message": "A"}},
        {"errors": [[{"description": "A"}]]},
        {"response": [{"message": "A"}]},
        {"governmentResponse": [{"message": "A"}]},
        {"governmentResponse": {"messages": ["A"]}},
        {"errors": [], "message": "", "error": None, "response": [{"message": "A"}]},
        ["A"],
        "A",
        [{"message": "A"}],
    ],
)
def test_every_shape_of_a_complaint_is_read(body: Any) -> None:
    assert messages(body) == ["A"]


def test_the_first_shape_that_says_anything_goes_first() -> None:
    shapes = ("errors", "message", "error", "response", "governmentResponse")
    body = {name: [name] for name in reversed(shapes)}
    for place, name in enumerate(shapes):
        assert messages({key: value for key, value in body.items() if key in shapes[place:]}) == [name]


@pytest.mark.parametrize(
    "body", [None, 12, {}, {"message": None}, {"errors": [{}]}, {"message": {"a": 1}}, []]
)
def test_a_body_that_says_nothing_has_no_complaint(body: Any) -> None:
    assert messages(body) == []
    assert type(refused(body)) is Refused


def test_words_that_are_no_json_are_shown_as_they_came() -> None:
    assert refused(None, text="Solicitud incorrecta").provider_words == "Solicitud incorrecta"


@pytest.mark.parametrize("code", [400, "400", 422, True, None, {"a": 1}])
def test_an_http_status_in_place_of_a_code_is_none(code: Any) -> None:
    assert next(problems_of({"code": code, "message": "A"})).code == ""


def test_the_code_of_the_whole_belongs_to_complaints_without_their_own() -> None:
    body = {"code": "AP1", "errors": [{"message": "A"}, {"message": "B", "code": "AP2"}]}
    assert [problem.code for problem in problems_of(body)] == ["AP1", "AP2"]


def test_complaints_without_end_are_cut() -> None:
    nested: Any = "A"
    for _ in range(200):
        nested = {"message": nested}
    assert messages(nested) == []
    assert len(messages({"errors": ["A"] * 1000})) == 100
    assert len(messages({"message": LONG})[0]) == 2000
    assert len(refused(None, text=LONG).provider_words) == 500


def test_the_error_carries_all_there_is_to_look_at() -> None:
    body = {"message": "Document rejected", "document": {"id": "01K9"}}
    error = refused(body, 422)
    assert (error.status, error.body, error.exchange_id) == (422, body, "exchange-1")


# Classes


@pytest.mark.parametrize("status", [401, 402, 403, 405, 407, 413, 415])
@pytest.mark.parametrize("act", Act)
def test_the_account_is_at_fault_and_no_document(status: int, act: Act) -> None:
    error = refused({"message": "Document numeration already used"}, status, act)
    assert (type(error), error.outcome) == (Incident, Outcome.NOT_DONE)


@pytest.mark.parametrize(
    ("act", "kind"),
    [(Act.CREATE, Incident), (Act.OTHER, Incident), (Act.VOID, NotFound), (Act.DOCUMENT, NotFound)],
)
def test_404_is_about_whatever_the_address_names(act: Act, kind: type[PacError]) -> None:
    assert type(refused({"message": "Not found"}, 404, act)) is kind


@pytest.mark.parametrize(
    "problem",
    [
        {"code": "AP1010", "message": "Anything"},
        {"code": "ap1010", "message": "Anything"},
        {"code": "AP1010", "errors": [{"message": "Anything"}]},
        {"code": "4003", "message": "El código QR del emisor no es válido"},
        {"message": "Company QR not requested or wrong"},
        {"message": "Company is not affiliated"},
        {"message": "idCompany not found"},
        {"message": "The certificate has expired"},
        {"message": "Invalid signature certificate"},
        {"message": "Certificate of the company is missing"},
        {"message": "El certificado del emisor está vencido"},
        {"message": "La empresa no está afiliada"},
        {"errors": [{"message": "x is wrong"}, {"message": "certificate expired"}]},
    ],
)
@pytest.mark.parametrize("act", [Act.CREATE, Act.VOID])
def test_a_complaint_about_the_company_holds_the_queue(problem: dict[str, Any], act: Act) -> None:
    assert type(refused(problem, 400, act)) is Incident


@pytest.mark.parametrize(
    "message",
    [
        "Document numeration already used",
        "The numeration has already been used",
        "numeration 0000000101 of billing point 001 was previously registered",
        "Invoice number already exists",
        "The document number is already used by another document",
        "Document already exists",
        "Duplicated numeration",
        "CUFE already registered",
        "cufe duplicado",
        "La numeración ya fue utilizada",
        "La numeración 0000000101 ya existe",
        "El número de documento ya ha sido registrado",
        "Numeración duplicada",
    ],
)
@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_number_that_is_taken_is_told_apart_from_a_refusal(message: str, status: int) -> None:
    error = refused({"errors": [{"message": message}]}, status)
    assert type(error) is NumberTaken
    assert error.provider_words == message


@pytest.mark.parametrize(
    "message",
    [
        "El RUC es inexistente en el registro",
        "El documento referenciado no existe",
        "numeration is required",
        "numeration must have 10 digits",
        "instance.information.numeration does not match pattern",
        "The telephone number is invalid",
        "RUC already verified",
        "certificated product code is wrong",
        "instance.items[0].description mentions an expired certificate",
        "The referenced invoice was already voided",
        "outside void window",
    ],
)
def test_words_that_only_look_alike_are_a_plain_refusal(message: str) -> None:
    assert type(refused({"message": message})) is Refused


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"code": 400, "message": "outside void window"}, WindowClosed),
        ({"message": "The void window has expired"}, WindowClosed),
        ({"message": "Fuera de plazo para anular"}, WindowClosed),
        ({"message": "El plazo de anulación está vencido"}, WindowClosed),
        ({"code": "0622", "message": "Evento repetido"}, AlreadyVoided),
        ({"message": "Document already voided"}, AlreadyVoided),
        ({"message": "Invoice has already been cancelled"}, AlreadyVoided),
        ({"message": "El documento ya fue anulado"}, AlreadyVoided),
        ({"message": ["outside void window", "already voided"]}, AlreadyVoided),
        ({"code": 400, "message": "reason too short"}, Refused),
        ({"message": "Document numeration already used"}, Refused),
        ({"message": "Document is not authorized"}, Refused),
    ],
)
def test_what_a_refused_void_means(body: dict[str, Any], kind: type[Refused]) -> None:
    assert type(refused(body, 400, Act.VOID)) is kind


@pytest.mark.parametrize("act", [Act.CREATE, Act.VOID])
def test_a_conflict_that_does_not_say_which_settles_nothing(act: Act) -> None:
    assert refused({"message": "Conflict"}, 409, act).outcome is Outcome.UNKNOWN
    assert type(refused({"message": "Conflict"}, 409, Act.OTHER)) is Refused


@pytest.mark.parametrize("status", [406, 410, 418, 451])
def test_a_status_nobody_has_seen_settles_nothing(status: int) -> None:
    assert type(refused({"message": "?"}, status)) is Unsettled


@pytest.mark.parametrize("status", [400, 422])
def test_a_page_in_place_of_an_answer_rejects_no_document(status: int) -> None:
    assert type(refused(None, status, text=" <html><h1>400 Bad Request</h1></html>")) is Incident


def test_a_success_is_no_error() -> None:
    accepted = Answer(202, {}, "{}", {}, "exchange-1")
    assert require_success(accepted, Act.CREATE) is accepted


# Where a complaint points


@pytest.mark.parametrize(
    ("message", "field", "ours"),
    [
        ('instance.receiver.ruc requires property "ruc"', "", "receiver.ruc"),
        ('instance.receiver.ruc requires property "type"', "", "receiver.contributor"),
        ('instance.receiver requires property "name"', "", "receiver.name"),
        ("instance.receiver.otherCountry is not of a type(s) string", "", "receiver.country"),
        ('instance requires property "exportation"', "", "exportation"),
        ("instance.exportation should not be specified", "", "exportation"),
        (
            "instance.receiver.country and instance.information.destination do not match",
            "",
            "receiver.country",
        ),
        ("instance.receiver.emails[1] does not conform", "", "receiver.emails[1]"),
        ("instance.receiver.foreign.number is required", "", "receiver.foreign_id.number"),
        ("instance.receiver.location.code does not match pattern", "", "receiver.location"),
        ("instance.items[2].cpbs.unit is wrong", "", "lines[2].cpbs_unit"),
        ('instance.items[2] requires property "cpbs"', "", "lines[2].cpbs_code"),
        ("instance.items.3.prices.transfer must be a number", "", "lines[3].unit_price"),
        ("instance.items[0].prices.discount is too large.", "", "lines[0].unit_discount"),
        ("instance.items[0].quantity must be greater than 0", "", "lines[0].quantity"),
        ("instance.items[0].gtin.inventoryCode is wrong", "", "lines[0]"),
        ("instance.items does not meet minimum length of 1", "", "lines"),
        ("instance.totals.paymentMethods[1].otherType is required", "", "payments[1].description"),
        ('instance.totals requires property "paymentMethods"', "", "payments"),
        ("instance.totals.installmentPayment[0].dueDate is wrong", "", "instalments"),
        ("instance.totals.retention.code is wrong", "", "retention_code"),
        ("instance.information.issueDate is wrong", "", "issue_date"),
        ("instance.idOffice is wrong", "", "office"),
        ('instance requires property "referencedDocuments"', "", "references"),
        ('requires property "rate"', "items[0].itbms.rate", "lines[0].tax_rate"),
        ('requires property "rate"', "items[0].itbms", "lines[0].tax_rate"),
        ("is wrong", "instance.receiver.address", "receiver.address"),
        ("reason too short", "", "reason"),
        ("Reason must have at least 15 characters", "", "reason"),
        ("refused for this reason", "", ""),
        ("instance.somethingNew is wrong", "", ""),
        ("Anything else", "", ""),
        ("", "", ""),
    ],
)
def test_a_complaint_points_at_the_member_of_our_document(message: str, field: str, ours: str) -> None:
    assert our_field(message, field) == ours


# What to do about it


def known_complaints() -> list[Problem]:
    """Every complaint of the contract: its examples, and the messages it quotes."""
    shown = [example(name[:6]) for name in names("res")]
    bodies = [each["body"] for each in shown if each["_meta"]["status"] >= 400]
    rejected = example("res-03")["body"]["document"]["governmentResponse"]
    quoted = (
        'instance.receiver.ruc requires property "type"',
        'instance requires property "exportation"',
        "instance.exportation should not be specified",
        "instance.receiver.country and instance.information.destination do not match",
    )
    return [problem for body in [*bodies, rejected, list(quoted)] for problem in problems_of(body)] + [
        Problem("RUC del receptor no existe", "1601"),
        Problem("DV incorrecto", "1602"),
        Problem("", "0622"),
    ]


@pytest.mark.parametrize("problem", known_complaints(), ids=lambda problem: problem.message or problem.code)
def test_every_known_complaint_has_a_remedy(problem: Problem) -> None:
    assert remedy(problem).endswith(".")
    assert PROVIDERS["alanube"].remedy(problem) == remedy(problem)


@pytest.mark.parametrize(
    ("message", "field", "words"),
    [
        ('instance.receiver.ruc requires property "ruc"', "receiver.ruc", "RUC"),
        ('instance.receiver.ruc requires property "type"', "receiver.contributor", "tipo de contribuyente"),
        ("instance.receiver.otherCountry is not of a type(s) string", "receiver.country", "dos letras"),
        ('instance requires property "exportation"', "exportation", "incoterm"),
        ("instance.exportation should not be specified", "exportation", "Quite los datos"),
        (
            "instance.receiver.country and instance.information.destination do not match",
            "receiver.country",
            "no concuerdan",
        ),
        (
            "The destination of the operation cannot be Foreign if the Document Type is Internal Operation Invoice",
            "receiver.country",
            "no concuerdan",
        ),
    ],
)
def test_every_message_quoted_from_the_wire_is_told_with_its_field_and_its_remedy(
    message: str, field: str, words: str
) -> None:
    for body in (
        {"message": [message], "code": 400},
        {"message": message},
        {"errors": [{"message": message}]},
    ):
        error = refused(body)
        (problem,) = error.problems
        assert (type(error), problem.field, problem.message) == (Refused, field, message)
        assert words in remedy(problem)


def test_an_unknown_complaint_has_none() -> None:
    assert remedy(Problem("Something new", "AP9999")) == ""


def test_a_code_counts_whole() -> None:
    assert remedy(Problem("Something new", "16011")) == ""
