"""Importing files: rehearsed first, row by row, once and only once, whatever stops it."""

import io
import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from cifras.core.models import AuditEntry, Staff
from cifras.fiscal.errors import RuleBroken
from invoicing.models import Document, ImportBatch, ImportRow, NumberSeries, Settlement, TimelineEvent
from invoicing.services import create_invoice, queues
from invoicing.services.importing import acts, run, turns
from tenants.models import Tenant
from tests.clockwork import make_everything_due
from tests.elsewhere import SUPPLIER, a_company, a_cufe, registered_json
from tests.factories import a_staff_member, invoice_json

pytestmark = pytest.mark.django_db

RIGHTS = tuple(
    f"invoicing.{right}"
    for right in ("import_document", "add_invoice", "add_credit", "settle_invoice", "view_importbatch")
)


@pytest.fixture
def tenant() -> Tenant:
    return a_company()


@pytest.fixture
def person(tenant: Tenant) -> Staff:
    return a_staff_member(tenant, permissions=RIGHTS)


def upload(tenant: Tenant, person: Staff, rows: Any) -> ImportBatch:
    text = rows if isinstance(rows, str) else "\n".join(json.dumps(row) for row in rows)
    return run.start(io.BytesIO(text.encode()), filename="ventas.jsonl", tenant=tenant, actor=person)


def worked(batch: ImportBatch) -> ImportBatch:
    queues.work_until_idle()
    batch.refresh_from_db()
    return batch


def approved(batch: ImportBatch, person: Staff) -> ImportBatch:
    run.approve(batch, actor=person)
    return worked(batch)


def states(batch: ImportBatch) -> list[str]:
    return list(batch.rows.order_by("number").values_list("state", flat=True))


def codes(batch: ImportBatch) -> list[set[str]]:
    return [{reason["code"] for reason in row.reasons} for row in batch.rows.order_by("number")]


def all_kinds(tenant: Tenant) -> list[dict[str, Any]]:
    """A draft, an own sale, a purchase, a note over the sale, and a receipt: each in need of the ones before."""
    sale = registered_json(tenant, external_id="OLD-1")
    return [
        invoice_json(tenant, external_id="SO-1"),
        sale,
        registered_json(
            tenant, a_cufe(tenant, ruc=SUPPLIER), external_id="COMPRA-1", issuer={"name": "Mayorista"}
        ),
        registered_json(
            tenant,
            a_cufe(tenant, document_type="04"),
            external_id="OLD-NC-1",
            references={"external_id": "OLD-1"},
            totals={"net": "100", "itbms": "7", "total": "107"},
        ),
        {
            "document": "OLD-1",
            "kind": "RECEIPT",
            "amount": "50.00",
            "date": "2026-11-05",
            "external_reference": "DEP-1",
        },
    ]


def test_a_rehearsal_tells_everything_and_leaves_nothing(tenant: Tenant, person: Staff) -> None:
    before = (TimelineEvent.objects.count(), AuditEntry.objects.count())
    batch = worked(upload(tenant, person, all_kinds(tenant)))
    assert (batch.stage, states(batch)) == ("CHECKED", ["READY"] * 5)
    assert Document.objects.count() == Settlement.objects.count() == NumberSeries.objects.count() == 0
    assert (TimelineEvent.objects.count(), AuditEntry.objects.count()) == (before[0], before[1] + 1)
    notes = [{note["code"] for note in row.notes} for row in batch.rows.order_by("number")]
    assert "office_not_registered" in notes[0]  # what would still stop the draft from being issued
    assert notes[3:] == [{"depends_on_row"}] * 2


def test_what_was_rehearsed_is_imported_and_the_same_file_again_makes_nothing_new(
    tenant: Tenant, person: Staff
) -> None:
    rows = all_kinds(tenant)
    batch = approved(worked(upload(tenant, person, rows)), person)
    assert (batch.stage, states(batch)) == ("DONE", ["CREATED"] * 5)
    draft, sale, purchase, note = (
        Document.objects.get(external_id=name) for name in ("SO-1", "OLD-1", "COMPRA-1", "OLD-NC-1")
    )
    assert (draft.submission, draft.mode, draft.created_by) == ("DRAFT", "DGI", person)
    assert (sale.submission, purchase.is_received, note.credited) == ("IMPORTED", True, sale)
    assert (sale.settled_total, sale.settlements.get().external_reference) == (Decimal(50), "DEP-1")

    again = worked(upload(tenant, person, rows))
    assert states(again) == ["KNOWN"] * 5
    assert again.rows.get(number=2).document_uid == sale.uid
    assert Document.objects.count() == 4
    assert Settlement.objects.count() == 1


