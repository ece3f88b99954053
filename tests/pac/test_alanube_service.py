"""`PacService` says what the contract says and understands every answer of the contract."""

import warnings
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cifras.fiscal.lifecycle import LegalStatus
from cifras.pac.alanube.service import PacService
from cifras.pac.contract import PacAnswer
from cifras.pac.errors import (
    AlreadyVoided,
    Incident,
    NotFound,
    NotSupported,
    NumberTaken,
    Outcome,
    PacError,
    Problem,
    Refused,
    Unsettled,
    WindowClosed,
)
from tests.pac.golden import COMPANY_ID, CUFE, DOCUMENT_ID, example, names
from tests.pac.wire_server import WireServer, answer, drop, listing, raw, text

REASON = "Factura emitida con datos equivocados del cliente"
Call = Callable[[PacService], Any]


@pytest.fixture
def service(wire: WireServer) -> PacService:
    return PacService(wire.base_url, "a-key", retry_wait=(0, 0), read_timeout=5)


def plain(body: Any) -> Any:
    """A body of the examples as JSON knows it, its Decimals as floats."""
    if isinstance(body, dict):
        return {name: plain(member) for name, member in body.items()}
    if isinstance(body, list):
        return [plain(member) for member in body]
    return float(body) if isinstance(body, Decimal) else body


def speaks(wire: WireServer, name: str) -> Any:
    """Make the provider give one of the contract's answers; answers its body."""
    shown = example(name)
    wire.says(answer(plain(shown["body"]), shown["_meta"]["status"]))
    return shown["body"]


CREATE: Call = lambda service: service.generate_invoice(COMPANY_ID, {"information": {}})  # noqa: E731
NOTE: Call = lambda service: service.generate_credit_note(COMPANY_ID, {"information": {}})  # noqa: E731
READ: Call = lambda service: service.get_invoice(COMPANY_ID, DOCUMENT_ID)  # noqa: E731
VOID: Call = lambda service: service.void_invoice(COMPANY_ID, DOCUMENT_ID, REASON)  # noqa: E731


# What is asked


def as_given(name: str) -> dict[str, Any]:
    return plain(example(name)["request"])


REQUESTS: dict[str, Call] = {
    "req-01": lambda s: s.generate_invoice(COMPANY_ID, as_given("req-01")),
    "req-02": lambda s: s.generate_invoice(COMPANY_ID, as_given("req-02")),
    "req-03": lambda s: s.generate_invoice(COMPANY_ID, as_given("req-03")),
    "req-04": lambda s: s.generate_invoice(COMPANY_ID, as_given("req-04")),
    "req-05": lambda s: s.generate_invoice(COMPANY_ID, as_given("req-05")),
    "req-06": lambda s: s.generate_invoice(COMPANY_ID, as_given("req-06")),
    "req-07": lambda s: s.generate_invoice(COMPANY_ID, as_given("req-07")),
    "req-08": lambda s: s.generate_invoice(COMPANY_ID, as_given("req-08")),
    "req-09": lambda s: s.generate_credit_note(COMPANY_ID, as_given("req-09")),
    "req-10": lambda s: s.generate_credit_note(COMPANY_ID, as_given("req-10")),
    "req-11": VOID,
    "req-12": lambda s: s.notify_webhook(
        COMPANY_ID,
        DOCUMENT_ID,
        url=f"https://cifras.test/webhooks/pac/{COMPANY_ID}",
        secret="whsec_example_only",
        user_id="00000000-0000-4000-8000-000000000001",
    ),
    "req-13": lambda s: s.notify_email(
        COMPANY_ID,
        DOCUMENT_ID,
        mail="cliente@ejemplo.test",
        message="Adjuntamos su factura electrónica.",
        document_type="invoice",
    ),
    "req-14": lambda s: s.create_company(as_given("req-14")),
    "req-15": lambda s: s.create_company(as_given("req-15")),
    "req-16": lambda s: s.create_office(COMPANY_ID, as_given("req-16")),
}


