"""Alanube behind the house's contract: what absence proves, which company is whose, what a company needs."""

from typing import Any

import pytest

from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.voiding import Hours
from cifras.pac import registry
from cifras.pac.alanube.provider import AlanubeProvider
from cifras.pac.contract import (
    Account,
    Capability,
    CatalogueRow,
    CompanyProfile,
    CompanyState,
    OfficeProfile,
    PacProvider,
)
from cifras.pac.errors import Incident, NotFound, NotSupported, Refused, Unsettled
from tests.pac.golden import COMPANY_ID, CUFE, DOCUMENT_ID, OFFICE_ID, complaints, example
from tests.pac.wire_server import WireServer, answer, drop, listing, text

NUMBER = "0000000101"
OURS = {"id": DOCUMENT_ID, "documentNumber": NUMBER, "legalStatus": "PAC_AUTHORIZED"}
OTHER = {"id": "other", "documentNumber": "0000000102"}
RUC = "155999901-2-2021"
PROFILE = CompanyProfile(
    ruc=RUC,
    contributor="JURIDICO",
    dv="38",
    legal_name="Tienda de Ejemplo, S.A.",
    trade_name="Tienda de Ejemplo, S.A.",
    logo_url="https://cifras.test/logo.png",
    certificate=b"NO-ES-UN-CERTIFICADO",
    certificate_password="solo-ejemplo",
)
OFFICE = OfficeProfile(
    code="0001",
    is_main=False,
    address="Calle Ficticia 1, local 2",
    telephone="200-0000",
    coordinates="+9.0017832,-79.5275519",
    location="8-8-11",
    email="sucursal@ejemplo.test",
)


def connect(wire: WireServer, **options: str) -> PacProvider:
    account = Account(wire.base_url, "a-key", read_timeout=5, retry_wait=(0, 0), options=options)
    return registry.spec("alanube").connect(account, lambda exchange: None, "c-1")


@pytest.fixture
def provider(wire: WireServer) -> PacProvider:
    return connect(wire)


# By number


def found(provider: PacProvider, kind: Kind = Kind.INVOICE) -> list[str]:
    return [each.document_id for each in provider.find(kind, COMPANY_ID, NUMBER)]


@pytest.mark.parametrize(("kind", "path"), [(Kind.INVOICE, "invoices"), (Kind.CREDIT, "credit-notes")])
def test_the_document_under_a_number_is_found_in_the_list_of_its_kind(
    wire: WireServer, provider: PacProvider, kind: Kind, path: str
) -> None:
    wire.says(listing(OURS))
    assert found(provider, kind) == [DOCUMENT_ID]
    assert wire.heard[0].path == f"/pan/v1/{path}"
    assert wire.heard[0].query["documentNumber"] == NUMBER
    assert wire.heard[0].query["idCompany"] == COMPANY_ID


@pytest.mark.parametrize("body", [{"metadata": {}, "documents": []}, [], {"data": []}])
def test_an_empty_list_proves_absence(wire: WireServer, provider: PacProvider, body: Any) -> None:
    wire.says(answer(body))
    assert found(provider) == []


def test_a_bare_list_is_a_list(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer([OURS]))
    assert found(provider) == [DOCUMENT_ID]


def test_the_same_number_at_several_billing_points_is_found_everywhere(
    wire: WireServer, provider: PacProvider
) -> None:
    wire.says(listing(OURS, OURS | {"id": "point-002"}))
    assert found(provider) == [DOCUMENT_ID, "point-002"]


@pytest.mark.parametrize("shown", ["101", 101, "0000000101"])
def test_left_zeros_make_no_difference(wire: WireServer, provider: PacProvider, shown: Any) -> None:
    wire.says(listing(OURS | {"documentNumber": shown}))
    assert found(provider) == [DOCUMENT_ID]


def test_a_list_that_ignores_the_filter_proves_no_absence(wire: WireServer, provider: PacProvider) -> None:
    wire.says(listing(OTHER))
    with pytest.raises(NotSupported):
        found(provider)


