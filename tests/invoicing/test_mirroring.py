"""What is issued at Tandia without us comes here: every document once and whole, whatever happens on the way."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from cifras.pac.contract import IssuedDocument
from cifras.pac.errors import NotFound, NotSupported
from cifras.sandbox.peru.sunat import BOLETA, DEBIT_NOTE
from cifras.sandbox.peru.tandia import signature
from cifras.sandbox.server import SandboxServer
from invoicing.models import (
    Attachment,
    Document,
    DocumentMail,
    Incident,
    Mirror,
    MirroredRow,
    NumberSeries,
    TimelineEvent,
    WebhookDelivery,
)
from invoicing.services import (
    create_invoice,
    discard_document,
    inbox,
    queues,
    settling,
    tracking,
    void_invoice,
)
from invoicing.services.mirroring import bringing, pulling
from tenants.models import BillingPoint, Tenant
from tests.clockwork import make_everything_due, work_through
from tests.factories import a_tenant, an_administrator
from tests.peru import a_company, factura_json, issued_there, note_there

pytestmark = pytest.mark.django_db

SECRET = "the-secret-of-the-webhooks-of-tandia-0123456789"


@pytest.fixture
def pac(pac: SandboxServer, settings) -> SandboxServer:
    pac.tandia.repeats_token = pac.tandia.has_empty_page = pac.tandia.omits_last_token = False
    settings.PAC_FILE_HOSTS, settings.PAC_ALLOW_INSECURE_FILES = ["127.0.0.1"], True
    return pac


@pytest.fixture
def shop(pac: SandboxServer) -> Tenant:
    """A company that sells at Tandia only: here it cannot issue, and has no series."""
    tenant = a_company(pac, "tandia", pac_options={}, webhook_secret=SECRET)
    BillingPoint.objects.filter(office__tenant=tenant).delete()
    return tenant


def pull() -> None:
    """The lists' turns, until no page is due."""
    while pulling.pull_due():
        pass


def later() -> None:
    """As if the next turn of every list and every document had come."""
    now = timezone.now()
    Mirror.objects.update(due_at=now)
    MirroredRow.objects.filter(due_at__gt=now).update(due_at=now)


def bring() -> None:
    pull()
    while bringing.bring_due():
        pass


def brought(tenant: Tenant) -> dict[str, Document]:
    return {row.document_id: row for row in Document.objects.filter(tenant=tenant, is_mirrored=True)}


@pytest.mark.postgresql
def test_2500_documents_of_ten_companies_come_once_each_whatever_happens(pac, settings):
    shops = [a_company(pac, "tandia", pac_options={}) for _ in range(10)]
    there = {shop.pk: {issued_there(pac, shop, number).id for number in range(1, 251)} for shop in shops}
    pac.tandia.has_empty_page = pac.tandia.omits_last_token = True
    pac.faults.add("500_before", "list_documents", skip=7, times=2)  # one call and its repeat
    settings.PAC_QUEUE_WAITS = (3600.0,)
    pull()
    (broken,) = Mirror.objects.filter(failures=1)
    assert (broken.is_running, broken.token != "", broken.problem["code"]) == (True, True, "unsettled")
    half_way = MirroredRow.objects.filter(tenant=broken.tenant).count()
    assert 0 < half_way < 250, "what came before the fault is kept, with the place to go on at"
    # Restarted, with a token that repeats: the list is given up, what it showed stays.
    pac.tandia.repeats_token = True
    later()
    pull()
    assert set(Mirror.objects.exclude(problem=None).values_list("problem__code", flat=True)) == {
        "list_in_a_circle"
    }
    pac.tandia.repeats_token = False
    later()
    pull()
    listed: dict[int, list[str]] = {}
    for tenant, document_id in MirroredRow.objects.values_list("tenant", "pac_document_id"):
        listed.setdefault(tenant, []).append(document_id)
    assert {tenant: Counter(ids) for tenant, ids in listed.items()} == {
        tenant: Counter(ids) for tenant, ids in there.items()
    }
    assert not Mirror.objects.filter(whole_at=None).exists()
    assert {each.query["limit"] for each in pac.journal.requests("list_documents")} == {"100"}
    # Brought in two goes: each becomes one document, and a second look changes nothing.
    bringing.bring_due(limit=15)
    assert bringing.bring_due(limit=10) == 10
    Mirror.objects.update(due_at=timezone.now(), is_wanted_whole=True)
    pull()
    assert MirroredRow.objects.count() == 2500
    rows = MirroredRow.objects.filter(state="BROUGHT")
    assert rows.values("document").distinct().count() == rows.count() == Document.objects.count() == 25


