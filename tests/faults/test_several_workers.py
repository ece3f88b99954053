"""Several workers at the same table, which only PostgreSQL allows: each thing is done once."""

from collections import Counter

import pytest

from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Attachment, Attempt, Document
from invoicing.services import queues, resolving, submitting, watching
from tests.at_once import at_once
from tests.clockwork import make_everything_due
from tests.factories import a_tenant, invoice_json

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

COUNT, WORKERS = 8, 4
CREATE = "create_invoice"


@pytest.fixture
def documents(pac: SandboxServer) -> list[Document]:
    tenants = [a_tenant(), a_tenant()]
    return [services.create_invoice(invoice_json(tenants[n % 2]), actor=None) for n in range(COUNT)]


def states() -> Counter[str]:
    return Counter(Document.objects.values_list("submission", flat=True))


def test_each_document_is_sent_once(documents: list[Document], pac: SandboxServer) -> None:
    assert sum(at_once([submitting.submit_due] * WORKERS)) == COUNT
    assert states() == {"ACCEPTED": COUNT}
    assert set(pac.journal.postings().values()) == {1}
    assert Attempt.objects.count() == COUNT


def test_each_unconfirmed_document_is_asked_about_once(documents: list[Document], pac: SandboxServer) -> None:
    pac.faults.add("drop_after_commit", CREATE, times=None)
    submitting.submit_due()
    assert states() == {"UNKNOWN": COUNT}
    make_everything_due()
    assert sum(at_once([resolving.resolve_due] * WORKERS)) == COUNT
    assert states() == {"ACCEPTED": COUNT}
    assert set(pac.journal.postings().values()) == {1}


def test_each_document_is_followed_once_and_its_files_are_kept_once(
    documents: list[Document], pac: SandboxServer
) -> None:
    submitting.submit_due()
    make_everything_due()
    assert sum(at_once([watching.watch_due] * WORKERS)) == COUNT
    assert len(pac.journal.requests("get_invoice")) == COUNT
    kinds = Counter(Attachment.objects.values_list("kind", flat=True))
    assert kinds == {"PDF": COUNT, "XML": COUNT}


def test_whole_workers_side_by_side_bring_all_to_an_end(
    documents: list[Document], pac: SandboxServer
) -> None:
    for fault in ("drop_after_commit", "500_before", "429", "500_after"):
        pac.faults.add(fault, CREATE, times=2)
    for _ in range(4):
        at_once([queues.work_until_idle] * WORKERS)
        make_everything_due()
    assert set(Document.objects.values_list("legal_status", "has_pdf")) == {("DGI_AUTHORIZED", True)}
    assert {len(held) for held in pac.authority.by_number().values()} == {1}
