"""Tandia's and Fabo's clients against the practice PACs: lists pulled whole, numbers never used twice, both body formats."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import jwt
import pytest

from cifras.fiscal.document import DocumentDraft, Kind
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus
from cifras.pac.contract import ListedDocument
from cifras.pac.errors import (
    Holder,
    Incident,
    NotFound,
    NotSupported,
    NumberTaken,
    PacError,
    Returned,
    Unsettled,
    WindowClosed,
)
from cifras.pac.tandia import webhook
from cifras.sandbox.peru.sunat import Comprobante, new_id
from cifras.sandbox.peru.tandia import signature
from cifras.sandbox.server import SandboxServer
from tests.fiscal import peru_drafts
from tests.fiscal.drafts import NOW
from tests.pac.practice import Practice, practice

TODAY = NOW.date()


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as made:
        yield made


@pytest.fixture(autouse=True)
def fresh(server: SandboxServer) -> None:
    server.world.reset()
    server.tandia.repeats_token = False
    server.clock.set(NOW + timedelta(hours=1))


@pytest.fixture
def tandia(server: SandboxServer) -> Practice:
    return practice("tandia", server)


@pytest.fixture(params=["json", "text"])
def fabo(request: pytest.FixtureRequest, server: SandboxServer) -> Practice:
    return practice("fabo", server, body_format=request.param)


def sold_there(server: SandboxServer, company_id: str, count: int) -> list[str]:
    """Documents that somebody issued at the provider, one a minute."""
    made = []
    for number in range(1, count + 1):
        document = Comprobante(
            id=new_id("doc_"),
            company_id=company_id,
            document_type="01" if number % 3 else "07",
            series="F001",
            number=number,
            issued_at=NOW - timedelta(minutes=number),
            receiver_type="6",
            receiver_number="20100070970",
            receiver_name="Cliente de Ejemplo S.A.C.",
            currency="PEN",
            net=Decimal(100),
            igv=Decimal(18),
            total=Decimal(118),
        )
        made.append(server.sunat.register(document, []).id)
    return made


def listed_by(at: Practice) -> tuple[ListedDocument, ...]:
    """What one page of the provider's list shows."""
    return at.provider.page_of_issued(at.company_id).rows


class TestTandia:
    @pytest.mark.parametrize("search_path", ["search", "plain"])
    def test_search_and_find_agree_with_the_list(self, server, search_path):
        at = practice("tandia", server, search_path=search_path)
        sold_there(server, at.company_id, 6)
        listed = {each.number: each.document_id for each in listed_by(at)}
        searched = [
            each.document_id
            for kind in Kind
            for each in at.provider.list_documents(kind, at.company_id, TODAY, TODAY)
        ]
        assert sorted(searched) == sorted(listed.values())
        for number, document_id in listed.items():
            kind = Kind.INVOICE if int(number[-1]) % 3 else Kind.CREDIT
            (found,) = at.provider.find(kind, at.company_id, number)
            assert found.document_id == document_id

    def test_the_whole_document_tells_what_its_row_does_not(self, tandia):
        issued = tandia.issue()
        (row,) = listed_by(tandia)
        whole = tandia.provider.read(Kind.INVOICE, tandia.company_id, row.document_id)
        assert row.number == issued.number
        assert (whole.receiver_name, whole.receiver_tax_id) == ("Comercial de Ejemplo S.A.C.", "20100070970")
        assert (whole.total, whole.line_count) == (issued.total, 1)
        assert whole.body["currency"] == "PEN"
        assert whole.body["tax_total"] == Decimal(36)
        assert whole.pdf_url.endswith(".pdf")

    def test_without_the_accounts_word_nothing_is_created(self, server):
        at = practice("tandia", server, create_path="")
        with pytest.raises(NotSupported):
            at.issue()
        assert at.held() == 0

    @pytest.mark.parametrize(
        ("word", "expected"),
        [("SUNAT-2335", "DGI_REJECTED"), ("", "DGI_AUTHORIZED")],
    )
    def test_what_failed_says_whose_word_it_was(self, tandia, word, expected):
        receiver = replace(peru_drafts.COMPANY, name=f"Cliente {word}")
        answer = tandia.issue(receiver=receiver)
        assert answer.legal_status == expected
        assert bool(answer.problems) is bool(word)

    def test_what_sunat_did_not_take_in_is_returned_and_goes_again_under_its_number(self, tandia):
        with pytest.raises(Returned) as returned:
            tandia.issue(receiver=replace(peru_drafts.COMPANY, name="Cliente SUNAT-1001"))
        assert returned.value.problems[0].code == "1001"
        assert tandia.issue().legal_status is LegalStatus.DGI_AUTHORIZED
        assert {row.number for row in tandia.provider.find(Kind.INVOICE, tandia.company_id, "F001-1")} == {
            "F001-00000001"
        }

    def test_another_token_is_an_incident_and_an_unknown_id_no_document(self, server, tandia):
        with pytest.raises(NotFound):
            tandia.provider.read(Kind.INVOICE, tandia.company_id, "doc_nobody")
        server.behaviour.accepted_keys = {"somebody-elses"}
        with pytest.raises(Incident):
            tandia.provider.page_of_issued(tandia.company_id)

    def test_a_webhook_counts_only_under_our_secret_and_hs256(self):
        secret = "the-secret-of-the-webhooks-of-tandia-0123456789"
        assert webhook.is_signed(signature(secret), ["the-older-one-that-was-replaced-0123456789", secret])
        for forged in (
            signature("another-secret-altogether-0123456789abcdef"),
            jwt.encode({"iss": "tandia"}, key="", algorithm="none"),
            jwt.encode({"iss": "tandia", "exp": 1}, secret, algorithm="HS256"),
            jwt.encode({"iss": "tandia"}, secret * 2, algorithm="HS512"),
            "",
            "a.b.c",
            "x" * 10_000,
        ):
            assert not webhook.is_signed(forged, [secret])
        assert not webhook.is_signed(signature(""), ["", secret])