def test_a_list_that_ignores_the_filter_may_still_hold_the_document(
    wire: WireServer, provider: PacProvider
) -> None:
    wire.says(listing(OTHER, OURS))
    assert found(provider) == [DOCUMENT_ID]


def test_the_number_inside_a_cufe_goes_before_any_other(wire: WireServer, provider: PacProvider) -> None:
    cufe = CUFE[:40] + NUMBER + CUFE[50:]
    wire.says(listing({"id": DOCUMENT_ID, "cufe": cufe, "documentNumber": "77"}))
    assert found(provider) == [DOCUMENT_ID]


def test_a_row_that_tells_no_number_is_read_by_its_id(wire: WireServer, provider: PacProvider) -> None:
    wire.says(listing({"id": DOCUMENT_ID}), answer({"document": OURS}))
    assert found(provider) == [DOCUMENT_ID]
    assert wire.heard[1].path == f"/pan/v1/invoices/{DOCUMENT_ID}"


@pytest.mark.parametrize(
    "second", [answer({"document": {"id": DOCUMENT_ID}}), answer({"message": "Document not found"}, 404)]
)
def test_a_row_whose_number_cannot_be_learnt_proves_no_absence(
    wire: WireServer, provider: PacProvider, second: Any
) -> None:
    wire.says(listing({"id": DOCUMENT_ID}), second)
    with pytest.raises(NotSupported):
        found(provider)


def test_rows_without_numbers_are_not_read_without_end(wire: WireServer, provider: PacProvider) -> None:
    rows = listing(*({"id": f"row-{number}"} for number in range(90)))
    wire.says(rows, answer({"document": {"id": "?"}}))
    with pytest.raises(NotSupported):
        found(provider)
    assert len(wire.heard) < 40


def test_a_document_on_a_later_page_is_found(wire: WireServer, provider: PacProvider) -> None:
    wire.says(listing(OTHER, limit=1), listing(OURS, limit=1), listing(limit=1))
    assert found(provider) == [DOCUMENT_ID]


def test_a_document_found_counts_though_the_list_has_no_end(wire: WireServer, provider: PacProvider) -> None:
    wire.says(listing(OURS, limit=1))
    assert found(provider) == [DOCUMENT_ID]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_without_a_list_nobody_can_be_asked(wire: WireServer, provider: PacProvider, status: int) -> None:
    wire.says(answer({}, status))
    with pytest.raises(NotSupported):
        found(provider)


@pytest.mark.parametrize(
    "body", [{}, {"documents": None}, {"message": "ok"}, "none", ["a"], {"documents": [None]}]
)
def test_an_answer_that_is_no_list_proves_nothing(wire: WireServer, provider: PacProvider, body: Any) -> None:
    wire.says(answer(body))
    with pytest.raises(NotSupported):
        found(provider)


@pytest.mark.parametrize("misfortune", [drop, answer({}, 503), text("garbage")])
def test_a_lost_list_proves_nothing(wire: WireServer, provider: PacProvider, misfortune: Any) -> None:
    wire.says(misfortune)
    with pytest.raises(Unsettled):
        found(provider)


def test_a_refused_list_is_an_incident(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer({"message": "Unauthorized"}, 401))
    with pytest.raises(Incident):
        found(provider)


# Companies


def company(**members: Any) -> dict[str, Any]:
    return {"id": COMPANY_ID, "ruc": RUC, "affiliated": "SUBSCRIBED", **members}


@pytest.mark.parametrize("theirs", [RUC, f" {RUC} ", "15599990122021", "0" + RUC])
def test_a_company_is_found_however_its_ruc_is_written(
    wire: WireServer, provider: PacProvider, theirs: str
) -> None:
    wire.says(answer([company(id="other", ruc="8-274-125"), company(ruc=theirs)]))
    state = provider.find_company(RUC)
    assert state is not None
    assert (state.company_id, state.ruc, state.may_issue) == (COMPANY_ID, RUC, True)


