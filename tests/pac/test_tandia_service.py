"""`TandiaService` says what Tandia's paper says, follows its pages to the end, and understands what comes back."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cifras.pac.errors import Incident, NotFound, NotSupported, Outcome, PacError, Refused, Unsettled
from cifras.pac.tandia import TandiaService
from tests.pac.wire_server import Heard, Line, WireServer, answer, drop, text

COMPANY = "com_61a43c55fbe873"
ROW = {
    "date": "2024-01-14T22:36:00-05:00",
    "company_id": COMPANY,
    "type": "invoice",
    "number": "FF10-00000040",
    "total": 236,
    "id": "doc_57b22222222222",
    "failure_code": "",
    "status": "succeeded",
}


@pytest.fixture
def tandia(wire: WireServer) -> TandiaService:
    return TandiaService(wire.base_url, "a-token", retry_wait=(0, 0), read_timeout=5)


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {**ROW, "id": f"doc_{number}", "number": f"FF10-{number:08}", **changes}


def page(*rows: Any, token: str | None = None, **meta: Any) -> Any:
    return answer({"data": list(rows), "meta": {"next_token": token, **meta}})


ASKED: dict[str, tuple[Callable[[TandiaService], Any], str, dict[str, str]]] = {
    "list": (
        lambda s: list(s.list_documents(COMPANY, limit=10)),
        f"/api/document/company/{COMPANY}",
        {"limit": "10"},
    ),
    "search": (
        lambda s: list(
            s.search_documents(
                COMPANY, limit=10, start_date=date(2024, 1, 1), end_date="2024-01-15", status="succeeded"
            )
        ),
        f"/api/document/search/company/{COMPANY}",
        {"limit": "10", "start_date": "2024-01-01", "end_date": "2024-01-15", "status": "succeeded"},
    ),
    "find": (
        lambda s: s.find_document(COMPANY, "invoice", "FF10-00000040"),
        f"/api/document/search/company/{COMPANY}/invoice/FF10-00000040",
        {},
    ),
    "companies": (lambda s: list(s.list_companies(limit=5)), "/api/account/companies", {"limit": "5"}),
    "catalogue": (lambda s: s.catalogue("PE", "voided_codes"), "/api/catalogue/PE/voided_codes", {}),
}


@pytest.mark.parametrize("name", ASKED)
def test_each_question_is_asked_as_the_paper_says(wire: WireServer, tandia: TandiaService, name: str) -> None:
    call, path, query = ASKED[name]
    wire.says(page(ROW))
    call(tandia)
    (heard,) = wire.heard
    assert (heard.method, heard.path, heard.query) == ("GET", path, query)
    assert heard.headers["authorization"] == "Bearer a-token"
    assert heard.headers["content-type"] == "application/json"


def test_the_examples_form_of_the_search_addresses_is_served_too(wire: WireServer) -> None:
    service = TandiaService(f"{wire.base_url}/api/", "t", search_path="plain", retry_wait=(0, 0))
    wire.says(page(ROW))
    service.find_document(COMPANY, "invoice", "FF10-40")
    list(service.search_documents(COMPANY, limit=10))
    assert [heard.path for heard in wire.heard] == [
        f"/api/document/company/{COMPANY}/invoice/FF10-40",
        f"/api/document/company/{COMPANY}",
    ]


def test_pages_are_followed_to_the_end_and_amounts_are_decimal(
    wire: WireServer, tandia: TandiaService
) -> None:
    wire.says(
        page(row(1), row(2), token="a/b +"),
        page(token="c"),
        page(row(3), token="d"),
        answer({"data": [row(4)]}),
    )
    pages = tandia.list_documents(COMPANY, limit=2)
    found = list(pages)
    assert [each["id"] for each in found] == ["doc_1", "doc_2", "doc_3", "doc_4"]
    assert [heard.query.get("next_token") for heard in wire.heard] == [None, "a/b +", "c", "d"]
    assert pages.is_complete
    assert found[0]["total"] == Decimal("236")
    assert isinstance(found[0]["total"], Decimal)
    assert found[0]["failure_code"] == ""


def test_a_token_that_repeats_ends_the_list_and_no_document_comes_twice(
    wire: WireServer, tandia: TandiaService
) -> None:
    wire.says(page(row(1), token="a"), page(row(1), row(2), token="b"), page(row(2), row(3), token="a"))
    pages = tandia.list_documents(COMPANY, limit=2)
    assert [each["id"] for each in pages] == ["doc_1", "doc_2", "doc_3"]
    assert not pages.is_complete
    assert len(wire.heard) == 3


def test_a_page_that_fails_once_is_asked_again_and_one_that_fails_twice_cuts_the_list_audibly(
    wire: WireServer, tandia: TandiaService
) -> None:
    failed = answer({"message": "boom"}, 500)
    wire.says(page(row(1), token="a"), failed, page(row(2)))
    assert len(list(tandia.list_documents(COMPANY, limit=1))) == 2
    wire.says(page(row(1), token="a"), failed, failed)
    pages = tandia.list_documents(COMPANY, limit=1)
    with pytest.raises(Unsettled):
        list(pages)
    assert not pages.is_complete


@pytest.mark.parametrize("number", ["FF10-00000040", "ff10-40", "FF10-040"])
def test_a_document_is_found_whatever_the_padding_of_its_number(
    wire: WireServer, tandia: TandiaService, number: str
) -> None:
    wire.says(page(ROW))
    found = tandia.find_document(COMPANY, "invoice", number)
    assert found is not None
    assert found["id"] == ROW["id"]


@pytest.mark.parametrize("nothing", [page(), answer({"message": "Not found"}, 404)])
def test_a_document_that_is_not_there_is_none(
    wire: WireServer, tandia: TandiaService, nothing: Callable[[Heard, Line], None]
) -> None:
    wire.says(nothing)
    assert tandia.find_document(COMPANY, "invoice", "F001-1") is None


def test_an_answer_with_other_documents_only_proves_no_absence(
    wire: WireServer, tandia: TandiaService
) -> None:
    for other in (row(41), {**ROW, "type": "receipt"}):
        wire.says(page(other))
        with pytest.raises(Unsettled):
            tandia.find_document(COMPANY, "invoice", "FF10-40")


def test_a_whole_document_keeps_nulls_and_unknown_words(wire: WireServer, tandia: TandiaService) -> None:
    full = {**ROW, "failure_code": None, "status": "en proceso", "items": [{"quantity": 2.00, "free": False}]}
    wire.says(text(json.dumps(full)))
    document = tandia.get_document(ROW["id"])
    assert (document["failure_code"], document["status"]) == (None, "en proceso")
    assert document["items"] == [{"quantity": Decimal("2.0"), "free": False}]
    assert wire.heard[0].path == f"/api/document/{ROW['id']}"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Incident),
        (403, Incident),
        (404, NotFound),
        (405, NotSupported),
        (422, Refused),
        (409, Unsettled),
        (503, Unsettled),
    ],
)
def test_a_refusal_says_whether_the_deed_was_done(
    wire: WireServer, tandia: TandiaService, status: int, kind: type[PacError]
) -> None:
    wire.says(answer({"errors": [{"code": "X1", "message": "no puede ser", "field": "tax_id"}]}, status))
    with pytest.raises(kind) as refused:
        tandia.create_company({"tax_id": "1"})
    expected = Outcome.UNKNOWN if kind is Unsettled else Outcome.NOT_DONE
    assert refused.value.outcome is expected
    if status < 500:
        assert refused.value.provider_words == "no puede ser"


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "<html>"])
def test_an_answer_of_another_shape_is_no_answer(wire: WireServer, tandia: TandiaService, body: str) -> None:
    wire.says(text(body))
    with pytest.raises(Unsettled):
        tandia.get_document("doc_1")


def test_creating_needs_a_confirmed_address_and_is_never_repeated(wire: WireServer) -> None:
    wire.says(drop)
    with pytest.raises(NotSupported):
        TandiaService(wire.base_url, "t").create_document({"type": "invoice"})
    assert wire.heard == []
    service = TandiaService(wire.base_url, "t", create_path="/api/document", retry_wait=(0, 0))
    with pytest.raises(Unsettled):
        service.create_document({"type": "invoice", "total": Decimal("236.00")}, idempotency_key="k-1")
    (heard,) = wire.heard
    assert (heard.method, heard.path, heard.body) == (
        "POST",
        "/api/document",
        b'{"type":"invoice","total":236}',
    )
    assert heard.headers["idempotency-key"] == "k-1"


def test_series_are_opened_and_changed(wire: WireServer, tandia: TandiaService) -> None:
    wire.says(answer({"serie": "F001", "correlative": 7}))
    assert tandia.create_correlative("20131312955", {"serie": "F001"})["correlative"] == Decimal(7)
    tandia.update_correlative("20131312955", "invoice", "F001", {"correlative": 8})
    assert [(heard.method, heard.path) for heard in wire.heard] == [
        ("POST", "/api/company/correlative/20131312955"),
        ("PUT", "/api/company/correlative/20131312955/invoice/F001"),
    ]


def test_an_id_leads_nowhere_else_and_an_empty_one_nowhere(wire: WireServer, tandia: TandiaService) -> None:
    wire.says(answer({"id": "x"}))
    tandia.get_document("../company?x=1")
    assert wire.heard[0].target == "/api/document/..%2Fcompany%3Fx%3D1"
    for nothing in ("", " ", ".."):
        with pytest.raises(Incident):
            tandia.get_document(nothing)


def test_the_token_stays_out_of_sight(tandia: TandiaService) -> None:
    assert "a-token" not in repr(tandia)