def test_every_request_of_the_contract_is_here() -> None:
    assert sorted(REQUESTS) == sorted(name[:6] for name in names("req"))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_leaves_as_the_contract_shows_it(wire: WireServer, service: PacService, name: str) -> None:
    expected = example(name)
    REQUESTS[name](service)
    (heard,) = wire.heard
    assert (heard.method, heard.path) == (expected["_meta"]["method"], expected["_meta"]["path"])
    assert heard.query == expected["_meta"]["query"]
    assert heard.json == plain(expected["request"])
    assert heard.headers["authorization"] == "Bearer a-key"
    assert heard.headers["accept"] == "application/json"
    assert heard.headers["content-type"] == "application/json"


COMPANY = {"idCompany": COMPANY_ID}
READS: dict[str, tuple[Call, str, dict[str, str]]] = {
    "invoice": (READ, f"/invoices/{DOCUMENT_ID}", {**COMPANY, "documents": "pdf"}),
    "invoice without files": (
        lambda s: s.get_invoice(COMPANY_ID, DOCUMENT_ID, documents=""),
        f"/invoices/{DOCUMENT_ID}",
        COMPANY,
    ),
    "credit note": (
        lambda s: s.get_credit_note(COMPANY_ID, DOCUMENT_ID),
        f"/credit-notes/{DOCUMENT_ID}",
        {**COMPANY, "documents": "pdf"},
    ),
    "check digit": (
        lambda s: s.check_digit("155999901-2-2021", "JURIDICO"),
        "/check-digit",
        {"ruc": "155999901-2-2021", "type": "JURIDICO"},
    ),
    "catalogue": (lambda s: s.goods_and_services(COMPANY_ID), "/goods-and-services", COMPANY),
    "places": (lambda s: s.dgi_catalogue("locations"), "/dgi/locations", {}),
    "company": (lambda s: s.get_company(COMPANY_ID), f"/companies/{COMPANY_ID}", {}),
    "companies": (lambda s: s.list_companies(), "/companies", {}),
    "more companies": (lambda s: s.list_companies(page=2), "/companies", {"page": "2"}),
    "offices": (lambda s: s.list_offices(COMPANY_ID), f"/companies/{COMPANY_ID}/offices", {}),
    "affiliation": (
        lambda s: s.affiliate(COMPANY_ID, 3),
        "/company-affiliate",
        {**COMPANY, "affiliationType": "3"},
    ),
    "report": (
        lambda s: s.documents_report(COMPANY_ID, date(2026, 11, 1), date(2026, 11, 30)),
        "/reports/documents",
        {**COMPANY, "from": "2026-11-01", "to": "2026-11-30"},
    ),
    "report by kind": (
        lambda s: s.documents_report(
            COMPANY_ID,
            "2026-11-01",
            "2026-11-30",
            doc_type="invoice",
            legal_status="DGI_AUTHORIZED",
            group_by="docType",
        ),
        "/reports/documents",
        {
            **COMPANY,
            "from": "2026-11-01",
            "to": "2026-11-30",
            "docType": "invoice",
            "legalStatus": "DGI_AUTHORIZED",
            "groupBy": "docType",
        },
    ),
    "report of all": (
        lambda s: s.documents_report_all_companies(date(2026, 11, 1), "2026-11-30"),
        "/reports/documents/all-companies",
        {"from": "2026-11-01", "to": "2026-11-30"},
    ),
}


@pytest.mark.parametrize("name", READS)
def test_a_question_goes_to_its_address(wire: WireServer, service: PacService, name: str) -> None:
    call, path, query = READS[name]
    call(service)
    (heard,) = wire.heard
    assert (heard.method, heard.path, heard.query, heard.body) == ("GET", f"/pan/v1{path}", query, b"")


def test_a_credit_note_is_voided_at_its_own_address(wire: WireServer, service: PacService) -> None:
    service.void_credit_note(COMPANY_ID, DOCUMENT_ID, REASON)
    (heard,) = wire.heard
    assert (heard.method, heard.path) == ("DELETE", f"/pan/v1/credit-notes/{DOCUMENT_ID}")
    assert heard.json == {"reason": REASON}


def test_bytes_leave_as_they_are(wire: WireServer, service: PacService) -> None:
    payload = b'{ "total":1.10 }'
    service.generate_invoice(COMPANY_ID, payload, idempotency_key="intent-1")
    assert wire.heard[0].body == payload
    assert wire.heard[0].headers["idempotency-key"] == "intent-1"