def test_a_document_issued_there_stands_here_whole_with_its_files_and_its_money(pac, shop):
    there = issued_there(pac, shop, 7)
    work_through(rounds=2)
    (document,) = brought(shop).values()
    assert (document.submission, document.legal_status, document.mode) == (
        "ACCEPTED",
        "DGI_AUTHORIZED",
        "DGI",
    )
    assert (document.printed_number, document.series, document.currency) == ("F001-7", "01", "USD")
    assert (document.net, document.itbms, document.total) == (200, 36, 236)
    assert document.totals_by_rate == [{"rate": "18", "base": "200.00", "tax": "36.00"}]
    assert (document.receiver_name, document.receiver_ruc) == ("Cliente de Ejemplo S.A.C.", "20100070970")
    assert (document.external_id, document.document_id) == ("POS-F001-7", there.id)
    assert document.issue_date == there.issued_at
    (line,) = document.lines.all()
    assert (line.quantity, line.unit_price, line.tax_rate, line.total) == (2, 100, 18, 236)
    files = document.attachments.order_by("kind").values_list("kind", "filename")
    assert [(kind, name.removeprefix(str(document.uid))) for kind, name in files] == [
        (Attachment.Kind.CDR, ".cdr.xml"),
        (Attachment.Kind.PDF, ".pdf"),
        (Attachment.Kind.XML, ".xml"),
    ]
    assert settling.business(document).status == "PAID", "sold for cash there"
    codes = set(TimelineEvent.objects.filter(document_uid=document.uid).values_list("code", flat=True))
    assert {"mirrored", "legal_status", "pdf_attached", "xml_attached", "cdr_attached"} <= codes
    assert document.due_at is None
    assert AuditEntry.objects.filter(action="mirror.listed", chain=shop.uid).exists()
    assert not NumberSeries.objects.filter(office__tenant=shop).exists(), "its numbers are Tandia's affair"
    assert pac.journal.requests("create_document") == []


def test_the_tax_on_what_was_given_away_is_nobodys_money(pac, shop):
    amounts = [{"code": "IGV", "amount": "36.00"}, {"code": "GRA", "amount": "18.00"}]
    issued_there(pac, shop, 1, tax_amounts=amounts)
    bring()
    (document,) = brought(shop).values()
    assert (document.net, document.itbms, document.oti, document.total) == (200, 36, 0, 236)


def test_what_was_brought_is_not_brought_again_and_what_is_new_is(pac, shop):
    issued_there(pac, shop, 1)
    bring()
    issued_there(pac, shop, 2, issued_at=timezone.now())
    later()
    bring()
    assert sorted(row.printed_number for row in brought(shop).values()) == ["F001-1", "F001-2"]
    mirror = Mirror.objects.get(tenant=shop)
    assert (mirror.run, mirror.rows_read, mirror.rows_new) == (2, 2, 1)
    assert mirror.since is not None, "the second run asks for the last days only"
    assert [each.query.get("start_date") for each in pac.journal.requests("search_documents")] == [
        str(mirror.since)
    ]


def test_a_document_that_we_issued_is_known_and_never_doubled(pac):
    tandia = a_company(pac, "tandia")
    ours = create_invoice(factura_json(tandia), actor=None)
    work_through(rounds=1)
    later()
    bring()
    assert Document.objects.filter(tenant=tandia).count() == 1
    assert MirroredRow.objects.get(tenant=tandia).state == "OURS"
    ours.refresh_from_db()
    assert (ours.is_mirrored, ours.submission) == (False, "ACCEPTED")


def test_our_own_document_whose_answer_was_lost_is_proven_by_the_list(pac):
    tandia = a_company(pac, "tandia")
    pac.faults.add("drop_after_commit", "create_document")
    ours = create_invoice(factura_json(tandia), actor=None)
    queues.submitting.submit_due()
    ours.refresh_from_db()
    assert ours.submission == "UNKNOWN"
    bring()
    ours.refresh_from_db()
    assert (ours.submission, ours.is_mirrored) == ("ACCEPTED", False)
    assert Document.objects.filter(tenant=tandia).count() == 1


