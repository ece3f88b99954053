"""Whatever happens in whatever order, nothing is lost, nothing exists twice, and every figure can be computed again.

Hypothesis makes up the histories, through the real services and the real client against the practice PAC. CIFRAS_HISTORIES=500
tries so many of them, other ones each time; without it the same few are tried, so that a failure is the change's and not luck's.
"""

import contextlib
import json
import logging
import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import hypothesis
import pytest
import time_machine
from django.db import transaction
from django.db.models import Count
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, Phase, note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cifras.fiscal.document import Kind, Mode
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import (
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
    NumberSeries,
    Settlement,
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
from tests import promises
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
MAYBE_THERE = {Submission.SENDING, Submission.UNKNOWN, Submission.ACCEPTED}
NEVER_THERE = {Submission.DRAFT, Submission.DISCARDED, Submission.REFUSED}
TURNED_DOWN = {Submission.REFUSED, Submission.DISCARDED}

type Turn = Callable[[], object]


def doing_nothing() -> None:
    """Nobody works."""


TURNS = (
    doing_nothing,
    queues.work_once,
    submitting.submit_due,
    watching.watch_due,
    inbox.process_due,
    voiding.void_due,
)

some = st.integers(0, 11)
words = st.sampled_from(WORDS)
faults = st.sampled_from(["", "", *FAULTS])
turns = st.sampled_from(TURNS)
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

    def __init__(self, pac: SandboxServer, clock: time_machine.Traveller) -> None:
        super().__init__()
        self.pac, self.clock = pac, clock
        pac.world.reset()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.mishaps = Mishaps()
        logging.getLogger("invoicing").addHandler(self.mishaps)
        self.tenant = a_tenant()
        self.stranger = a_tenant()
        self.on_the_way: list[submitting._Posted] = []
        self.last_words: dict[int, str] = {}
        self.voided: set[int] = set()
        self.rejected: set[int] = set()

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            self.check_what_must_always_hold()
            self.check_what_holds_at_rest()
        finally:
            logging.getLogger("invoicing").removeHandler(self.mishaps)
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    @initialize(are_authorised=st.booleans())
    def begin_with_two_invoices(self, are_authorised: bool) -> None:
        for on_credit in (False, True):
            self.issue("", 2, on_credit, "", doing_nothing)
        if are_authorised:
            work_through(rounds=1)

    # What staff do

    @rule(word=words, lines=st.sampled_from([1, 2]), on_credit=st.booleans(), fault=faults, turn=turns)
    def issue(self, word: str, lines: int, on_credit: bool, fault: str, turn: Turn) -> None:
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
        turn()

    @rule(which=some, wish=st.sampled_from(WISHES), word=words, fault=faults, turn=turns)
    def credit(self, which: int, wish: Wish, word: str, fault: str, turn: Turn) -> None:
        invoice = one_of(self.authorised("INVOICE"), which)
        if invoice is None:
            return
        self.expect(fault, "create_*")
        with refused:
            standing = composing_notes.creditable(invoice)
            data = composing_notes.note_json(standing, wish, mode=Mode.DGI)
            data["lines"][0]["description"] = word or data["lines"][0]["description"]
            services.create_credit(data, actor=None)
        turn()

    @rule(which=some, money=st.sampled_from(["", "refund", "balance"]), fault=faults, turn=turns)
    def void(self, which: int, money: str, fault: str, turn: Turn) -> None:
        document = one_of(self.authorised("CREDIT", "INVOICE"), which)
        if document is None:
            return
        self.expect(fault, "void_*")
        with refused:
            if document.kind == "INVOICE":
                services.void_invoice(document.uid, REASON, actor=None, money=money)
            else:
                services.void_credit(document.uid, REASON, actor=None)
        turn()

    @rule(which=some, kind=st.sampled_from(Settlement.Kind.values), amount=st.sampled_from(AMOUNTS))
    def pay(self, which: int, kind: str, amount: Decimal) -> None:
        document = self.documents()[which % Document.objects.count()]
        today = local_date(document.created_at)
        with refused:
            settling.record_settlement(document.uid, kind=kind, amount=amount, day=today, actor=None)

    @rule(which=some)
    def reverse_a_payment(self, which: int) -> None:
        row = one_of(list(Settlement.objects.standing().order_by("pk")), which)
        if row is None:
            return
        with refused:
            settling.reverse_settlement(row.uid, reason="Se registró por error", actor=None)

    @rule(which=some, act=st.sampled_from(["withdraw", "generate", "discard", "resolve", "look"]))
    def somebody_intervenes(self, which: int, act: str) -> None:
        document = self.documents()[which % Document.objects.count()]
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

    @rule(
        which=some,
        word=st.sampled_from(
            ["DGI_AUTHORIZED", "PAC_AUTHORIZED", "PAC_REJECTED", "DGI_REJECTED", "NEW_WORD"]
        ),
        times=st.sampled_from([1, 1, 2, 5]),
        sender=st.sampled_from(["provider", "provider", "forger", "stranger"]),
    )
    def a_webhook_comes(self, which: int, word: str, times: int, sender: str) -> None:
        held = one_of(self.held(), which)
        if held is None:
            return
        to = self.stranger if sender == "stranger" else self.tenant
        answers = {self.deliver(to, held.id, word, is_signed=sender != "forger") for _ in range(times)}
        assert answers == {403 if sender == "forger" else 200}

    @rule(which=some)
    def the_provider_says_the_contrary(self, which: int) -> None:
        held = one_of(self.known_for_good(), which)
        if held is None:
            return
        known, contrary = held.legal_status, records.DGI_AUTHORIZED
        if known == contrary:
            contrary = records.DGI_REJECTED
        held.legal_status = contrary
        self.deliver(self.tenant, held.id, contrary)
        inbox.process_due()
        held.legal_status = known

    # What our workers do

    @rule(turn=turns, is_later=st.booleans())
    def work(self, turn: Turn, is_later: bool) -> None:
        if is_later:
            make_everything_due()
        turn()

    @rule(is_posted=st.booleans())
    def a_worker_claims_and_is_not_heard_of(self, is_posted: bool) -> None:
        for account in claiming.accounts_with_work(timezone.now()):
            for document in claiming.claim(account, claiming.Turns(), most=2, under_way=0):
                if is_posted:
                    self.on_the_way.append(submitting._post(document))

    @rule(which=some)
    def an_answer_comes_after_all(self, which: int) -> None:
        posted = one_of(self.on_the_way, which)
        if posted is not None:
            self.on_the_way.remove(posted)
            submitting._record([posted])

    @rule(which=some, is_called=st.booleans())
    def a_worker_dies_over_a_void(self, which: int, is_called: bool) -> None:
        document = one_of([row for row in self.documents() if row.void_status in VOID_IN_COURSE], which)
        if document is not None and voiding._claim(document) and is_called:
            with contextlib.suppress(PacError):
                provider_for(document.tenant).void(
                    Kind(document.kind), document.pac_company_id, document.document_id, REASON
                )

    @rule()
    def lose_the_workers(self) -> None:
        lose_the_workers()
        self.clock.shift(1)

    # What must hold after each of these

    @invariant()
    def check_what_must_always_hold(self) -> None:
        self.clock.shift(0.01)
        assert self.mishaps.records == []
        documents = self.documents_and_all_of_them()
        told = promises.timelines()
        for document in documents:
            self.never_takes_back_a_last_word(document)
            promises.timeline_tells_every_status(document, told[document.uid])
            promises.figures_can_be_computed_again(document)
            promises.credits_stay_within(document)
            promises.one_file_of_each_kind(document)
        taken = [(row.series, row.number) for row in documents if row.number]
        assert len(taken) == len(set(taken))
        self.what_the_provider_holds_is_known(documents)

    def never_takes_back_a_last_word(self, document: Document) -> None:
        known = self.last_words.get(document.pk, document.legal_status)
        assert document.legal_status == known
        if known in TERMINAL_LEGAL:
            self.last_words[document.pk] = known
        assert document.pk not in self.voided or document.void_status == VoidStatus.VOIDED
        if document.void_status == VoidStatus.VOIDED:
            self.voided.add(document.pk)
            assert self.pac.authority.documents[document.document_id].is_void

    def what_the_provider_holds_is_known(self, documents: list[Document]) -> None:
        ours = {(row.series, row.number): row for row in documents if row.number}
        for key, held in self.pac.authority.by_number().items():
            assert len(held) == 1
            document = ours[key.document_type, key.number]
            if held[0].legal_status == records.PAC_REJECTED:
                self.rejected.add(document.pk)
                assert document.submission != Submission.DRAFT
            else:
                assert document.submission in MAYBE_THERE
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
            # Nothing was sent that the provider held already, or it would have said so. What it has rejected proves nothing.
            assert document.flag == "" or document.pk in self.rejected

    # At rest, when every misfortune has passed and every answer has come

    def come_to_rest(self) -> None:
        self.pac.faults.clear()
        behaviour = self.pac.behaviour
        behaviour.list_status, behaviour.authorise_after, behaviour.void_window_hours = 200, 0, 182
        self.lose_the_workers()
        while self.on_the_way:
            self.an_answer_comes_after_all(0)
        for _ in range(2):
            Tenant.objects.update(lookup_missing_until=None)
            self.resume()
            work_through(rounds=2)

    def check_what_holds_at_rest(self) -> None:
        held_there = {key[3:]: rows[0] for key, rows in self.pac.authority.by_number().items()}
        unknown = set(Document.objects.filter(attention.UNCONFIRMED).values_list("pk", flat=True))
        told = promises.timelines()
        for document in self.documents():
            note(f"{document} {document.submission}: {[event.code for event in told[document.uid]]}")
            held = held_there.get((document.series, document.number))
            if held is None:
                assert document.submission in NEVER_THERE
            elif held.legal_status == records.PAC_REJECTED:
                assert document.submission in {Submission.ACCEPTED, Submission.UNKNOWN, *TURNED_DOWN}
            else:
                assert document.submission == Submission.ACCEPTED
                assert document.legal_status == held.legal_status
                assert held.is_void == (document.void_status == VoidStatus.VOIDED)
                assert (document.cufe, document.cufe_differs) == (held.cufe, False)
            if document.submission == Submission.UNKNOWN:
                assert document.pk in unknown
            if document.legal_status == LegalStatus.DGI_AUTHORIZED:
                assert document.attachments.filter(kind=Attachment.Kind.PDF).count() == 1
                assert document.has_pdf
        assert not any(number_fates.gaps_of(series) for series in NumberSeries.objects.all())
        assert not WebhookDelivery.objects.filter(state=WebhookDelivery.State.NEW).exists()
        assert not Attempt.objects.filter(outcome=Attempt.Outcome.RUNNING).exists()

    # Helpers

    def documents(self, *kinds: str) -> list[Document]:
        rows = Document.objects.select_related("tenant", "office").order_by("pk")
        return list(rows.filter(kind__in=kinds) if kinds else rows)

    def documents_and_all_of_them(self) -> list[Document]:
        rows = Document.objects.select_related("tenant").order_by("pk")
        parts = ("lines", "settlements", "attachments", "credits__lines", "credits__settlements")
        return list(rows.prefetch_related(*parts))

    def authorised(self, *kinds: str) -> list[Document]:
        """Those that may be credited or voided, notes first, since an invoice waits for its notes."""
        rows = sorted(self.documents(*kinds), key=lambda row: row.kind)
        return [row for row in rows if row.legal_status == LegalStatus.DGI_AUTHORIZED and not row.is_voided]

    def expect(self, fault: str, operation: str) -> None:
        if fault:
            self.pac.faults.add(fault, operation)

    def held(self) -> list[records.Document]:
        return list(self.pac.authority.documents.values())

    def known_for_good(self) -> list[records.Document]:
        """What the provider holds and we have heard the last word of."""
        known = [row.document_id for row in self.documents() if row.legal_status in TERMINAL_LEGAL]
        return [each for each in self.held() if each.id in known]

    def deliver(self, tenant: Tenant, document_id: str, word: str, *, is_signed: bool = True) -> int:
        response = Client().post(
            reverse("invoicing:webhook", args=[tenant.pac_company_id]),
            json.dumps({"id": document_id, "legalStatus": word}),
            content_type="application/json",
            headers={"X-Pac-Signature": SECRET if is_signed else "guessed"},
        )
        return response.status_code


def one_of[T](rows: list[T], which: int) -> T | None:
    """One of them; None where there is none."""
    return rows[which % len(rows)] if rows else None


def test_no_history_breaks_the_promises(pac: SandboxServer, settings: Any) -> None:
    settings.PAC_WEBHOOK_SECRET = [SECRET]
    settings.PAC_THREADS, settings.PAC_READ_TIMEOUT = 1, 30.0
    wanted = int(os.environ.get("CIFRAS_HISTORIES", "0"))
    profile = hypothesis.settings(
        max_examples=wanted or 12,
        stateful_step_count=40 if wanted else 25,
        derandomize=not wanted,
        deadline=None,
        database=None,
        print_blob=True,
        phases=[Phase.generate],  # making a history shorter would take minutes
        suppress_health_check=list(HealthCheck),
    )
    # The clock stands still but for what a history does, so that the same history always is the same one.
    with time_machine.travel(timezone.now(), tick=False) as clock:
        run_state_machine_as_test(lambda: History(pac, clock), settings=profile)