def test_without_a_key_of_ours_no_such_header_leaves(wire: WireServer, service: PacService) -> None:
    CREATE(service)
    assert "idempotency-key" not in wire.heard[0].headers


@pytest.mark.parametrize("end", ["", "/", "//", "/pan/v1", "/pan/v1/"])
def test_the_prefix_is_added_once_however_the_address_ends(wire: WireServer, end: str) -> None:
    READ(PacService(wire.base_url + end, "a-key"))
    assert wire.heard[0].path == f"/pan/v1/invoices/{DOCUMENT_ID}"


def test_the_kind_of_contributor_can_be_asked_for_by_number(wire: WireServer) -> None:
    numbers = PacService(wire.base_url, "a-key", check_digit_type="numbers")
    numbers.check_digit("8-274-125", "NATURAL")
    numbers.check_digit("155999901-2-2021", "JURIDICO")
    assert [heard.query["type"] for heard in wire.heard] == ["1", "2"]


@pytest.mark.parametrize("identifier", ["../companies", "a/b", "x?idCompany=other", "x#y", "%2e%2e/z", "ñ"])
def test_an_id_leads_nowhere_else(wire: WireServer, service: PacService, identifier: str) -> None:
    service.get_invoice(COMPANY_ID, identifier)
    (heard,) = wire.heard
    assert heard.path.count("/") == 4
    assert heard.path.startswith("/pan/v1/invoices/")
    assert heard.query == {**COMPANY, "documents": "pdf"}


@pytest.mark.parametrize("identifier", ["", " ", ".", ".."])
def test_an_id_that_names_nothing_is_not_asked_about(
    wire: WireServer, service: PacService, identifier: str
) -> None:
    for call in (
        lambda: service.get_invoice(COMPANY_ID, identifier),
        lambda: service.void_credit_note(COMPANY_ID, identifier, REASON),
        lambda: service.get_company(identifier or "."),
    ):
        with pytest.raises(PacError) as caught:
            call()
        assert caught.value.outcome is Outcome.NOT_DONE
    assert wire.heard == []


NEEDS_COMPANY: dict[str, Call] = {
    "create": lambda s: s.generate_invoice("", b"{}"),
    "read": lambda s: s.get_invoice("", DOCUMENT_ID),
    "void": lambda s: s.void_invoice("", DOCUMENT_ID, REASON),
    "find": lambda s: list(s.find_documents("", "/invoices", "1")),
    "mail": lambda s: s.notify_email("", DOCUMENT_ID, mail="a@b.test"),
    "webhook": lambda s: s.notify_webhook("", DOCUMENT_ID, url="https://c.test", secret="s"),
    "catalogue": lambda s: s.goods_and_services(""),
    "affiliate": lambda s: s.affiliate("", 3),
    "report": lambda s: s.documents_report("", "2026-11-01", "2026-11-30"),
    "company": lambda s: s.get_company(""),
    "offices": lambda s: s.list_offices(""),
    "office": lambda s: s.create_office("", {"type": "main"}),
}


@pytest.mark.parametrize("name", NEEDS_COMPANY)
def test_without_a_company_nothing_is_asked_in_the_name_of_the_main_one(
    wire: WireServer, service: PacService, name: str
) -> None:
    with pytest.raises(Incident, match="pac_company_id"):
        NEEDS_COMPANY[name](service)
    assert wire.heard == []


def test_the_key_does_not_show() -> None:
    assert "canary" not in repr(PacService("https://u:canary-pw@pac.test", "canary-key"))


# The contract's answers


def test_an_accepted_document(wire: WireServer, service: PacService) -> None:
    body = speaks(wire, "res-01")
    received = CREATE(service)
    assert received == PacAnswer(
        http_status=200,
        document_id=DOCUMENT_ID,
        legal_status=LegalStatus.PAC_AUTHORIZED,
        raw_legal_status="PAC_AUTHORIZED",
        processing_status="REGISTERED",
        cufe=CUFE,
        issue_date="2026-11-19T10:15:00-05:00",
        message="Document registered",
        body=body,
        raw_text=received.raw_text,
        exchange_id=received.exchange_id,
    )