def test_the_answer_to_our_own_post_may_come_while_the_listed_document_is_looked_at(pac, monkeypatch):
    tandia = a_company(pac, "tandia")
    pac.faults.add("drop_after_commit", "create_document")
    ours = create_invoice(factura_json(tandia), actor=None)
    queues.submitting.submit_due()
    pull()
    number_of = bringing.building.number_of

    def answered_meanwhile(tenant: Tenant, whole: IssuedDocument) -> str:
        tracking.accept(ours, whole.answer, source="post")
        return number_of(tenant, whole)

    monkeypatch.setattr(bringing.building, "number_of", answered_meanwhile)
    bringing.bring_due()
    assert MirroredRow.objects.get(tenant=tandia).state == "OURS"


def test_a_number_that_another_document_of_ours_bears_is_for_a_person(pac):
    tandia = a_company(pac, "tandia")
    draft = create_invoice(factura_json(tandia), actor=None)
    assert draft.submission == "QUEUED"
    issued_there(pac, tandia, 1)
    bring()
    row = MirroredRow.objects.get(tenant=tandia)
    assert (row.state, row.problem["code"]) == ("HELD", "mirrored_number_taken")
    assert brought(tandia) == {}


def test_where_the_series_is_ours_too_it_goes_on_behind_what_was_issued_there(pac):
    tandia = a_company(pac, "tandia")
    issued_there(pac, tandia, 41)
    bring()
    ours = create_invoice(factura_json(tandia), actor=None)
    assert ours.printed_number == "F001-42"


@pytest.mark.postgresql
def test_the_series_is_held_before_the_number_is_written_as_whoever_issues_here_does(pac):
    """In the other order the two would wait for each other."""
    tandia = a_company(pac, "tandia")
    issued_there(pac, tandia, 41)
    pull()
    with CaptureQueriesContext(connection) as queries:
        bringing.bring_due()
    said = [each["sql"] for each in queries]
    held = next(i for i, sql in enumerate(said) if "numberseries" in sql and sql.endswith("FOR UPDATE"))
    assert held < next(i for i, sql in enumerate(said) if sql.startswith('INSERT INTO "invoicing_document"'))


def test_a_number_stands_once_in_the_database_whoever_issued_it(pac, shop):
    issued_there(pac, shop, 1)
    bring()
    (document,) = brought(shop).values()
    document.pk, document.uid, document.document_id, document.external_id = None, shop.uid, "doc_other", ""
    with pytest.raises(IntegrityError), transaction.atomic():
        document.save(force_insert=True)


@pytest.mark.parametrize("note_first", [True, False])
def test_a_note_takes_from_its_factura_whichever_comes_first(pac, shop, note_first):
    invoice = issued_there(pac, shop, 1, issued_at=timezone.now() - timedelta(hours=2 if note_first else 1))
    note = note_there(
        pac, shop, 1, invoice, issued_at=timezone.now() - timedelta(hours=1 if note_first else 2)
    )
    bring()
    documents = brought(shop)
    credit = documents[note.id]
    assert credit.credited == documents[invoice.id]
    assert (documents[invoice.id].credited_total, credit.peru["reason_code"]) == (236, "01")
    assert settling.business(documents[invoice.id]).status == "CANCELED"


@pytest.mark.postgresql
def test_a_note_and_its_factura_that_come_at_the_same_moment_wait_for_each_other(pac, shop, monkeypatch):
    """Neither sees the other before it is committed: so each looks while nobody else of the company does."""
    monkeypatch.setattr("cifras.sandbox.peru.tandia._status", lambda _each: "in_process")
    issued_there(pac, shop, 1)
    pull()
    with CaptureQueriesContext(connection) as queries:
        bringing.bring_due()
    said = [each["sql"] for each in queries]
    held = next(i for i, sql in enumerate(said) if "auditchain" in sql and sql.endswith("FOR UPDATE"))
    assert held < next(i for i, sql in enumerate(said) if "\"refers_to\" = '01-F001-1'" in sql)