class TestFabo:
    def test_a_lost_answer_never_leads_to_a_second_number(self, fabo):
        fabo.sandbox.faults.add("drop_after_commit", "emitir")
        with pytest.raises(Unsettled):
            fabo.issue()
        with pytest.raises(NumberTaken) as told:
            fabo.issue()
        assert told.value.problems[0].code == "4000"
        assert told.value.holder == Holder(
            "prueba-20131312955-01-F001-1", "F001-1", LegalStatus.DGI_AUTHORIZED, "SUNAT 4000", is_same=True
        )
        with pytest.raises(NumberTaken) as other:
            fabo.issue(lines=(peru_drafts.line("3"),))
        assert other.value.problems[0].code == "1033"
        assert other.value.holder is not None
        assert not other.value.holder.is_same
        assert fabo.held() == 1

    def test_remarks_are_an_acceptance_and_are_kept(self, fabo):
        answer = fabo.issue(lines=(peru_drafts.line(description="SUNAT-OBSERVA"),))
        assert answer.legal_status is LegalStatus.DGI_AUTHORIZED
        assert [problem.code for problem in answer.problems] == ["4287", "4252"]

    def test_a_rejection_burns_the_number_and_a_return_keeps_it(self, fabo):
        burnt = fabo.issue(1, lines=(peru_drafts.line(description="SUNAT-2335"),))
        assert (burnt.legal_status, burnt.problems[0].code) == (LegalStatus.DGI_REJECTED, "2335")
        with pytest.raises(NumberTaken) as taken:
            fabo.issue(1)
        assert taken.value.holder is not None
        assert taken.value.holder.legal_status is LegalStatus.DGI_REJECTED
        with pytest.raises(Returned) as returned:
            fabo.issue(2, lines=(peru_drafts.line(description="SUNAT-1001"),))
        assert returned.value.problems[0].code == "1001"
        assert fabo.issue(2).legal_status is LegalStatus.DGI_AUTHORIZED

    def test_a_baja_after_its_window_hears_so_and_a_boleta_takes_none(self, fabo):
        late = fabo.issue().document_id
        boleta = fabo.issue(2, receiver=peru_drafts.NOBODY, peru=peru_drafts.BOLETA).document_id
        with pytest.raises(NotSupported):
            fabo.provider.void(Kind.INVOICE, fabo.company_id, boleta, "Error de datos")
        fabo.sandbox.clock.advance(hours=24 * 9)
        with pytest.raises(WindowClosed):
            fabo.provider.void(Kind.INVOICE, fabo.company_id, late, "Error de datos")

    def test_a_note_and_a_sale_on_credit_say_all_that_is_asked(self, fabo):
        fabo.issue(123)
        note = replace(peru_drafts.note("07"), number="1")
        credit = replace(peru_drafts.on_credit("100.00", "136.00"), number="2")
        for draft in (note, credit):
            answer = fabo.provider.submit(
                draft.kind, fabo.company_id, fabo.provider.payload(draft), idempotency_key="k"
            )
            assert answer.legal_status is LegalStatus.DGI_AUTHORIZED
        bodies = [document.body for document in fabo.sandbox.sunat.documents.values()]
        assert '"documento_correlativo": ' in bodies[1]
        assert '"motivo_codigo": "07"' in bodies[1]
        assert '"forma_pago": "credito"' in bodies[2]
        assert '"cuotas": [{' in bodies[2]

    @pytest.mark.parametrize(
        ("draft", "code"),
        [
            (peru_drafts.with_detraction(), "operation_not_at_fabo"),
            (peru_drafts.factura(receiver=replace(peru_drafts.COMPANY, name="x" * 101)), "too_long_for_fabo"),
            (
                peru_drafts.boleta(
                    receiver=replace(peru_drafts.NOBODY, identity_type="B", identity_number="1")
                ),
                "identity_not_at_fabo",
            ),
        ],
    )
    def test_what_fabo_cannot_say_is_refused_before_anything_leaves(self, fabo, draft: DocumentDraft, code):
        with pytest.raises(RuleBroken) as refusal:
            fabo.provider.payload(replace(draft, number="1"))
        assert refusal.value.code == code
        assert fabo.exchanges == []

    def test_another_uuid_or_token_is_an_incident(self, fabo):
        with pytest.raises(Incident):
            fabo.provider.read_company("11111111-2222-3333-4444-555555555555")
        fabo.sandbox.behaviour.accepted_keys = {"somebody-elses"}
        with pytest.raises(PacError) as refused:
            fabo.issue()
        assert isinstance(refused.value, Incident)