@pytest.mark.parametrize("call", [READ, lambda s: s.get_credit_note(COMPANY_ID, DOCUMENT_ID)])
def test_an_authorised_document(wire: WireServer, service: PacService, call: Call) -> None:
    body = speaks(wire, "res-02")["document"]
    received = call(service)
    assert received.legal_status is LegalStatus.DGI_AUTHORIZED
    assert (received.pdf_url, received.xml_url, received.qr) == (body["pdf"], body["xml"], body["qr"])
    assert (received.protocol, received.cufe) == ("20260000000000001234567", CUFE)
    assert received.problems == ()


def test_a_flat_answer_says_the_same(wire: WireServer, service: PacService) -> None:
    body = example("res-02")["body"]["document"]
    wire.says(answer(body))
    flat = READ(service)
    wire.says(answer({"document": body}))
    wrapped = READ(service)
    shown = ("document_id", "legal_status", "cufe", "pdf_url", "xml_url", "qr", "protocol", "issue_date")
    assert [getattr(flat, name) for name in shown] == [getattr(wrapped, name) for name in shown]


def test_a_document_the_dgi_rejected(wire: WireServer, service: PacService) -> None:
    speaks(wire, "res-03")
    received = READ(service)
    assert received.legal_status is LegalStatus.DGI_REJECTED
    assert received.problems == (Problem("El código QR del emisor no es válido", "4003"),)


def test_a_document_that_waits_for_the_dgi_has_no_pdf(wire: WireServer, service: PacService) -> None:
    speaks(wire, "res-04")
    received = READ(service)
    assert (received.legal_status, received.pdf_url) == (LegalStatus.PAC_AUTHORIZED, "")


def refusal(wire: WireServer, service: PacService, name: str, call: Call = CREATE) -> PacError:
    body = speaks(wire, name)
    with pytest.raises(PacError) as caught:
        call(service)
    assert caught.value.body == body
    assert caught.value.status == example(name)["_meta"]["status"]
    assert caught.value.outcome is Outcome.NOT_DONE
    return caught.value


def test_schema_complaints_name_their_members(wire: WireServer, service: PacService) -> None:
    error = refusal(wire, service, "res-05")
    assert type(error) is Refused
    assert error.problems == (
        Problem('instance.receiver.ruc requires property "ruc"', field="receiver.ruc"),
        Problem("instance.receiver.otherCountry is not of a type(s) string", field="receiver.country"),
    )


def test_a_business_rule(wire: WireServer, service: PacService) -> None:
    error = refusal(wire, service, "res-06")
    assert type(error) is Refused
    assert error.provider_words == example("res-06")["body"]["message"]


def test_a_missing_company_qr_is_an_incident(wire: WireServer, service: PacService) -> None:
    error = refusal(wire, service, "res-07")
    assert type(error) is Incident
    assert error.problems == (Problem("Company QR not requested or wrong", "AP1010"),)


def test_the_unified_shape(wire: WireServer, service: PacService) -> None:
    error = refusal(wire, service, "res-08")
    assert type(error) is Refused
    assert error.problems == (Problem('requires property "rate"', "AP10067", "lines[0].tax_rate"),)


def test_a_number_already_used_keeps_the_document_it_names(wire: WireServer, service: PacService) -> None:
    error = refusal(wire, service, "res-09")
    assert type(error) is NumberTaken
    assert error.body["document"]["id"] == "01K9CFRAS00000000000000104"


def test_a_ruc_that_is_known(wire: WireServer, service: PacService) -> None:
    body = speaks(wire, "res-10")
    assert service.check_digit("155999901-2-2021", "JURIDICO").body == body


@pytest.mark.parametrize("status", [400, 404])
def test_a_ruc_that_is_not_known_is_a_refusal(wire: WireServer, service: PacService, status: int) -> None:
    wire.says(answer(example("res-11")["body"], status))
    with pytest.raises(Refused, match="RUC not found"):
        service.check_digit("155999901-2-2021", "JURIDICO")
    assert len(wire.heard) == 1