def test_what_sunat_rejected_there_is_so_here_and_an_unknown_word_waits(pac, shop, monkeypatch):
    rejected = issued_there(pac, shop, 1, receiver_name="Cliente SUNAT-2335")
    strange = issued_there(pac, shop, 2)
    said = "in_process"
    monkeypatch.setattr(
        "cifras.sandbox.peru.tandia._status",
        lambda each: said if each.id == strange.id else "succeeded" if each.is_accepted else "failed",
    )
    bring()
    documents = brought(shop)
    assert documents[rejected.id].legal_status == "DGI_REJECTED"
    waiting = documents[strange.id]
    assert (waiting.legal_status, waiting.raw_legal_status) == ("", "in_process")
    said = "succeeded"
    later()
    pull()
    make_everything_due()
    queues.watching.watch_due()
    waiting.refresh_from_db()
    assert waiting.legal_status == "DGI_AUTHORIZED"


def test_what_tandia_itself_rejected_leaves_its_number_to_the_next_try(pac, shop):
    failed = issued_there(pac, shop, 1, receiver_name="Cliente SUNAT-1001")
    pac.sunat.documents[failed.id] = failed
    again = issued_there(pac, shop, 1)
    bring()
    words = {each: row.legal_status for each, row in brought(shop).items()}
    assert words == {failed.id: "PAC_REJECTED", again.id: "DGI_AUTHORIZED"}


@pytest.mark.parametrize("by_webhook", [True, False])
def test_what_tandia_rejected_and_took_in_later_under_the_same_id_is_authorised_here(
    pac, shop, client, by_webhook
):
    failed = issued_there(pac, shop, 1, receiver_name="Cliente SUNAT-1001")
    pac.sunat.documents[failed.id] = failed
    note = note_there(pac, shop, 1, failed, receiver_name="Cliente de Ejemplo S.A.C.")
    bring()
    documents = brought(shop)
    assert (documents[failed.id].submission, documents[note.id].credited) == ("REFUSED", None)
    failed.code = 0
    if by_webhook:
        knock(client, shop, failed.id)
        inbox.process_due()
    later()
    bring()
    documents = brought(shop)
    assert (documents[failed.id].submission, documents[failed.id].legal_status) == (
        "ACCEPTED",
        "DGI_AUTHORIZED",
    )
    assert documents[note.id].credited == documents[failed.id]


def test_one_that_is_taken_in_after_its_number_went_to_another_is_for_a_person(pac, shop):
    failed = issued_there(pac, shop, 1, receiver_name="Cliente SUNAT-1001")
    pac.sunat.documents[failed.id] = failed
    again = issued_there(pac, shop, 1)
    bring()
    failed.code = 0
    later()
    bring()
    row = MirroredRow.objects.get(pac_document_id=failed.id)
    assert (row.state, row.problem["code"]) == ("HELD", "mirrored_number_taken")
    words = {each: document.legal_status for each, document in brought(shop).items()}
    assert words == {failed.id: "PAC_REJECTED", again.id: "DGI_AUTHORIZED"}


def test_a_note_takes_from_the_accepted_one_of_two_with_its_number(pac, shop):
    accepted = issued_there(pac, shop, 1)
    bring()
    rejected = replace(accepted, id="doc_rejected_twin", code=1001)
    pac.sunat.documents[rejected.id] = rejected
    later()
    bring()
    note = note_there(pac, shop, 1, accepted)
    later()
    bring()
    assert brought(shop)[note.id].credited == brought(shop)[accepted.id]


def test_an_old_document_whose_pdf_nobody_made_is_asked_about_ever_more_rarely(pac, shop, monkeypatch):
    monkeypatch.setattr(pac.tandia, "_address", lambda *_: None)
    issued_there(pac, shop, 1, issued_at=timezone.now() - timedelta(days=100))
    issued_there(pac, shop, 2, issued_at=timezone.now() + timedelta(days=100))
    bring()
    queues.watching.watch_due()
    due = {row.number[-1]: row.due_at - timezone.now() for row in brought(shop).values()}
    assert due["1"] > timedelta(days=9), "a list of ten thousand such documents would fill the provider's day"
    assert timedelta(0) < due["2"] < timedelta(minutes=1)