@pytest.mark.parametrize(("theirs", "wanted"), [("8-ab-1", "8-AB-1"), ("8-nt-2-99999", "8-NT-2-99999")])
def test_case_makes_no_difference(wire: WireServer, provider: PacProvider, theirs: str, wanted: str) -> None:
    wire.says(answer([company(ruc=theirs)]))
    assert provider.find_company(wanted) is not None


def test_dashes_in_other_places_are_another_ruc(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer([company(ruc="82-74-125")]))
    assert provider.find_company("8-274-125") is None


@pytest.mark.parametrize("ruc", [None, "", "0", " "])
def test_a_company_without_a_ruc_is_passed_over(
    wire: WireServer, provider: PacProvider, ruc: str | None
) -> None:
    wire.says(answer([company(ruc=ruc)]))
    assert provider.find_company(RUC) is None


@pytest.mark.parametrize("wrapped", [{"companies": []}, {"data": []}, []])
def test_a_list_without_the_company_proves_its_absence(
    wire: WireServer, provider: PacProvider, wrapped: Any
) -> None:
    wire.says(answer(wrapped))
    assert provider.find_company(RUC) is None


def test_a_company_on_a_later_page_is_found(wire: WireServer, provider: PacProvider) -> None:
    metadata = {"limit": 1}
    wire.says(
        answer({"metadata": metadata, "companies": [company(ruc="8-274-125")]}),
        answer({"metadata": metadata, "companies": [company()]}),
    )
    assert provider.find_company(RUC) is not None
    assert [heard.query for heard in wire.heard] == [{}, {"page": "2"}]


def test_a_list_of_companies_without_end_proves_no_absence(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer({"metadata": {"limit": 1}, "companies": [company(ruc="8-274-125")]}))
    with pytest.raises(NotSupported):
        provider.find_company(RUC)


@pytest.mark.parametrize("refusal", [answer({}, 404), answer({}, 405), answer({}, 501), answer({"a": 1})])
def test_without_a_list_of_companies_nothing_is_proven(
    wire: WireServer, provider: PacProvider, refusal: Any
) -> None:
    wire.says(refusal)
    with pytest.raises(NotSupported):
        provider.find_company(RUC)


def test_a_company_is_registered_in_the_papers_shape(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer(example("res-12")["body"], 201))
    state = provider.create_company(PROFILE)
    assert wire.heard[0].json == example("req-14")["request"]
    assert (state.company_id, state.may_issue, state.affiliated) == (COMPANY_ID, False, "")


def test_a_company_is_registered_in_the_observed_shape(wire: WireServer) -> None:
    expected = example("req-15")["request"]
    del expected["emails"]  # a profile of ours says nothing about the provider's mails
    expected["tradeName"] = PROFILE.trade_name
    wire.says(answer({"id": COMPANY_ID}, 201))
    connect(wire, company_body="nested").create_company(PROFILE)
    assert wire.heard[0].json == expected
    assert complaints("CompanyCreateNested", wire.heard[0].json) == []


def test_two_certificates_keep_their_places(wire: WireServer) -> None:
    profile = CompanyProfile(
        **{name: getattr(PROFILE, name) for name in ("ruc", "contributor", "dv", "legal_name", "trade_name")},
        certificate=b"F",
        certificate_password="f",
        authentication_certificate=b"A",
        authentication_password="a",
    )
    wire.says(answer({"id": COMPANY_ID}, 201))
    connect(wire, company_body="nested").create_company(profile)
    assert wire.heard[0].json["certificates"] == {
        "signature": {"extension": "p12", "password": "f", "content": "Rg=="},
        "authentication": {"extension": "p12", "password": "a", "content": "QQ=="},
    }
    assert "logo" not in wire.heard[0].json


def test_a_profile_does_not_show_its_certificate() -> None:
    assert "solo-ejemplo" not in repr(PROFILE)
    assert "CERTIFICADO" not in repr(PROFILE)