OTHER_ANSWERS: dict[str, Call] = {
    "res-12": lambda s: s.create_company({}),
    "res-13": lambda s: s.get_company(COMPANY_ID),
    "res-14": lambda s: s.affiliate(COMPANY_ID, 3),
    "res-15": lambda s: s.affiliate(COMPANY_ID, 1),
    "res-16": lambda s: s.create_office(COMPANY_ID, {}),
    "res-17": lambda s: s.goods_and_services(COMPANY_ID),
    "res-18": lambda s: s.documents_report(COMPANY_ID, "2026-11-01", "2026-11-30"),
    "res-19": lambda s: s.documents_report_all_companies("2026-11-01", "2026-11-30"),
}


@pytest.mark.parametrize("name", OTHER_ANSWERS)
def test_an_answer_that_is_no_document_is_given_on_as_received(
    wire: WireServer, service: PacService, name: str
) -> None:
    body = speaks(wire, name)
    received = OTHER_ANSWERS[name](service)
    assert received.body == body
    assert received.message == (body.get("message", "") if isinstance(body, dict) else "")


def test_a_void_that_was_done(wire: WireServer, service: PacService) -> None:
    speaks(wire, "res-20")
    received = VOID(service)
    assert (received.message, received.document_id) == ("Document cancelled", DOCUMENT_ID)


def test_a_reason_that_is_too_short(wire: WireServer, service: PacService) -> None:
    error = refusal(wire, service, "res-21", VOID)
    assert type(error) is Refused
    assert error.problems == (Problem("reason too short", field="reason"),)


def test_a_void_that_came_too_late(wire: WireServer, service: PacService) -> None:
    assert type(refusal(wire, service, "res-22", VOID)) is WindowClosed


@pytest.mark.parametrize("call", [READ, VOID])
def test_a_document_nobody_knows(wire: WireServer, service: PacService, call: Call) -> None:
    assert type(refusal(wire, service, "res-23", call)) is NotFound


def test_every_answer_of_the_contract_is_read_somewhere_here() -> None:
    source = Path(__file__).read_text()
    assert [name for name in names("res") if f'"{name[:6]}"' not in source] == []


# Answers beside the examples


@pytest.mark.parametrize("word", ["REGISTERED", "DGI_REQUEST", "dgi_authorized", "NEW_WORD"])
def test_an_unknown_word_is_kept_and_not_guessed(wire: WireServer, service: PacService, word: str) -> None:
    wire.says(answer({"document": {"id": "1", "legalStatus": word, "novelty": {"a": 1}}}))
    received = READ(service)
    assert (received.legal_status, received.raw_legal_status) == (LegalStatus.NONE, word)
    assert received.body["document"]["novelty"] == {"a": 1}


def test_nulls_and_odd_types_are_empty(wire: WireServer, service: PacService) -> None:
    odd = {"id": 77, "legalStatus": None, "cufe": None, "pdf": {"url": "x"}, "qr": True, "xml": ["x"]}
    wire.says(answer({"message": None, "document": odd}))
    received = READ(service)
    assert (received.document_id, received.raw_legal_status, received.cufe) == ("77", "", "")
    assert (received.pdf_url, received.qr, received.xml_url, received.message) == ("", "", "", "")


def test_an_id_or_cufe_too_long_to_be_one_is_left_out_and_the_answer_kept(
    wire: WireServer, service: PacService
) -> None:
    wire.says(answer({"id": "x" * 255, "cufe": "F" * 66}))
    received = READ(service)
    assert (len(received.document_id), len(received.cufe)) == (255, 66)
    endless = {"id": "x" * 256, "cufe": "F" * 67, "legalStatus": "DGI_AUTHORIZED"}
    wire.says(answer(endless))
    received = READ(service)
    assert (received.document_id, received.cufe, received.raw_legal_status) == ("", "", "DGI_AUTHORIZED")
    assert received.body == endless


def test_the_documents_number_is_read_where_there_is_one(wire: WireServer, service: PacService) -> None:
    for member in ("documentNumber", "numeration"):
        wire.says(answer({"id": "1", member: "0000000101"}))
        assert READ(service).number == "0000000101"