def test_kinds_that_are_not_kept_and_documents_that_say_too_little_are_shown_not_lost(pac, shop):
    issued_there(pac, shop, 1, series="FD01", document_type=DEBIT_NOTE)
    issued_there(pac, shop, 2, currency="")
    bring()
    assert brought(shop) == {}
    states = dict(MirroredRow.objects.filter(tenant=shop).values_list("number", "state"))
    assert states == {"FD01-00000001": "OTHER_KIND", "F001-00000002": "HELD"}
    assert MirroredRow.objects.get(state="HELD").problem["code"] == "mirrored_without_currency"


def test_a_webhook_about_an_unknown_document_brings_it(pac, shop, client):
    there = issued_there(pac, shop, 5, series="B001", document_type=BOLETA)
    assert knock(client, shop, there.id) == 200
    assert inbox.process_due() == 1
    (document,) = brought(shop).values()
    assert (str(document.peru["document_kind"]), document.printed_number) == ("BOLETA", "B001-5")
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.effect, delivery.document_uid) == ("processed", "mirrored", document.uid)
    bring()
    assert Document.objects.filter(tenant=shop).count() == 1


def test_a_worker_that_dies_over_a_webhook_leaves_the_document_to_the_queue(pac, shop, client, monkeypatch):
    there = issued_there(pac, shop, 5)
    knock(client, shop, there.id)

    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(bringing, "link", dies)
        inbox.process_due()
    assert brought(shop) == {}
    later()
    bring()
    assert list(brought(shop)) == [there.id]


def test_an_answer_about_another_document_than_was_asked_for_is_not_taken(pac, shop, monkeypatch):
    issued_there(pac, shop, 1)
    shown = pac.tandia._shown
    monkeypatch.setattr(pac.tandia, "_shown", lambda *each: shown(*each) | {"id": "doc_somebody_elses"})
    bring()
    assert MirroredRow.objects.get(tenant=shop).problem["code"] == "mirrored_not_understood"
    assert brought(shop) == {}


def test_whoever_comes_too_late_with_a_failure_changes_nothing(pac, shop, monkeypatch):
    issued_there(pac, shop, 1)
    pull()
    settle = bringing._settle

    def another_worker_was_faster(row: MirroredRow, whole: IssuedDocument, *, source: str) -> None:
        settle(MirroredRow.objects.get(pk=row.pk), whole, source=source)
        raise NotFound

    monkeypatch.setattr(bringing, "_settle", another_worker_was_faster)
    bringing.bring_due()
    row = MirroredRow.objects.get(tenant=shop)
    assert (row.state, row.problem, row.due_at) == ("BROUGHT", None, None)


def test_a_list_that_breaks_a_worker_stops_no_other_one_and_is_seen(pac, shop, monkeypatch):
    monkeypatch.setattr("cifras.pac.tandia.service._next_token", lambda body: "no column holds this: \ud800")
    issued_there(pac, shop, 1)
    pull()
    mirror = Mirror.objects.get(tenant=shop)
    assert (mirror.failures, mirror.problem["code"]) == (1, "unsettled")


def test_a_company_that_was_closed_keeps_no_worker_awake(pac, shop):
    issued_there(pac, shop, 1)
    pull()
    Mirror.objects.update(due_at=timezone.now())
    assert queues._next_due() <= timezone.now()
    Tenant.objects.filter(pk=shop.pk).update(state=Tenant.State.CLOSED)
    assert queues._next_due() is None


def test_another_companys_document_is_never_brought_though_the_token_opens_it(pac, shop, client):
    other = a_company(pac, "tandia", pac_options={})
    strangers = issued_there(pac, other, 5)
    assert knock(client, shop, strangers.id) == 200
    inbox.process_due()
    assert not Document.objects.exists()
    assert MirroredRow.objects.get(tenant=shop).problem["code"] == "other_company"
    assert WebhookDelivery.objects.get().state == "parked"


def test_another_companys_twin_of_our_unconfirmed_sale_is_never_taken_for_it(pac, client):
    """Two counters of one account: the same number, the same sale, the same day."""
    ours_at, others = a_company(pac, "tandia", webhook_secret=SECRET), a_company(pac, "tandia")
    pac.faults.add("drop_before", "create_document")
    ours = create_invoice(factura_json(ours_at), actor=None)
    queues.submitting.submit_due()
    twin = issued_there(pac, others, 1, issued_at=timezone.now())
    knock(client, ours_at, twin.id)
    inbox.process_due()
    ours.refresh_from_db()
    assert (ours.submission, ours.document_id) == ("UNKNOWN", "")


