"""The whole dialect against the practice PAC, which repeats the contract on its own and is strict about it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cifras.fiscal.document import (
    DocumentDraft,
    Instalment,
    Kind,
    Payment,
    PaymentTime,
    Reference,
)
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.totals import compute, spread_discounts
from cifras.pac.alanube.provider import AlanubeProvider
from cifras.pac.contract import Account, CatalogueRow, CompanyProfile, Exchange, OfficeProfile, PacAnswer
from cifras.pac.errors import (
    AlreadyVoided,
    Busy,
    Incident,
    NotFound,
    NotSupported,
    NumberTaken,
    Outcome,
    PacError,
    Refused,
    Unsettled,
    WindowClosed,
)
from cifras.sandbox.faults import FaultKind
from cifras.sandbox.server import SandboxServer
from tests.fiscal.drafts import COMPANY, CONSUMER, MINISTRY, NOW, VISITOR, credit, export, invoice, line

REASON = "Emitida por equivocación"
RUC = "155646463-2-2017"


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        server.clock.set(NOW + timedelta(hours=1))
        yield server


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
def provider(sandbox: SandboxServer, exchanges: list[Exchange]) -> AlanubeProvider:
    account = Account(sandbox.base_url, "practice-key", read_timeout=0.5, retry_wait=(0, 0))
    return AlanubeProvider(account, exchanges.append, "c-1")


@pytest.fixture
def company(sandbox: SandboxServer) -> str:
    return sandbox.authority.add_company(ruc=RUC, name="Emisor de Ejemplo, S.A.").id


def numbered(draft: DocumentDraft, number: int = 1) -> DocumentDraft:
    return replace(draft, number=f"{number:010d}", security_code="123456789")


def post(provider: AlanubeProvider, company: str, draft: DocumentDraft) -> PacAnswer:
    payload = provider.payload(spread_discounts(draft))
    return provider.submit(draft.kind, company, payload, idempotency_key="intent-1")


def paid(draft: DocumentDraft, *payments: Payment) -> DocumentDraft:
    return replace(draft, payments=payments)


TOTAL = compute(invoice()).total
DOCUMENTS: dict[str, DocumentDraft] = {
    "contribuyente": invoice(),
    "consumidor final": invoice(receiver=CONSUMER),
    "gobierno": invoice(receiver=MINISTRY, lines=(line(cpbs_code="1411", cpbs_unit="und"),)),
    "extranjero in Panama": invoice(receiver=VISITOR),
    "export": export(),
    "exempt and mixed": invoice(lines=tuple(line(tax_rate=rate) for rate in ("0", "7", "10", "15"))),
    "several payments": paid(
        invoice(),
        Payment("03", Decimal(100)),
        Payment("08", Decimal(100)),
        Payment("99", TOTAL - 200, "Vale de regalo"),
    ),
    "with change": replace(paid(invoice(), Payment("02", TOTAL + 9)), change=Decimal(9)),
    "on credit": replace(
        paid(invoice(), Payment("01", TOTAL)),
        payment_time=PaymentTime.CREDIT,
        instalments=(
            Instalment(1, date(2026, 12, 19), Decimal(160)),
            Instalment(2, date(2027, 1, 19), TOTAL - 160),
        ),
    ),
    "withholding": invoice(receiver=replace(COMPANY, withholds=True, retention_code="4")),
    "odd cents": invoice(lines=(line("3", "0.333333"), line("7.5", "19.99", "15"))),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_every_sort_is_authorised(name: str, provider: AlanubeProvider, company: str) -> None:
    draft = numbered(DOCUMENTS[name])
    accepted = post(provider, company, draft)
    read = provider.read(draft.kind, company, accepted.document_id)
    assert read.legal_status is LegalStatus.DGI_AUTHORIZED
    assert read.cufe == accepted.cufe
    assert read.protocol
    assert read.pdf_url and read.xml_url and read.qr


def authorised(provider: AlanubeProvider, company: str, number: int = 1) -> PacAnswer:
    return provider.read(
        Kind.INVOICE, company, post(provider, company, numbered(invoice(), number)).document_id
    )


def note_on(found: PacAnswer, **changes: Any) -> DocumentDraft:
    return numbered(credit(reference=Reference(found.cufe, NOW), modification_code=1, **changes))


def test_a_credit_note_is_authorised_and_voided_at_its_own_address(
    provider: AlanubeProvider, company: str
) -> None:
    note = post(provider, company, note_on(authorised(provider, company)))
    assert provider.read(Kind.CREDIT, company, note.document_id).legal_status is LegalStatus.DGI_AUTHORIZED
    with pytest.raises(NotFound):
        provider.read(Kind.INVOICE, company, note.document_id)
    assert provider.void(Kind.CREDIT, company, note.document_id, REASON).message


def test_a_void_is_done_once_and_then_already_done(provider: AlanubeProvider, company: str) -> None:
    document = authorised(provider, company)
    provider.void(Kind.INVOICE, company, document.document_id, REASON)
    with pytest.raises(AlreadyVoided):
        provider.void(Kind.INVOICE, company, document.document_id, REASON)
    again = provider.read(Kind.INVOICE, company, document.document_id)
    assert again.legal_status is LegalStatus.DGI_AUTHORIZED


def test_a_void_that_comes_too_late(sandbox: SandboxServer, provider: AlanubeProvider, company: str) -> None:
    document = authorised(provider, company)
    sandbox.clock.advance(hours=183)
    with pytest.raises(WindowClosed):
        provider.void(Kind.INVOICE, company, document.document_id, REASON)


def test_a_reason_that_is_too_short_points_at_the_reason(provider: AlanubeProvider, company: str) -> None:
    document = authorised(provider, company)
    with pytest.raises(Refused) as caught:
        provider.void(Kind.INVOICE, company, document.document_id, "corta".ljust(20))
    assert [problem.field for problem in caught.value.problems] == ["reason"]


def test_another_companys_document_is_not_known(
    sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    other = sandbox.authority.add_company(ruc="155596713-2-2015", name="Otra, S.A.").id
    document = authorised(provider, company)
    with pytest.raises(NotFound):
        provider.read(Kind.INVOICE, other, document.document_id)
    with pytest.raises(NotFound):
        provider.void(Kind.INVOICE, other, document.document_id, REASON)


@pytest.mark.parametrize("shape", ["document", "plain", "errors"])
def test_a_number_already_used_is_told_in_every_shape(
    shape: str, sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    sandbox.behaviour.duplicate_answer = shape
    post(provider, company, numbered(invoice()))
    with pytest.raises(NumberTaken):
        post(provider, company, numbered(invoice(lines=(line("1"),))))


@pytest.mark.parametrize("shape", ["list", "single", "unified"])
def test_a_schema_complaint_points_at_our_member_in_every_shape(
    shape: str, sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    sandbox.behaviour.schema_answer = shape
    draft = numbered(invoice(receiver=replace(COMPANY, ruc="", dv="")))
    with pytest.raises(Refused) as caught:
        post(provider, company, draft)
    assert caught.value.problems[0].field == "receiver.ruc"


def test_a_company_that_is_not_affiliated_is_an_incident(
    sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    sandbox.authority.lapse(sandbox.authority.companies[company])
    with pytest.raises(Incident) as caught:
        post(provider, company, numbered(invoice()))
    assert caught.value.problems[0].code == "AP1010"


@pytest.mark.parametrize("word", ["REGISTERED", "DGI_REQUEST"])
def test_a_document_in_process_keeps_its_word(
    word: str, sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    sandbox.behaviour.update({"authorise_after": 3600, "in_process_word": word})
    accepted = post(provider, company, numbered(invoice()))
    assert (accepted.legal_status, accepted.raw_legal_status) == (LegalStatus.NONE, word)


def test_flat_answers_are_read_alike(sandbox: SandboxServer, provider: AlanubeProvider, company: str) -> None:
    sandbox.behaviour.flat_answers = True
    assert authorised(provider, company).legal_status is LegalStatus.DGI_AUTHORIZED


@pytest.mark.parametrize("status", [200, 201, 202])
def test_every_success_code_is_one(
    status: int, sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    sandbox.behaviour.created_status = status
    assert post(provider, company, numbered(invoice())).http_status == status


MISFORTUNES: dict[FaultKind, tuple[type[PacError], int]] = {
    FaultKind.DROP_BEFORE: (Unsettled, 0),
    FaultKind.TIMEOUT_BEFORE: (Unsettled, 0),
    FaultKind.SERVER_ERROR_BEFORE: (Unsettled, 0),
    FaultKind.TOO_MANY_REQUESTS: (Busy, 0),
    FaultKind.UNAUTHORIZED: (Incident, 0),
    FaultKind.FORBIDDEN: (Incident, 0),
    FaultKind.TIMEOUT_AFTER_COMMIT: (Unsettled, 1),
    FaultKind.DROP_AFTER_COMMIT: (Unsettled, 1),
    FaultKind.SERVER_ERROR_AFTER: (Unsettled, 1),
    FaultKind.REQUEST_TIMEOUT_AFTER: (Unsettled, 1),
    FaultKind.MALFORMED_JSON: (Unsettled, 1),
    FaultKind.TRUNCATED: (Unsettled, 1),
}


def test_every_misfortune_of_the_sandbox_is_here_save_the_slow_one() -> None:
    assert set(FaultKind) - set(MISFORTUNES) == {FaultKind.SLOW}


@pytest.mark.parametrize("fault", MISFORTUNES)
def test_after_any_misfortune_the_number_was_posted_once_and_can_be_asked_about(
    fault: FaultKind,
    sandbox: SandboxServer,
    provider: AlanubeProvider,
    company: str,
    exchanges: list[Exchange],
) -> None:
    kind, held = MISFORTUNES[fault]
    sandbox.faults.add(fault, "create_invoice")
    draft = numbered(invoice())
    with pytest.raises(kind) as caught:
        post(provider, company, draft)
    assert type(caught.value) is kind
    assert caught.value.outcome is Outcome.UNKNOWN or not held
    assert sandbox.journal.times_posted(draft.number) == 1
    assert caught.value.exchange_id == exchanges[-1].exchange_id
    assert [found.number for found in provider.find(Kind.INVOICE, company, draft.number)] == [
        draft.number
    ] * held


def test_a_list_that_ignores_numbers_finds_what_is_there_and_proves_no_absence(
    sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    sandbox.behaviour.list_ignores_number = True
    authorised(provider, company, 7)
    assert len(provider.find(Kind.INVOICE, company, "0000000007")) == 1
    with pytest.raises(NotSupported):
        provider.find(Kind.INVOICE, company, "0000000008")


@pytest.mark.parametrize("status", [404, 405, 501])
def test_without_a_list_nobody_can_be_asked(
    status: int, sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    sandbox.behaviour.list_status = status
    with pytest.raises(NotSupported):
        provider.find(Kind.INVOICE, company, "0000000001")


@pytest.mark.parametrize("by_patch", [False, True])
def test_a_company_goes_from_nothing_to_its_first_document(
    by_patch: bool, sandbox: SandboxServer, provider: AlanubeProvider, exchanges: list[Exchange]
) -> None:
    sandbox.behaviour.main_office_by_patch = by_patch
    profile = CompanyProfile(
        RUC, "JURIDICO", "86", "Emisor de Ejemplo, S.A.", "Emisor", "https://cifras.test/logo.png",
        b"NO-ES-UN-CERTIFICADO", "canary-password",
    )  # fmt: skip
    office = OfficeProfile(
        "0001", is_main=True, address="Calle 50", telephone="200-0000",
        coordinates="+9.0017832,-79.5275519", location="8-8-11",
    )  # fmt: skip
    assert provider.find_company(RUC) is None
    company = provider.create_company(profile).company_id
    found = provider.find_company(RUC)
    assert found is not None
    assert (found.company_id, found.may_issue) == (company, False)
    assert provider.request_affiliation(company).qr
    provider.finish_affiliation(company)
    assert provider.read_company(company).may_issue
    office_id = provider.create_office(company, office).office_id
    assert office_id in {each.office_id for each in provider.offices(company)}
    accepted = post(provider, company, replace(numbered(invoice()), pac_office_id=office_id))
    assert accepted.document_id
    kept = str(exchanges)
    assert "canary-password" not in kept
    assert "practice-key" not in kept


def test_questions_and_requests_beside_documents(
    sandbox: SandboxServer, provider: AlanubeProvider, company: str
) -> None:
    document = authorised(provider, company)
    said = provider.verify_tax_id("155596713-2-2015", "JURIDICO")
    assert (said.dv, said.receiver) == ("59", "CONTRIBUYENTE")
    assert CatalogueRow("8111", "Servicios informáticos", "und") in provider.goods_and_services(company)
    assert CatalogueRow("8-8-7", "PANAMA, PANAMA, BELLA VISTA") in provider.locations()
    provider.send_email(Kind.INVOICE, company, document.document_id, address="a@b.test", message="Su factura")
    month = (date(2026, 11, 1), date(2026, 11, 30))
    (row,) = provider.service.documents_report(company, *month).body["data"]
    assert (row["count"], row["total"]) == (1, TOTAL)
    (row,) = provider.service.documents_report_all_companies(*month).body["data"]
    assert row["idCompany"] == company