def test_the_container_and_the_public_address_go_first(wire: WireServer, service: PacService) -> None:
    wire.says(answer({"id": "1", "containerXml": "c", "xml": "x", "publicUrl": "p", "qr": "q"}))
    assert (READ(service).xml_url, READ(service).qr) == ("c", "p")


@pytest.mark.parametrize(
    "response",
    [
        [{"code": "4003", "message": "Rechazada"}],
        {"code": "4003", "message": "Rechazada"},
        {"code": 4003, "messages": ["Rechazada"]},
        [{"code": "4003", "description": "Rechazada"}],
    ],
    ids=["list", "object", "nested", "description"],
)
def test_the_authoritys_words_are_read_from_a_list_or_an_object(
    wire: WireServer, service: PacService, response: Any
) -> None:
    wire.says(answer({"id": "1", "legalStatus": "DGI_REJECTED", "governmentResponse": response}))
    assert READ(service).problems == (Problem("Rechazada", "4003"),)


def test_a_success_that_is_a_rejection_says_why(wire: WireServer, service: PacService) -> None:
    wire.says(answer(example("res-09")["body"], 200))
    received = CREATE(service)
    assert received.legal_status is LegalStatus.PAC_REJECTED
    assert [problem.message for problem in received.problems] == ["Document numeration already used"]


def test_text_a_database_cannot_keep_does_not_come_in(wire: WireServer, service: PacService) -> None:
    wire.says(text('{"id": "a\\u0000b", "legalStatus": "DGI_\\ud800", "cufe": "x"}'))
    received = READ(service)
    assert received.document_id == ""  # nothing that could be asked about again
    assert received.raw_legal_status.encode()


@pytest.mark.parametrize("call", [CREATE, NOTE, READ], ids=["invoice", "note", "read"])
@pytest.mark.parametrize("body", ["[]", '"ok"', "null", "12"])
def test_a_success_that_shows_no_document_settles_nothing(
    wire: WireServer, service: PacService, call: Call, body: str
) -> None:
    wire.says(text(body))
    with pytest.raises(Unsettled) as caught:
        call(service)
    assert caught.value.exchange_id


@pytest.mark.parametrize(
    "empty", [text(""), raw(b"HTTP/1.1 204 No Content\r\n\r\n"), text("null"), text('"ok"')]
)
def test_a_void_may_be_answered_with_nothing(wire: WireServer, service: PacService, empty: Any) -> None:
    wire.says(empty)
    assert VOID(service).document_id == ""


def test_a_post_without_a_document_in_its_empty_answer_settles_nothing(
    wire: WireServer, service: PacService
) -> None:
    wire.says(raw(b"HTTP/1.1 204 No Content\r\n\r\n"))
    with pytest.raises(Unsettled):
        CREATE(service)


# Addresses that may not exist


def test_the_catalogue_is_sought_at_its_second_address(wire: WireServer, service: PacService) -> None:
    wire.says(answer({"message": "Cannot GET"}, 404), answer([{"code": "1411"}]))
    assert service.goods_and_services(COMPANY_ID).body == [{"code": "1411"}]
    assert [heard.path for heard in wire.heard] == [
        "/pan/v1/goods-and-services",
        "/pan/v1/dgi/goods-and-services",
    ]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_list_that_does_not_exist_is_not_supported(
    wire: WireServer, service: PacService, status: int
) -> None:
    wire.says(answer({}, status))
    for call in (lambda: list(service.find_documents(COMPANY_ID, "/invoices", "1")), service.list_companies):
        with pytest.raises(NotSupported):
            call()


def test_pages_are_turned_until_one_is_not_full(wire: WireServer, service: PacService) -> None:
    wire.says(listing({"id": 1}, {"id": 2}, limit=2), listing({"id": 3}, limit=2))
    rows = [row["id"] for row, _ in service.find_documents(COMPANY_ID, "/credit-notes", "0000000101")]
    assert rows == [1, 2, 3]
    assert [heard.query["page"] for heard in wire.heard] == ["1", "2"]
    assert {heard.query["documentNumber"] for heard in wire.heard} == {"0000000101"}
    assert {heard.path for heard in wire.heard} == {"/pan/v1/credit-notes"}


