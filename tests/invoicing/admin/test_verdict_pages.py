"""The pages on which persons settle what nobody knows, and the banners of what holds everybody up."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core.models import Proposal, Staff
from invoicing.models import Document, Incident, ProviderHealth, TimelineEvent
from invoicing.services import identity
from invoicing.services.identity import PacAnswer
from reports.services.reference import ROLES
from tests.document_pages import address, list_address, queries_of, said, text_of
from tests.document_rows import CUFE, a_document
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db

REASON = "El soporte del PAC lo confirmó por correo el lunes"
THEIRS = CUFE[:56] + "987654321" + CUFE[65:]
PAGES = ("verdict", "conflict", "legal_conflict", "void_verdict")


def evidence(content: bytes = b"%PDF-1.4\ncarta\n%%EOF") -> SimpleUploadedFile:
    return SimpleUploadedFile("carta.pdf", content)


@pytest.fixture
def unknown(own) -> Document:
    return changed(own, submission="UNKNOWN", legal_status="", document_id="", cufe="")


@pytest.fixture
def conflicting(own) -> Document:
    answer = PacAnswer(
        document_id="01OTHER",
        cufe=THEIRS,
        number=own.number,
        raw_legal_status="DGI_AUTHORIZED",
        body={"id": "01OTHER", "cufe": THEIRS, "odd": "<script>alert(1)</script>"},
    )
    return changed(
        own,
        submission="UNKNOWN",
        legal_status="",
        document_id="",
        cufe="",
        flag="CONFLICT",
        series="01",
        number="0000000001",
        local_cufe=CUFE,
        security_code="012345678",
        conflict=identity.kept(answer),
    )


@pytest.fixture
def colleague(own) -> Client:
    return signed_in(a_staff_member(own.tenant, permissions=ROLES["Operaciones"], username="luis"))


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


def changed(document: Document, **changes: Any) -> Document:
    Document.objects.filter(pk=document.pk).update(**changes)
    document.refresh_from_db()
    return document


def door(proposal: Proposal, name: str) -> str:
    return reverse(f"admin:core_proposal_{name}", args=[proposal.uid])


def test_each_doubt_has_its_button_and_nothing_else_has(browser, own, foreign) -> None:
    assert "Decidir qué pasó" not in text_of(browser.get(address(own)))
    for changes, label in (
        ({"submission": "UNKNOWN", "legal_status": "", "document_id": "", "cufe": ""}, "Decidir qué pasó"),
        ({"flag": "CONFLICT"}, "Comparar y decidir"),
        (
            {
                "submission": "ACCEPTED",
                "legal_status": "DGI_AUTHORIZED",
                "flag": "",
                "legal_conflict": "DGI_REJECTED",
            },
            "Resolver la noticia contraria",
        ),
        ({"legal_conflict": "", "void_status": "UNKNOWN"}, "Decidir la anulación"),
    ):
        changed(own, **changes)
        assert label in text_of(browser.get(address(own)))


def test_a_verdict_is_proposed_by_one_and_approved_by_another(browser, colleague, unknown) -> None:
    page = address(unknown, "verdict")
    assert "Con prueba y otra persona que apruebe." in text_of(browser.get(page))
    short = browser.post(page, {"choice": "document.never_existed", "reason": "corto"})
    assert "hacen falta 15" in text_of(short)
    missing = browser.post(page, {"choice": "document.never_existed", "reason": REASON})
    assert "Adjunte la prueba" in text_of(missing)
    assert REASON in missing.content.decode()
    sent = {"choice": "document.never_existed", "reason": REASON, "evidence": evidence()}
    done = browser.post(page, sent, follow=True)
    assert "Falta que otra persona lo apruebe" in said(done)[0]
    proposal = Proposal.objects.get()
    assert "carta.pdf" in text_of(done)
    assert 'id="proposal-withdraw"' in done.content.decode()
    own_yes = browser.post(door(proposal, "approve"))
    assert "tiene que decidirla otra persona" in text_of(own_yes)
    unknown.refresh_from_db()
    assert unknown.submission == "UNKNOWN"

    waiting = colleague.get(reverse("admin:core_proposal_changelist"))
    assert [row.uid for row in waiting.context["cl"].result_list] == [proposal.uid]
    theirs = colleague.get(address(unknown))
    assert 'id="proposal-approve"' in theirs.content.decode()
    assert REASON in text_of(colleague.get(door(proposal, "approve")))
    assert colleague.get(theirs.context["waiting"]["files"][0][1]).status_code == 200
    approved = colleague.post(door(proposal, "approve"), {"note": ""}, follow=True)
    assert "Aprobada y hecha." in said(approved)[0]
    unknown.refresh_from_db()
    assert (unknown.submission, unknown.number_fate) == ("REFUSED", "rejected-not-consumed")
    assert "Rechazado sin consumir el número" in text_of(approved)
    assert "ya decidió" in text_of(colleague.post(door(proposal, "approve")))
    assert TimelineEvent.objects.filter(document_uid=unknown.uid, code="verdict_given").count() == 1


def test_a_no_says_why_and_changes_nothing(browser, colleague, unknown) -> None:
    sent = {"choice": "document.never_existed", "reason": REASON, "evidence": evidence()}
    browser.post(address(unknown, "verdict"), sent)
    proposal = Proposal.objects.get()
    assert "hacen falta 15" in text_of(colleague.post(door(proposal, "refuse"), {"note": "no"}))
    colleague.post(door(proposal, "refuse"), {"note": "La carta habla de otra factura"})
    proposal.refresh_from_db()
    unknown.refresh_from_db()
    assert (proposal.state, unknown.submission) == ("refused", "UNKNOWN")
    assert "La carta habla de otra factura" in text_of(browser.get(address(unknown) + "?tab=timeline"))


def test_the_two_documents_stand_side_by_side_and_differing_members_are_named(browser, conflicting) -> None:
    response = browser.get(address(conflicting, "conflict"))
    page, markup = text_of(response), response.content.decode()
    rows = {str(row.label): row for row in response.context["rows"]}
    assert rows["Código de seguridad"].differs
    assert not rows["Número"].differs
    assert {str(rows["Total"].badge.word), str(rows["CUFE"].badge.word)} == {"El PAC no lo dice", "Difiere"}
    for words in ("«DGI_AUTHORIZED»", "987654321", THEIRS, "Código de seguridad"):
        assert words in page
    assert "<script>alert(1)" not in markup
    assert "&lt;script&gt;alert(1)" in markup


def test_another_sale_takes_one_person_and_offers_to_correct_it(browser, conflicting) -> None:
    page = address(conflicting, "conflict")
    done = browser.post(page, {"choice": "document.number_taken", "reason": REASON}, follow=True)
    conflicting.refresh_from_db()
    assert (conflicting.submission, conflicting.number_fate) == ("REFUSED", "taken")
    assert "Ocupado por otro documento" in text_of(done)
    assert 'id="deed-correct"' in done.content.decode()


def test_asking_again_decides_nothing(browser, conflicting) -> None:
    browser.post(address(conflicting, "conflict"), {"choice": "ask_again"})
    conflicting.refresh_from_db()
    assert (conflicting.submission, conflicting.flag) == ("UNKNOWN", "CONFLICT")
    assert conflicting.due_at is not None
    assert not Proposal.objects.exists()


def test_only_who_holds_the_right_changes_the_authoritys_word(browser, own) -> None:
    changed(own, legal_conflict="DGI_REJECTED", pac_response={"legalStatus": "DGI_REJECTED"})
    page = address(own, "legal_conflict")
    shown = browser.get(page)
    assert "Rechazada por DGI «DGI_REJECTED»" in text_of(shown)
    assert '"legalStatus": "DGI_REJECTED"' in text_of(shown)
    sent = {"choice": "document.legal_change", "reason": REASON, "evidence": evidence()}
    browser.post(page, sent)
    assert not Proposal.objects.exists()
    chief = signed_in(a_staff_member(own.tenant, permissions=ROLES["Administración"]))
    chief.post(page, sent | {"evidence": evidence()})
    proposal = Proposal.objects.get()
    assert browser.post(door(proposal, "approve")).status_code == 403
    other = signed_in(a_staff_member(own.tenant, permissions=ROLES["Administración"]))
    done = other.post(door(proposal, "approve"), follow=True)
    own.refresh_from_db()
    assert (own.legal_status, own.legal_settled_by_person) == ("DGI_REJECTED", True)
    assert "Estado legal decidido por personas" in text_of(done)


def test_keeping_the_word_that_is_held_clears_the_queue(browser, own) -> None:
    changed(own, legal_conflict="DGI_REJECTED")
    browser.post(address(own, "legal_conflict"), {"choice": "legal_keep", "reason": REASON})
    own.refresh_from_db()
    assert (own.legal_status, own.legal_conflict, own.legal_kept) == ("DGI_AUTHORIZED", "", "DGI_REJECTED")
    assert browser.get(address(own, "legal_conflict"), follow=True).status_code == 200
    assert "Se mantuvo «Autorizada por DGI»" in text_of(browser.get(address(own) + "?tab=timeline"))


def test_a_void_done_on_a_portal_is_registered(browser, colleague, own) -> None:
    sent = {"choice": "document.void_done", "reason": REASON, "evidence": evidence()}
    browser.post(address(own, "void_verdict"), sent)
    colleague.post(door(Proposal.objects.get(), "approve"))
    own.refresh_from_db()
    assert (own.void_status, own.void_reason) == ("VOIDED", REASON)


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_belong_to_those_who_may_decide_and_see(browser, own, foreign, page) -> None:
    assert browser.get(address(foreign, page)).status_code == 404
    assert browser.post(address(foreign, page), {}).status_code == 404
    looker = signed_in(a_staff_member(own.tenant, permissions=ROLES["Auditoría"]))
    assert looker.get(address(own, page)).status_code == 403
    assert looker.post(address(own, page), {}).status_code == 403


def test_a_proposal_about_another_tenant_is_not_there(browser, foreign) -> None:
    proposal = Proposal.objects.create(
        act="document.number_taken",
        tenant_uid=foreign.tenant.uid,
        target_type="invoicing.document",
        target_uid=foreign.uid,
        target_label="Factura ajena",
        reason=REASON,
        proposed_by=foreign.uid,
        proposed_by_name="otra",
    )
    for name in ("approve", "refuse", "withdraw", "change"):
        assert browser.get(door(proposal, name)).status_code == 404
        assert browser.post(door(proposal, name), {"note": REASON}).status_code == 404
    assert "Factura ajena" not in text_of(browser.get(reverse("admin:core_proposal_changelist")))
    proposal.refresh_from_db()
    assert proposal.is_open


# What holds everybody up


def test_an_open_circuit_and_an_incident_stand_above_home_list_and_company(browser, own, foreign) -> None:
    retry_at = timezone.now() + timedelta(minutes=5)
    ProviderHealth.objects.create(provider="alanube", environment="sandbox", open_until=retry_at)
    a_document(
        cufe="",
        document_id="",
        legal_status="",
        submission="QUEUED",
        due_at=timezone.now(),
        external_id="SO-9",
    )
    Incident.objects.create(tenant=own.tenant, code="unauthorized", message="La clave no sirve")
    Incident.objects.create(tenant=foreign.tenant, code="unauthorized", message="La clave ajena")
    tenant_page = reverse("admin:tenants_tenant_change", args=[own.tenant.uid])
    at = f"{timezone.localtime(retry_at):%H:%M:%S}"
    for page in ("/admin/", list_address(), tenant_page):
        cache.clear()
        text = text_of(browser.get(page))
        assert f"Alanube no responde; la cola crece: 1 documento; se reintenta a las {at}" in text, page
        assert "La clave no sirve" in text
        assert "Ver y reanudar" in text
        assert "La clave ajena" not in text


def test_the_banners_cost_little_and_are_kept_for_seconds(browser, own) -> None:
    cache.clear()
    first = queries_of(browser, list_address())
    again = queries_of(browser, list_address())
    assert first - again == 2
    assert first <= 6


def test_catching_up_asks_from_when_and_follows_what_is_left(browser, unknown, foreign) -> None:
    changed(unknown, last_attempt_at=timezone.now(), due_at=timezone.now() + timedelta(days=1))
    page = reverse("admin:invoicing_incident_catch_up")
    assert page in browser.get(reverse("admin:invoicing_incident_changelist")).content.decode()
    since = timezone.localtime(timezone.now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    assert unknown.due_at is not None
    before = unknown.due_at
    browser.get(page, {"since": since})
    unknown.refresh_from_db()
    assert unknown.due_at == before
    done = browser.post(page, {"since": since, "tenant": unknown.tenant.uid}, follow=True)
    assert "1 pendiente tiene su turno ahora." in said(done)
    assert "0 de 1 al día" in text_of(done)
    unknown.refresh_from_db()
    assert unknown.due_at <= timezone.now()
    changed(unknown, submission="REFUSED", legal_status="PAC_REJECTED", due_at=None)
    followed = browser.get(done.redirect_chain[-1][0], headers={"HX-Request": "true"})
    assert "Nada queda pendiente desde entonces." in text_of(followed)
    refused = browser.post(page, {"since": since, "tenant": foreign.tenant.uid})
    assert "1 pendiente" not in text_of(refused)
    looker = signed_in(a_staff_member(unknown.tenant, permissions=ROLES["Auditoría"]))
    assert looker.get(page).status_code == 403
