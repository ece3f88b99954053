"""What the house relies on, said once and held by every provider of the registry, over real sockets."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from cifras.fiscal.document import Kind
from cifras.fiscal.lifecycle import LegalStatus
from cifras.pac.contract import Capability, CertificateFiles, CompanyProfile, OfficeProfile, PacProvider
from cifras.pac.errors import (
    AlreadyVoided,
    Busy,
    Incident,
    NotSupported,
    NumberTaken,
    Outcome,
    PacError,
    Unsettled,
)
from cifras.pac.registry import PROVIDERS
from cifras.sandbox.server import SandboxServer
from tests.fiscal.drafts import NOW
from tests.pac.practice import TOKEN, Practice, practice

TODAY = NOW.date()
CALLS = {
    Capability.ISSUE_INVOICE: lambda p, c: p.submit(Kind.INVOICE, c, b"{}", idempotency_key="k"),
    Capability.ISSUE_CREDIT: lambda p, c: p.submit(Kind.CREDIT, c, b"{}", idempotency_key="k"),
    Capability.VOID_INVOICE: lambda p, c: p.void(
        Kind.INVOICE, c, "20131312955-01-F001-1", "Un motivo cualquiera"
    ),
    Capability.VOID_CREDIT: lambda p, c: p.void(
        Kind.CREDIT, c, "20131312955-07-F001-1", "Un motivo cualquiera"
    ),
    Capability.FIND_BY_NUMBER: lambda p, c: p.find(Kind.INVOICE, c, "F001-1"),
    Capability.PDF: lambda p, c: p.read(Kind.INVOICE, c, "doc_1"),
    Capability.RESEND_WEBHOOK: lambda p, c: p.resend_webhook(c, "doc_1", url="https://x.test", secret="s"),
    Capability.EMAIL: lambda p, c: p.send_email(Kind.INVOICE, c, "doc_1", address="a@x.test", message=""),
    Capability.VERIFY_TAX_ID: lambda p, c: p.verify_tax_id("20131312955", "JURIDICO"),
    Capability.CATALOGUE: lambda p, c: p.goods_and_services(c),
    Capability.LOCATIONS: lambda p, c: p.locations(),
    Capability.ONBOARD: lambda p, c: _onboard(p, c),
    Capability.REPLACE_CERTIFICATE: lambda p, c: p.replace_certificates(c, CertificateFiles(b"", "")),
    Capability.STATEMENT: lambda p, c: p.statement(c, TODAY, TODAY),
    Capability.MIRROR: lambda p, c: _mirror(p, c),
}


def _onboard(provider: PacProvider, company_id: str) -> None:
    profile = CompanyProfile("20131312955", "JURIDICO", "5", "Nombre", "Nombre")
    office = OfficeProfile("0001", True, "Calle 1", "300-1234", "+9.0,-79.5", "8-8-7")
    for call in (
        lambda: provider.find_company("20131312955"),
        lambda: provider.create_company(profile),
        lambda: provider.request_affiliation(company_id),
        lambda: provider.finish_affiliation(company_id),
        lambda: provider.offices(company_id),
    ):
        with pytest.raises(NotSupported):
            call()
    provider.create_office(company_id, office)


def _mirror(provider: PacProvider, company_id: str) -> None:
    with pytest.raises(NotSupported):
        provider.issued_document(company_id, "doc_1")
    provider.page_of_issued(company_id)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as made:
        yield made


@pytest.fixture(params=PROVIDERS)
def at(request: pytest.FixtureRequest, server: SandboxServer) -> Practice:
    server.world.reset()
    server.clock.set(NOW + timedelta(hours=1))
    return practice(request.param, server)


def can(at: Practice, capability: Capability) -> bool:
    return at.spec.can(capability, at.options)


def test_what_is_not_declared_is_a_typed_refusal_and_no_byte_leaves(server):
    for key, spec in PROVIDERS.items():
        server.world.reset()
        at = practice(key, server, create_path="")
        for capability in CALLS.keys() - {each for each in CALLS if spec.can(each)}:
            with pytest.raises(NotSupported) as refusal:
                CALLS[capability](at.provider, at.company_id)
            assert refusal.value.outcome is Outcome.NOT_DONE
            assert refusal.value.message
        assert at.exchanges == []


def test_the_same_draft_is_the_same_bytes(at):
    first = at.provider.payload(at.draft(7))
    assert first == at.provider.payload(at.draft(7))
    assert at.exchanges == []


def test_what_is_issued_is_accepted_and_named(at):
    answer = at.issue()
    assert answer.document_id
    assert answer.legal_status in {LegalStatus.PAC_AUTHORIZED, LegalStatus.DGI_AUTHORIZED}
    assert at.held() == 1
    assert answer.exchange_id == at.exchanges[-1].exchange_id
    assert answer.raw_text


@pytest.mark.parametrize("fault", ["drop_after_commit", "500_after", "malformed_json"])
def test_a_lost_answer_is_unknown_and_is_settled_without_a_second_document(at, fault):
    at.sandbox.faults.add(fault, at.create)
    with pytest.raises(PacError) as lost:
        at.issue()
    assert lost.value.outcome is Outcome.UNKNOWN
    assert lost.value.exchange_id
    if can(at, Capability.FIND_BY_NUMBER):
        found = at.provider.find(Kind.INVOICE, at.company_id, at.number_of(1))
        assert len(found) == 1
        assert found[0].document_id
    else:
        assert can(at, Capability.REPEAT_IS_REFUSED)
        with pytest.raises(NumberTaken):
            at.issue()
    assert at.held() == 1


def test_a_number_that_nobody_holds_is_proven_absent(at):
    if can(at, Capability.FIND_BY_NUMBER):
        assert list(at.provider.find(Kind.INVOICE, at.company_id, at.number_of(99))) == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("401", Incident), ("429", Busy), ("500_before", Unsettled), ("drop_before", Unsettled)],
)
def test_a_misfortune_says_whether_the_deed_was_done(at, fault, expected):
    at.sandbox.faults.add(fault, at.create, times=None)
    with pytest.raises(expected):
        at.issue()
    at.sandbox.faults.clear()
    assert at.held() == 0


def test_a_void_is_done_once_and_a_second_one_hears_so(at):
    if not can(at, Capability.VOID_INVOICE):
        return
    document_id = at.issue().document_id
    if can(at, Capability.PDF):
        at.provider.read(Kind.INVOICE, at.company_id, document_id)
    answer = at.provider.void(Kind.INVOICE, at.company_id, document_id, "Emitida por equivocación")
    assert answer.is_void is not False
    with pytest.raises(AlreadyVoided):
        at.provider.void(Kind.INVOICE, at.company_id, document_id, "Emitida por equivocación")


def test_a_statement_counts_every_document_once(at):
    if not can(at, Capability.STATEMENT):
        return
    total = sum(at.issue(number).http_status == 200 for number in range(1, 4))
    statement = at.provider.statement(at.company_id, TODAY, TODAY)
    assert sum(row.count for row in statement.rows) == total == 3
    assert {row.kind for row in statement.rows} == {Kind.INVOICE}
    assert statement.raw_text


def test_the_token_is_told_to_nobody_but_the_provider(at):
    at.issue()
    said = repr(at.provider) + repr(at.exchanges) + repr(vars(at.provider))
    assert TOKEN not in said