def test_a_webhook_proves_our_own_unconfirmed_document(pac, client):
    tandia = a_company(pac, "tandia", webhook_secret=SECRET)
    pac.faults.add("drop_after_commit", "create_document")
    ours = create_invoice(factura_json(tandia), actor=None)
    queues.submitting.submit_due()
    (there,) = pac.sunat.of_company(tandia.pac_company_id)
    knock(client, tandia, there.id)
    inbox.process_due()
    ours.refresh_from_db()
    assert (ours.submission, ours.is_mirrored, ours.document_id) == ("ACCEPTED", False, there.id)
    assert WebhookDelivery.objects.get().effect == "adopted"


def knock(client, tenant: Tenant, document_id: str) -> int:
    return client.post(
        f"/webhooks/pac/{tenant.pac_company_id}",
        {"id": document_id, "status": "succeeded"},
        content_type="application/json",
        headers={"Tandia-Signature": signature(SECRET)},
    ).status_code


def test_a_reading_that_fails_is_tried_again_and_a_document_that_is_gone_is_for_a_person(pac, shop):
    issued_there(pac, shop, 1)
    gone = issued_there(pac, shop, 2)
    pull()
    del pac.sunat.documents[gone.id]
    pac.faults.add("500_before", "get_document", times=4)
    bring()
    assert brought(shop) == {}
    later()
    bring()
    assert [row.printed_number for row in brought(shop).values()] == ["F001-1"]
    held = MirroredRow.objects.get(pac_document_id=gone.id)
    assert (held.state, held.problem["code"]) == ("HELD", "not_found")


def test_a_worker_that_dies_while_it_writes_leaves_nothing_half_done(pac, shop, monkeypatch):
    issued_there(pac, shop, 1)
    pull()

    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit), transaction.atomic():
        patch.setattr(bringing, "link", dies)
        bringing.bring_due()
    assert brought(shop) == {}
    later()
    bring()
    assert [row.printed_number for row in brought(shop).values()] == ["F001-1"]


def test_an_account_that_is_refused_is_an_incident_and_no_list_is_lost(pac, shop):
    issued_there(pac, shop, 1)
    pac.behaviour.accepted_keys = {"somebody-elses"}
    pull()
    assert Incident.objects.get(tenant=shop).released_at is None
    pac.behaviour.accepted_keys = set()
    later()
    bring()
    assert len(brought(shop)) == 1


def test_nothing_of_ours_is_done_to_what_was_issued_there(pac, shop, settings, mailoutbox):
    Tenant.objects.filter(pk=shop.pk).update(mails_receivers=True)
    issued_there(pac, shop, 1)
    issued_there(pac, shop, 2, receiver_name="Cliente SUNAT-1001")
    work_through(rounds=1)
    assert not DocumentMail.objects.exists()
    for document in brought(shop).values():
        with pytest.raises(RuleBroken):
            discard_document(document.uid, actor=None)
        with pytest.raises(NotSupported):
            void_invoice(document.uid, "Error de datos", actor=None)
    assert {request.method for request in pac.journal.requests()} == {"GET"}


def test_whoever_asks_gets_the_list_read_now_and_what_was_held_tried_again(pac, shop):
    issued_there(pac, shop, 1)
    bring()
    person = an_administrator()
    MirroredRow.objects.update(state="HELD", due_at=None)
    mirror = pulling.pull_now(shop, whole=True, actor=person)
    assert mirror.is_wanted_whole
    bring()
    assert Mirror.objects.get().since is None
    assert MirroredRow.objects.get().state == "BROUGHT"
    assert AuditEntry.objects.filter(action="mirror.requested", actor_uid=person.uid).exists()
    with pytest.raises(NotSupported):
        pulling.pull_now(a_tenant(), actor=person)


def test_only_active_companies_of_such_providers_are_mirrored(pac, shop):
    Tenant.objects.filter(pk=shop.pk).update(state=Tenant.State.ONBOARDING)
    a_company(pac, "fabo")
    a_tenant()
    issued_there(pac, shop, 1)
    bring()
    assert not Mirror.objects.exists()
    assert pac.journal.requests("list_documents") == []
