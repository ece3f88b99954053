"""Whatever happens in whatever order, nothing is lost, nothing exists twice, and every figure can be computed again.

Hypothesis makes up the histories, through the real services and the real client against the practice PAC. CIFRAS_HISTORIES=500
tries so many of them, other ones each time; without it the same few are tried, so that a failure is the change's and not luck's.
"""

import contextlib
import json
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import hypothesis
import pytest
from django.db import transaction
from django.db.models import Count
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import (
    REJECTED_LEGAL,
    TERMINAL_LEGAL,
    VOID_IN_COURSE,
    LegalStatus,
    Submission,
    VoidStatus,
)
from cifras.fiscal.zones import local_date
from cifras.pac.errors import PacError
from cifras.sandbox import records
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import (
    Attachment,
    Attempt,
    Document,
    Incident,
    Line,
    NumberSeries,
    Settlement,
    TimelineEvent,
    WebhookDelivery,
)
from invoicing.services import (
    attention,
    claiming,
    composing_notes,
    inbox,
    incidents,
    number_fates,
    queues,
    resolving,
    settling,
    submitting,
    voiding,
    watching,
    withdrawing,
)
from invoicing.services.composing_notes import How, Wish
from tenants.models import Tenant
from tenants.services.accounts import provider_for
from tests.clockwork import lose_the_workers, make_everything_due, work_through
from tests.factories import a_tenant, contribuyente, invoice_json, line

pytestmark = pytest.mark.django_db

SECRET = "the-secret-of-the-histories"
REASON = "Factura emitida con datos equivocados"
WORDS = [
    "",
    "",
    "",
    "",
    "RECHAZO-PAC",
    "RECHAZO-PAC-200",
    "RECHAZO-PAC-TARDE",
    "RECHAZO-DGI",
    "SIN-RESPUESTA",
]
# What waits for a read time-out is left out, for its slowness: a connection that drops leaves us just as wise.
FAULTS = [
    *("drop_after_commit", "500_after", "408_after", "malformed_json", "truncated"),
    *("drop_before", "500_before", "429", "401"),
]
AMOUNTS = [Decimal(amount) for amount in ("0.01", "33.33", "80.25", "160.50", "321.00", "401.00")]
WISHES = [
    Wish(How.WHOLE),
    Wish(How.LINES, quantities={1: Decimal(1)}),
    Wish(How.LINES, quantities={1: Decimal("0.5")}),
    *(Wish(How.AMOUNT, amount=amount) for amount in AMOUNTS[:4]),
]
NOT_LIVE = {Submission.DRAFT, Submission.DISCARDED, Submission.REFUSED}
MAYBE_THERE = {Submission.SENDING, Submission.UNKNOWN, Submission.ACCEPTED}
TURNED_DOWN = {Submission.REFUSED, Submission.DISCARDED}

# What the timeline says a document has come to; a claim is told by its attempt.
SUBMISSION_AFTER = {
    "created": Submission.DRAFT,
    "withdrawn": Submission.DRAFT,
    "queued": Submission.QUEUED,
    "not_done": Submission.QUEUED,
    "absence_proven": Submission.QUEUED,
    "unknown": Submission.UNKNOWN,
    "attempt_lost": Submission.UNKNOWN,
    "refused_on_resend": Submission.UNKNOWN,
    "accepted": Submission.ACCEPTED,
    "refused": Submission.REFUSED,
    "discarded": Submission.DISCARDED,
}
VOID_AFTER = {
    "void_requested": {VoidStatus.REQUESTED},
    "void_not_done": {VoidStatus.REQUESTED, VoidStatus.UNKNOWN},
    "void_held": {VoidStatus.REQUESTED, VoidStatus.UNKNOWN},
    "void_unknown": {VoidStatus.UNKNOWN},
    "void_needs_a_person": {VoidStatus.UNKNOWN},
    "void_too_late": {VoidStatus.REFUSED},
    "void_refused": {VoidStatus.REFUSED},
    "voided": {VoidStatus.VOIDED},
}

TURNS = (queues.work_once, submitting.submit_due, watching.watch_due, inbox.process_due, voiding.void_due)

some = st.integers(0, 11)
words = st.sampled_from(WORDS)
faults = st.sampled_from(["", "", *FAULTS])
refused = contextlib.suppress(RuleBroken)