def test_a_lost_registration_is_unknown_and_not_repeated(wire: WireServer, provider: PacProvider) -> None:
    wire.says(drop)
    with pytest.raises(Unsettled):
        provider.create_company(PROFILE)
    assert len(wire.heard) == 1


def test_a_registration_answered_without_an_id_is_unknown(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer({"message": "ok"}, 201))
    with pytest.raises(Unsettled):
        provider.create_company(PROFILE)
    with pytest.raises(Unsettled):
        provider.create_office(COMPANY_ID, OFFICE)


@pytest.mark.parametrize(
    ("affiliated", "may_issue"),
    [("SUBSCRIBED", True), ("REQUESTED", False), ("subscribed", False), (None, False), ("NEW", False)],
)
def test_only_one_word_lets_a_company_issue(
    wire: WireServer, provider: PacProvider, affiliated: str | None, may_issue: bool
) -> None:
    wire.says(answer({"company": company(affiliated=affiliated)}))
    state = provider.read_company(COMPANY_ID)
    assert (state.affiliated, state.may_issue) == (affiliated or "", may_issue)


def test_an_unknown_company(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer({"message": "Company not found"}, 404))
    with pytest.raises(NotFound):
        provider.read_company(COMPANY_ID)


def test_the_affiliation_is_asked_for_and_finished(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer(example("res-14")["body"]), answer(example("res-15")["body"]))
    asked = provider.request_affiliation(COMPANY_ID)
    finished = provider.finish_affiliation(COMPANY_ID)
    assert (asked.qr, asked.may_issue) == (example("res-14")["body"]["qr"], False)
    assert isinstance(finished, CompanyState)
    assert finished.may_issue
    assert [heard.query["affiliationType"] for heard in wire.heard] == ["3", "1"]


def test_offices_are_listed_and_added(wire: WireServer, provider: PacProvider) -> None:
    shown = example("res-16")["body"]
    wire.says(answer(shown, 201), answer([shown]), answer({"offices": [shown]}))
    assert provider.create_office(COMPANY_ID, OFFICE).office_id == OFFICE_ID
    assert wire.heard[0].json == example("req-16")["request"]
    for _ in range(2):
        (office,) = provider.offices(COMPANY_ID)
        assert (office.office_id, office.code) == (OFFICE_ID, "0001")


@pytest.mark.parametrize("refusal", [answer({}, 405), answer({}, 501), answer({"a": 1})])
def test_offices_that_cannot_be_listed(wire: WireServer, provider: PacProvider, refusal: Any) -> None:
    wire.says(refusal)
    with pytest.raises(NotSupported):
        provider.offices(COMPANY_ID)


# Verification, catalogue, notifications


@pytest.mark.parametrize(("shown", "dv"), [("38", "38"), ("5", "05"), (5, "05"), (None, "")])
def test_a_dv_always_has_two_digits(wire: WireServer, provider: PacProvider, shown: Any, dv: str) -> None:
    wire.says(answer({"checkDigit": shown, "receiver": "GOBIERNO"}))
    said = provider.verify_tax_id(RUC, "JURIDICO")
    assert (said.dv, said.receiver) == (dv, "GOBIERNO")


def test_a_dv_of_zero_is_a_dv(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer({"checkDigit": 0}))
    assert provider.verify_tax_id(RUC, "JURIDICO").dv == "00"


def test_an_unknown_ruc_is_a_refusal(wire: WireServer, provider: PacProvider) -> None:
    wire.says(answer(example("res-11")["body"], 400))
    with pytest.raises(Refused):
        provider.verify_tax_id(RUC, "JURIDICO")


@pytest.mark.parametrize(
    "body",
    [
        [{"code": "1411", "description": "Papel", "unit": "und"}],
        {"data": [{"code": "1411", "description": "Papel", "unit": "und"}]},
        [{"value": "1411", "label": "Papel", "unit": "und"}],
        [{"code": 1411, "name": "Papel", "unit": "und"}],
    ],
)
def test_catalogue_rows_look_alike_whatever_their_members(
    wire: WireServer, provider: PacProvider, body: Any
) -> None:
    wire.says(answer(body))
    assert provider.goods_and_services(COMPANY_ID) == [CatalogueRow("1411", "Papel", "und")]
    wire.says(answer(body))
    assert provider.locations() == [CatalogueRow("1411", "Papel", "und")]