def test_a_list_that_shows_the_same_page_again_proves_nothing(wire: WireServer, service: PacService) -> None:
    wire.says(listing({"id": 1}, {"id": 2}, limit=2))
    with pytest.raises(NotSupported):
        list(service.find_documents(COMPANY_ID, "/invoices", "1"))
    assert len(wire.heard) == 2


def test_a_list_without_end_proves_nothing(wire: WireServer, service: PacService) -> None:
    numbers = iter(range(10_000))
    wire.says(lambda heard, line: listing({"id": next(numbers)}, limit=1)(heard, line))
    with pytest.raises(NotSupported):
        list(service.find_documents(COMPANY_ID, "/invoices", "1"))


def test_the_main_office_is_changed_where_it_may_not_be_added(wire: WireServer, service: PacService) -> None:
    payload = as_given("req-16") | {"type": "main"}
    wire.says(answer({"message": "main office exists"}, 400), answer({"id": "office-1"}))
    assert service.create_office(COMPANY_ID, payload).body == {"id": "office-1"}
    assert [(heard.method, heard.path) for heard in wire.heard] == [
        ("POST", f"/pan/v1/companies/{COMPANY_ID}/offices"),
        ("PATCH", f"/pan/v1/companies/{COMPANY_ID}/office"),
    ]
    assert wire.heard[1].json == payload


def test_when_neither_way_works_the_first_complaint_stands(wire: WireServer, service: PacService) -> None:
    wire.says(answer({"message": "address too long"}, 400), answer({"message": "Cannot PATCH"}, 404))
    with pytest.raises(Refused, match="address too long"):
        service.create_office(COMPANY_ID, {"type": "main"})


def test_a_main_office_whose_second_way_is_lost_is_unknown(wire: WireServer, service: PacService) -> None:
    wire.says(answer({"message": "main office exists"}, 400), drop)
    with pytest.raises(Unsettled):
        service.create_office(COMPANY_ID, {"type": "main"})
    assert len(wire.heard) == 2


@pytest.mark.parametrize(("kind", "status"), [("associated", 400), ("main", 401), ("main", 403)])
def test_other_offices_have_no_second_way(
    wire: WireServer, service: PacService, kind: str, status: int
) -> None:
    wire.says(answer({"message": "no"}, status))
    with pytest.raises((Refused, Incident)):
        service.create_office(COMPANY_ID, {"type": kind})
    assert len(wire.heard) == 1


def test_a_company_is_changed_in_part_and_the_change_is_not_sent_twice(
    wire: WireServer, service: PacService
) -> None:
    wire.says(drop)
    with pytest.raises(Unsettled):
        service.update_company(COMPANY_ID, {"qr": "123456789"})
    (heard,) = wire.heard
    assert (heard.method, heard.path, heard.json) == (
        "PATCH",
        f"/pan/v1/companies/{COMPANY_ID}",
        {"qr": "123456789"},
    )


# The older cancel


def test_the_old_cancel_without_its_path_names_the_new_one(wire: WireServer, service: PacService) -> None:
    with pytest.warns(DeprecationWarning), pytest.raises(NotSupported, match="void_invoice"):
        service.cancel_invoice(COMPANY_ID, DOCUMENT_ID, REASON)
    assert wire.heard == []


@pytest.mark.parametrize("path", ["/pan/v1/cancellations", "cancellations", "/cancellations/"])
def test_the_old_cancel_goes_where_the_operator_says(wire: WireServer, path: str) -> None:
    service = PacService(wire.base_url, "a-key", legacy_cancel_path=path)
    with pytest.warns(DeprecationWarning):
        service.cancel_invoice(COMPANY_ID, DOCUMENT_ID, REASON)
    assert wire.heard[0].path == "/pan/v1/cancellations"
    assert wire.heard[0].json == {"documentId": DOCUMENT_ID, "reason": REASON}


def test_nothing_else_is_deprecated(wire: WireServer, service: PacService) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        VOID(service)


def test_a_void_already_done_is_told_apart(wire: WireServer, service: PacService) -> None:
    wire.says(answer({"code": "0622", "message": "Evento registrado anteriormente"}, 400))
    with pytest.raises(AlreadyVoided):
        VOID(service)