class Mishaps(logging.Handler):
    """Keeps what was logged as an error: queues and inbox survive an exception, which is a mistake all the same."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


class History(RuleBasedStateMachine):
    """One company at one provider. What it holds lives in a savepoint that the end of the history takes back."""

    def __init__(self, pac: SandboxServer) -> None:
        super().__init__()
        self.pac = pac
        pac.world.reset()
        pac.behaviour.webhook_attempts = 1
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.mishaps = Mishaps()
        logging.getLogger("invoicing").addHandler(self.mishaps)
        self.tenant = a_tenant()
        self.stranger = a_tenant()
        self.on_the_way: list[submitting._Posted] = []
        self.last_words: dict[int, str] = {}
        self.voided: set[int] = set()

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            self.check_what_must_always_hold()
            self.check_what_holds_at_rest()
            self._stats()
        finally:
            logging.getLogger("invoicing").removeHandler(self.mishaps)
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    @initialize(are_authorised=st.booleans())
    def begin_with_two_invoices(self, are_authorised: bool) -> None:
        for on_credit in (False, True):
            self.issue("", 2, on_credit, "")
        if are_authorised:
            work_through(rounds=1)

    # What staff do

    @rule(word=words, lines=st.sampled_from([1, 2]), on_credit=st.booleans(), fault=faults)
    def issue(self, word: str, lines: int, on_credit: bool, fault: str) -> None:
        sold = [line(), line(description="Libro", quantity="4", unit_price="20.00", tax_rate="0")][:lines]
        amount = "321.00" if lines == 1 else "401.00"
        terms = {"payment_time": "CREDIT", "due_date": "2099-12-31"} if on_credit else {}
        self.expect(fault, "create_*")
        services.create_invoice(
            invoice_json(
                self.tenant,
                receiver=contribuyente(name=f"{word or 'COMERCIAL'}, S.A."),
                lines=sold,
                payments=[{"method": "01" if on_credit else "02", "amount": amount}],
                **terms,
            ),
            actor=None,
        )

    @precondition(lambda self: self.authorised("INVOICE"))
    @rule(which=some, wish=st.sampled_from(WISHES), word=words, fault=faults)
    def credit(self, which: int, wish: Wish, word: str, fault: str) -> None:
        invoice = self.one_of(self.authorised("INVOICE"), which)
        self.expect(fault, "create_*")
        with refused:
            standing = composing_notes.creditable(invoice)
            note = composing_notes.note_json(standing, wish, mode=Mode.DGI)
            note["lines"][0]["description"] = word or note["lines"][0]["description"]
            services.create_credit(note, actor=None)

    @precondition(lambda self: self.authorised("INVOICE", "CREDIT"))
    @rule(which=some, money=st.sampled_from(["", "refund", "balance"]), fault=faults)
    def void(self, which: int, money: str, fault: str) -> None:
        document = self.one_of(self.authorised("CREDIT", "INVOICE"), which)
        self.expect(fault, "void_*")
        with refused:
            if document.kind == "INVOICE":
                services.void_invoice(document.uid, REASON, actor=None, money=money)
            else:
                services.void_credit(document.uid, REASON, actor=None)

    @rule(which=some, kind=st.sampled_from(Settlement.Kind.values), amount=st.sampled_from(AMOUNTS))
    def pay(self, which: int, kind: str, amount: Decimal) -> None:
        document = self.one_of(self.documents(), which)
        today = local_date(document.created_at)
        with refused:
            settling.record_settlement(document.uid, kind=kind, amount=amount, day=today, actor=None)

    @precondition(lambda self: Settlement.objects.exists())
    @rule(which=some)
    def reverse_a_payment(self, which: int) -> None:
        row = self.one_of(list(Settlement.objects.order_by("pk")), which)
        with refused:
            settling.reverse_settlement(row.uid, reason="Se registró por error", actor=None)

    @rule(which=some, act=st.sampled_from(["withdraw", "generate", "discard", "resolve", "look"]))
    def somebody_intervenes(self, which: int, act: str) -> None:
        document = self.one_of(self.documents(), which)
        generate = services.generate_invoice if document.kind == "INVOICE" else services.convert_credit_to_dgi
        with refused:
            match act:
                case "withdraw":
                    withdrawing.withdraw_document(document.uid, actor=None)
                case "generate":
                    generate(document.uid, actor=None)
                case "discard":
                    services.discard_document(document.uid, actor=None)
                case "resolve":
                    resolving.resolve_unknown(document.uid, actor=None)
                case "look":
                    watching.look_now(document, actor=None)

    @precondition(lambda self: Incident.objects.filter(released_at=None).exists())
    @rule()
    def resume(self) -> None:
        for incident in Incident.objects.filter(released_at=None):
            incidents.release(incident, actor=None)

    # What happens at the provider and on the way there

    @rule(fault=st.sampled_from(FAULTS), operation=st.sampled_from(["get_*", "list_*", "*"]))
    def plan_a_misfortune(self, fault: str, operation: str) -> None:
        self.pac.faults.add(fault, operation)

    @rule(
        silence=st.sampled_from([0, 3600]),
        status=st.sampled_from([200, 404]),
        hours=st.sampled_from([0, 182]),
    )
    def the_provider_changes_its_manners(self, silence: float, status: int, hours: int) -> None:
        self.pac.behaviour.authorise_after = silence
        self.pac.behaviour.list_status = status
        self.pac.behaviour.void_window_hours = hours

    @precondition(lambda self: self.held())
    @rule(
        which=some,
        word=st.sampled_from(
            ["DGI_AUTHORIZED", "PAC_AUTHORIZED", "PAC_REJECTED", "DGI_REJECTED", "NEW_WORD"]
        ),
        times=st.sampled_from([1, 1, 2, 5]),
        sender=st.sampled_from(["provider", "provider", "forger", "stranger"]),
    )
    def a_webhook_comes(self, which: int, word: str, times: int, sender: str) -> None:
        held = self.one_of(self.held(), which)
        to = self.stranger if sender == "stranger" else self.tenant
        answers = {self.deliver(to, held.id, word, is_signed=sender != "forger") for _ in range(times)}
        assert answers == {403 if sender == "forger" else 200}

    @precondition(lambda self: self.decided())
    @rule(which=some)
    def the_provider_says_the_contrary(self, which: int) -> None:
        held = self.one_of(self.decided(), which)
        known, contrary = held.legal_status, records.DGI_AUTHORIZED
        if known == contrary:
            contrary = records.DGI_REJECTED
        held.legal_status = contrary
        self.deliver(self.tenant, held.id, contrary)
        inbox.process_due()
        held.legal_status = known

    # What our workers do

    @rule(turn=st.sampled_from(TURNS), is_later=st.booleans())
    def work(self, turn: Callable[[], int], is_later: bool) -> None:
        if is_later:
            make_everything_due()
        turn()

    @rule(is_posted=st.booleans())
    def a_worker_claims_and_is_not_heard_of(self, is_posted: bool) -> None:
        for account in claiming.accounts_with_work(timezone.now()):
            for document in claiming.claim(account, claiming.Turns(), most=2, under_way=0):
                if is_posted:
                    self.on_the_way.append(submitting._post(document))

    @precondition(lambda self: self.on_the_way)
    @rule(which=some)
    def an_answer_comes_after_all(self, which: int) -> None:
        submitting._record([self.on_the_way.pop(which % len(self.on_the_way))])

    @precondition(lambda self: self.voids_in_course())
    @rule(which=some, is_called=st.booleans())
    def a_worker_dies_over_a_void(self, which: int, is_called: bool) -> None:
        document = self.one_of(self.voids_in_course(), which)
        if voiding._claim(document) and is_called:
            with contextlib.suppress(PacError):
                provider_for(document.tenant).void(
                    Kind(document.kind), document.pac_company_id, document.document_id, REASON
                )

    @rule()
    def lose_the_workers(self) -> None:
        lose_the_workers()

    # What must hold after each of these

    @invariant()
    def check_what_must_always_hold(self) -> None:
        assert self.mishaps.records == []
        documents = self.documents()
        events = defaultdict(list)
        for event in TimelineEvent.objects.order_by("pk"):
            events[event.document_uid].append(event)
        for document in documents:
            self.never_takes_back_a_last_word(document)
            timeline_tells_every_status(document, events[document.uid])
            figures_can_be_computed_again(document)
            if document.kind == "INVOICE":
                credits_stay_within(document)
        self.no_number_is_missing_or_used_twice(documents)
        self.what_the_provider_holds_is_known(documents)
        no_file_is_kept_twice()

    def never_takes_back_a_last_word(self, document: Document) -> None:
        known = self.last_words.get(document.pk, document.legal_status)
        assert document.legal_status == known
        if known in TERMINAL_LEGAL:
            self.last_words[document.pk] = known
        assert document.pk not in self.voided or document.void_status == VoidStatus.VOIDED
        if document.void_status == VoidStatus.VOIDED:
            self.voided.add(document.pk)
            assert self.pac.authority.documents[document.document_id].is_void

    def no_number_is_missing_or_used_twice(self, documents: list[Document]) -> None:
        taken = [(row.series, row.number) for row in documents if row.number]
        assert len(taken) == len(set(taken))
        for series in NumberSeries.objects.all():
            assert number_fates.gaps_of(series) == []

    def what_the_provider_holds_is_known(self, documents: list[Document]) -> None:
        ours = {(row.series, row.number): row for row in documents if row.number}
        for key, held in self.pac.authority.by_number().items():
            assert len(held) == 1
            document = ours[key.document_type, key.number]
            is_rejected = held[0].legal_status == records.PAC_REJECTED
            assert document.submission in MAYBE_THERE | (TURNED_DOWN if is_rejected else set())
            assert document.document_id in ("", held[0].id)
            assert document.total == held[0].total
            if held[0].is_void:
                assert document.void_status in {VoidStatus.REQUESTED, VoidStatus.UNKNOWN, VoidStatus.VOIDED}
            if held[0].kind == records.INVOICE:
                assert self.pac.authority.remaining(held[0]) >= 0
        posts = Attempt.objects.filter(act=Attempt.Act.SUBMIT).values("document").annotate(times=Count("pk"))
        attempts = {row["document"]: row["times"] for row in posts}
        for document in documents:
            posted = self.pac.journal.times_posted(document.number, document_type=document.series)
            assert posted <= attempts.get(document.pk, 0) == document.attempts_made
            # Nothing was sent that the provider held already: it would have said so.
            assert document.flag == ""

    # At rest, when every misfortune has passed and every answer has come

    def come_to_rest(self) -> None:
        self.pac.faults.clear()
        behaviour = self.pac.behaviour
        behaviour.list_status, behaviour.authorise_after, behaviour.void_window_hours = 200, 0, 182
        lose_the_workers()
        while self.on_the_way:
            self.an_answer_comes_after_all(0)
        for _ in range(2):
            Tenant.objects.update(lookup_missing_until=None)
            self.resume()
            work_through(rounds=3)

    def check_what_holds_at_rest(self) -> None:
        held_by_us = {key[3:]: rows[0] for key, rows in self.pac.authority.by_number().items()}
        unknown = set(Document.objects.filter(attention.UNCONFIRMED).values_list("pk", flat=True))
        for document in self.documents():
            held = held_by_us.get((document.series, document.number))
            if held is not None:
                assert document.submission in {Submission.ACCEPTED, *TURNED_DOWN}
                assert document.legal_status == held.legal_status
                assert held.is_void == (document.void_status == VoidStatus.VOIDED)
                assert (document.cufe, document.cufe_differs) == (held.cufe, False)
            else:
                at_rest = {Submission.DRAFT, Submission.DISCARDED, Submission.REFUSED, Submission.UNKNOWN}
                at_rest |= {Submission.ACCEPTED} if document.legal_status in REJECTED_LEGAL else set()
                assert document.submission in at_rest
            if document.submission == Submission.UNKNOWN:
                assert document.pk in unknown
            if document.legal_status == LegalStatus.DGI_AUTHORIZED:
                assert document.attachments.filter(kind=Attachment.Kind.PDF).count() == 1
                assert document.has_pdf
        assert not WebhookDelivery.objects.filter(state=WebhookDelivery.State.NEW).exists()
        assert not Attempt.objects.filter(outcome=Attempt.Outcome.RUNNING).exists()

    def _stats(self):
        import collections

        with open("/tmp/PROOF-stats.txt", "a") as f:
            c = collections.Counter(
                f"{d.kind}:{d.submission}:{d.legal_status}:{d.void_status}" for d in self.documents()
            )
            e = collections.Counter(TimelineEvent.objects.values_list("code", flat=True))
            s = collections.Counter(Settlement.objects.values_list("kind", flat=True))
            w = collections.Counter(WebhookDelivery.objects.values_list("state", "effect"))
            f.write(repr((dict(c), dict(e), dict(s), dict(w))) + "\n")

    # Helpers

    def documents(self, *kinds: str) -> list[Document]:
        rows = Document.objects.select_related("tenant", "office").order_by("pk")
        return list(rows.filter(kind__in=kinds) if kinds else rows)

    def authorised(self, *kinds: str) -> list[Document]:
        rows = self.documents(*kinds)
        return [row for row in rows if row.legal_status == LegalStatus.DGI_AUTHORIZED and not row.is_voided]

    def voids_in_course(self) -> list[Document]:
        return [row for row in self.documents() if row.void_status in VOID_IN_COURSE]

    def expect(self, fault: str, operation: str) -> None:
        if fault:
            self.pac.faults.add(fault, operation)

    def held(self) -> list[records.Document]:
        return list(self.pac.authority.documents.values())

    def decided(self) -> list[records.Document]:
        return [each for each in self.held() if each.is_decided]

    def one_of[T](self, rows: list[T], which: int) -> T:
        return rows[which % len(rows)]

    def deliver(self, tenant: Tenant, document_id: str, word: str, *, is_signed: bool = True) -> int:
        response = Client().post(
            reverse("invoicing:webhook", args=[tenant.pac_company_id]),
            json.dumps({"id": document_id, "legalStatus": word}),
            content_type="application/json",
            headers={"X-Pac-Signature": SECRET if is_signed else "guessed"},
        )
        return response.status_code


def timeline_tells_every_status(document: Document, events: list[TimelineEvent]) -> None:
    submission, legal, void = None, "", {VoidStatus.NONE}
    for event in events:
        submission = SUBMISSION_AFTER.get(event.code, submission)
        void = VOID_AFTER.get(event.code, void)
        if event.code == "refused":
            legal = LegalStatus.PAC_REJECTED
        elif event.code == "legal_status":
            assert event.detail["from"] == legal
            legal = event.detail["to"]
    is_sending = document.submission == Submission.SENDING
    assert submission == (Submission.QUEUED if is_sending else document.submission)
    assert document.legal_status == legal
    assert document.void_status in void
    told = [event.code for event in events]
    assert told.count("settled") == document.settlements.filter(is_declared=False).count()
    assert told.count("settlement_reversed") == document.settlements.exclude(reversed_at=None).count()
    for attachment in document.attachments.all():
        assert f"{attachment.kind.lower()}_attached" in told


def live_notes_of(invoice: Document) -> list[Document]:
    return [
        note
        for note in invoice.credits.all()
        if note.submission not in NOT_LIVE
        and note.legal_status not in REJECTED_LEGAL
        and note.void_status != VoidStatus.VOIDED
    ]


def credits_stay_within(invoice: Document) -> None:
    live = live_notes_of(invoice)
    assert sum(note.total for note in live) <= invoice.total
    taken: defaultdict[int | None, Decimal] = defaultdict(Decimal)
    for row in Line.objects.filter(document__in=live):
        assert row.credited_line_id is not None
        taken[row.credited_line_id] += row.total
    for row in invoice.lines.all():
        assert taken[row.pk] <= row.total


def figures_can_be_computed_again(document: Document) -> None:
    settled = sum(_signed(document.settlements.all()))
    notes = live_notes_of(document)
    credited = sum(note.total for note in notes if note.legal_status == LegalStatus.DGI_AUTHORIZED)
    for note in document.credits.all():
        settled += sum(_signed(note.settlements.all()))
    assert (document.credited_total, document.settled_total) == (credited, settled)
    if document.kind == "INVOICE":
        is_void = document.void_status == VoidStatus.VOIDED or document.submission == Submission.DISCARDED
        without_effect = is_void or document.legal_status in REJECTED_LEGAL
        open_amount = (0 if without_effect else document.total - credited) - settled
        said = settling.business(document)
        assert (said.balance, said.refund_due) == (max(open_amount, 0), max(-open_amount, 0))


def no_file_is_kept_twice() -> None:
    files = Attachment.objects.values("document", "kind").annotate(count=Count("pk"))
    assert not files.filter(count__gt=1).exists()


def _signed(rows: Any) -> Iterator[Decimal]:
    for row in rows:
        if row.reversed_at is None:
            yield -row.amount if row.kind == Settlement.Kind.REFUND else row.amount


def test_no_history_breaks_the_promises(pac: SandboxServer, settings: Any) -> None:
    settings.PAC_WEBHOOK_SECRET = [SECRET]
    settings.PAC_THREADS = 1
    wanted = int(os.environ.get("CIFRAS_HISTORIES", "0"))
    profile = hypothesis.settings(
        max_examples=wanted or 12,
        stateful_step_count=40 if wanted else 25,
        derandomize=not wanted,
        deadline=None,
        database=None,
        print_blob=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: History(pac), settings=profile)