def test_a_catalogue_that_is_no_list_or_a_part_of_one_is_not_taken_for_it(
    wire: WireServer, provider: PacProvider
) -> None:
    rows = [{"code": "1411", "description": "Papel"}]
    for body in ({"message": "maintenance"}, {"metadata": {"limit": 1}, "data": rows}):
        wire.says(answer(body))
        with pytest.raises(Unsettled):
            provider.goods_and_services(COMPANY_ID)


@pytest.mark.parametrize(("kind", "word"), [(Kind.INVOICE, "invoice"), (Kind.CREDIT, "credit-note")])
def test_a_mail_names_the_kind(wire: WireServer, provider: PacProvider, kind: Kind, word: str) -> None:
    provider.send_email(kind, COMPANY_ID, DOCUMENT_ID, address="a@b.test", message="")
    assert wire.heard[0].json == {"documentId": DOCUMENT_ID, "mail": "a@b.test", "documentType": word}


def test_a_webhook_is_asked_for_again_without_a_person(wire: WireServer, provider: PacProvider) -> None:
    provider.resend_webhook(COMPANY_ID, DOCUMENT_ID, url="https://c.test/hook", secret="whsec")
    assert wire.heard[0].json == {
        "documentId": DOCUMENT_ID,
        "webhookUrl": "https://c.test/hook",
        "webhookSecret": "whsec",
    }


# Documents


@pytest.mark.parametrize(("kind", "path"), [(Kind.INVOICE, "invoices"), (Kind.CREDIT, "credit-notes")])
def test_each_kind_is_sent_read_and_voided_at_its_address(
    wire: WireServer, provider: PacProvider, kind: Kind, path: str
) -> None:
    wire.says(answer(example("res-01")["body"]))
    sent = provider.submit(kind, COMPANY_ID, b"{}", idempotency_key="intent-1")
    provider.read(kind, COMPANY_ID, DOCUMENT_ID)
    provider.void(kind, COMPANY_ID, DOCUMENT_ID, "Emitida por equivocación")
    assert sent.legal_status is LegalStatus.PAC_AUTHORIZED
    assert [(heard.method, heard.path) for heard in wire.heard] == [
        ("POST", f"/pan/v1/{path}"),
        ("GET", f"/pan/v1/{path}/{DOCUMENT_ID}"),
        ("DELETE", f"/pan/v1/{path}/{DOCUMENT_ID}"),
    ]
    assert wire.heard[0].headers["idempotency-key"] == "intent-1"
    assert {heard.headers["x-correlation-id"] for heard in wire.heard} == {"c-1"}


# The registry


def test_alanube_voids_for_182_hours_and_leaves_repeats_unproven() -> None:
    spec = registry.spec("alanube")
    assert spec.void_windows == {Kind.INVOICE: Hours(182), Kind.CREDIT: Hours(182)}
    assert (spec.void_reason.minimum, spec.void_reason.maximum) == (15, 1000)
    assert spec.country == "PA"
    assert {each for each in Capability if not spec.can(each)} == {
        Capability.REPEAT_IS_REFUSED,
        Capability.MIRROR,
    }


def test_an_unknown_provider_is_refused_by_name() -> None:
    with pytest.raises(RuleBroken, match="nadie") as caught:
        registry.spec("nadie")
    assert (caught.value.code, caught.value.field) == ("unknown_provider", "pac_provider")


def test_neither_the_provider_nor_its_account_shows_the_key() -> None:
    account = Account("http://pac.test", "canary-key")
    shown = repr(account) + repr(AlanubeProvider(account)) + repr(registry.spec("alanube"))
    assert "canary" not in shown