def test_refused_rows_say_why_and_the_others_go_on(tenant: Tenant, person: Staff) -> None:
    rows: list[Any] = [
        invoice_json(tenant, external_id="SO-1"),
        invoice_json(tenant, external_id="SO-1", notes="otra"),
        invoice_json(tenant, external_id=None),
        invoice_json(tenant, external_id="SO-2", draft=False),
        invoice_json(tenant, external_id="SO-3", lines=[{"description": "sin precio"}], inventado=1),
        {"kind": "DEBIT", "external_id": "ND-1"},
        {
            "kind": "RECEIPT",
            "document": "NADIE",
            "amount": "1",
            "date": "2026-11-05",
            "external_reference": "R",
        },
        {"kind": "RECEIPT", "document": "SO-1", "amount": "1"},
        [],
        registered_json(tenant, a_cufe(tenant)[:-1], external_id="SO-4"),
    ]
    batch = worked(upload(tenant, person, rows))
    assert codes(batch) == [
        set(),
        {"twice_in_file"},
        {"external_id_missing"},
        {"import_does_not_issue"},
        {"missing", "unknown_member"},
        {"kind_not_kept"},
        {"unknown_document"},
        {"missing"},
        {"wrong_type"},
        {"cufe_length"},
    ]
    done = approved(batch, person)
    assert Counter(states(done)) == {"CREATED": 1, "REFUSED": 9}
    assert Document.objects.get().external_id == "SO-1"


def test_rows_are_carried_out_with_the_rights_of_whoever_is_in_charge(tenant: Tenant) -> None:
    stranger = a_company()
    person = a_staff_member(tenant, permissions=("invoicing.import_document",))
    rows = [
        invoice_json(tenant, external_id="SO-1"),
        registered_json(tenant),
        registered_json(stranger),
        {
            "kind": "RECEIPT",
            "document": "SO-1",
            "amount": "1",
            "date": "2026-11-05",
            "external_reference": "R",
        },
    ]
    batch = worked(upload(tenant, person, rows))
    assert codes(batch) == [{"no_right"}, set(), {"unknown_tenant"}, {"no_right"}]
    person.is_active = False
    person.save()
    assert states(approved(batch, person)).count("CREATED") == 0


def test_a_batch_is_of_one_company(tenant: Tenant) -> None:
    both = a_company()
    administrator = a_staff_member(is_superuser=True)
    batch = worked(upload(tenant, administrator, [registered_json(both), registered_json(tenant)]))
    assert codes(batch) == [{"other_tenant"}, set()]


def test_names_on_the_servers_disk_are_never_read(tenant: Tenant, person: Staff) -> None:
    batch = worked(
        upload(tenant, person, [registered_json(tenant, files=["/etc/hostname", "../secret.xml"])])
    )
    assert codes(batch) == [{"files_not_here"}]


def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_goes_on(
    tenant: Tenant, person: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [registered_json(tenant, external_id=f"OLD-{number}") for number in range(1, 8)]
    batch = worked(upload(tenant, person, rows))
    run.approve(batch, actor=person)
    real, made = acts._register, []

    def dying(*args: Any) -> Any:
        if len(made) == 3:
            raise KeyboardInterrupt  # as a killed process: nothing catches it
        made.append(real(*args))
        return made[-1]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(acts, "_register", dying)
        turns.import_due()
    assert (Document.objects.count(), states(batch).count("CREATED")) == (3, 3)
    assert turns.import_due() == 0  # under the dead worker's lease
    lapsed(batch)
    assert states(worked(batch)) == ["CREATED"] * 7
    assert Document.objects.count() == 7


def test_a_worker_that_dies_while_reading_reads_anew(
    tenant: Tenant, person: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_AT_ONCE", 2)
    batch = upload(tenant, person, [invoice_json(tenant, external_id=f"SO-{number}") for number in range(5)])
    ImportRow.objects.create(batch=batch, number=1, data={"half": "read"})
    assert states(worked(batch)) == ["READY"] * 5
    assert batch.rows.filter(data__half="read").count() == 0


def lapsed(batch: ImportBatch) -> None:
    now = timezone.now()
    ImportBatch.objects.filter(pk=batch.pk).update(leased_until=now, due_at=now)
    make_everything_due()


def test_a_mistake_of_ours_refuses_its_row_and_no_other(
    tenant: Tenant, person: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any) -> Any:
        raise ZeroDivisionError

    batch = upload(tenant, person, [invoice_json(tenant, external_id="SO-1"), registered_json(tenant)])
    monkeypatch.setattr(acts, "_draft", broken)
    assert codes(worked(batch)) == [{"unexpected"}, set()]


def test_a_file_that_cannot_be_read_is_refused_at_once_or_fails_as_a_whole(
    tenant: Tenant, person: Staff
) -> None:
    for content in ("", "referencia;nombre\n", "\x00\x01"):
        with pytest.raises(RuleBroken):
            upload(tenant, person, content)
    assert ImportBatch.objects.count() == 0
    late = worked(upload(tenant, person, '[{"external_id": "A"}, {'))
    assert (late.stage, late.rows.count()) == ("FAILED", 0)
    assert late.problem[0]["code"] == "not_json"


def test_what_was_not_rehearsed_is_not_imported(tenant: Tenant, person: Staff) -> None:
    batch = upload(tenant, person, [registered_json(tenant)])
    with pytest.raises(RuleBroken, match="probando"):
        run.approve(batch, actor=person)
    done = approved(worked(batch), person)
    assert run.approve(done, actor=person).stage == "DONE"
    assert Document.objects.count() == 1


def test_a_row_known_by_the_command_is_known_here(tenant: Tenant, person: Staff) -> None:
    data = registered_json(tenant, external_id="OLD-1")
    create_invoice({**data, "tenant": str(tenant.uid)}, actor=None)
    assert states(worked(upload(tenant, person, [data]))) == ["KNOWN"]
