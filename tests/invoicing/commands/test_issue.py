"""`manage.py issue FILE [--wait SECONDS]`: documents in, one JSON line each out, and an exit code that tells the truth."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cifras.fiscal.lifecycle import Submission
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Document, Incident, NumberSeries
from invoicing.services import incidents
from tenants.models import Tenant
from tests.clockwork import work_through
from tests.factories import a_tenant, contribuyente, credit_json, invoice_json, line
from tests.terminal import Ended

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]

Manage = Callable[..., Ended]
File = Callable[[Any], str]

MEMBERS = [
    "external_id",
    "id",
    "kind",
    "number",
    "submission",
    "legal_status",
    "business_status",
    "document_id",
    "cufe",
    "pdf_sha256",
    "errors",
]


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def half_price(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    return invoice_json(
        tenant,
        lines=[line(quantity="1")],
        payments=[{"method": "02", "amount": "160.50"}],
        **changes,
    )


# Reading


def as_one(documents: list[Any]) -> str:
    return json.dumps(documents[0], indent=2)


def as_a_list(documents: list[Any]) -> str:
    return json.dumps(documents, indent=2)


def as_lines(documents: list[Any]) -> str:
    return "\n\n".join(json.dumps(document) for document in documents) + "\r\n"


@pytest.mark.parametrize(("form", "count"), [(as_one, 1), (as_a_list, 2), (as_lines, 2)])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_one_document_a_list_and_lines_are_read_from_a_file_and_from_stdin(
    tenant: Tenant, manage: Manage, file: File, form: Callable[[list[Any]], str], count: int, mark: str
) -> None:
    documents = [invoice_json(tenant), invoice_json(tenant)]
    text = mark + form(documents)
    issued = manage("issue", file(text))
    assert issued.code == 0
    assert [each["external_id"] for each in issued.lines] == [d["external_id"] for d in documents[:count]]
    assert manage("issue", "-", stdin=text).lines == issued.lines
    assert Document.objects.count() == count


def test_a_queued_document_is_told_with_every_member(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer
) -> None:
    data = invoice_json(tenant)
    issued = manage("issue", file(data))
    document = Document.objects.get()
    assert (issued.code, issued.err, list(issued.line)) == (0, "", MEMBERS)
    assert issued.line == {
        "external_id": data["external_id"],
        "id": str(document.uid),
        "kind": "INVOICE",
        "number": "0000000001",
        "submission": "QUEUED",
        "legal_status": None,
        "business_status": "UNPAID",
        "document_id": None,
        "cufe": None,
        "pdf_sha256": None,
        "errors": [],
    }
    assert pac.journal.requests("create_invoice") == []


def test_a_document_that_was_refused_is_told_with_the_same_members_and_no_id(
    tenant: Tenant, manage: Manage, file: File
) -> None:
    refused = manage("issue", file(invoice_json(tenant, office="0099")))
    assert (refused.code, list(refused.line)) == (1, MEMBERS)
    assert {name: value for name, value in refused.line.items() if value is None}.keys() == (
        set(MEMBERS) - {"external_id", "kind", "errors"}
    )
    assert refused.line["errors"] == [
        {
            "code": "unknown_office",
            "field": "office",
            "message": "La empresa no tiene la sucursal «0099»: regístrela o corrija el código.",
        }
    ]
    assert "office" in refused.err


def test_a_mistake_in_one_line_does_not_stop_the_others(tenant: Tenant, manage: Manage, file: File) -> None:
    good, bad = invoice_json(tenant), invoice_json(tenant, office="0099")
    text = "\n".join([json.dumps(bad), '{"kind": "INVOICE",', json.dumps(good), "[1]"])
    issued = manage("issue", file(text))
    assert issued.code == 1
    assert [[error["code"] for error in each["errors"]] for each in issued.lines] == [
        ["unknown_office"],
        ["not_json"],
        [],
        ["wrong_type"],
    ]
    assert "línea 2" in issued.lines[1]["errors"][0]["message"]
    assert Document.objects.get().external_id == good["external_id"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "{",
        '{\n  "kind": "INVOICE",\n  "mode": "DGI",,\n  "office": "0001"\n}\n',
        '[{"kind": "INVOICE"}, {"kind": ]',
        '{"kind": NaN}',
        '{"kind": "INVOICE", "kind": "CREDIT"}',
        "[" * 100_000,
        '{"lines": [{"quantity": ' + "9" * 5000 + "}]}",
        '"INVOICE"',
        "7",
        "null",
    ],
)
def test_what_is_no_json_document_is_one_refusal_and_no_trace(
    db: None, manage: Manage, file: File, text: str
) -> None:
    refused = manage("issue", file(text))
    assert (refused.code, len(refused.line["errors"])) == (1, 1)
    assert refused.error_codes[0] in {"not_json", "wrong_type"}
    assert Document.objects.count() == 0


@pytest.mark.parametrize("name", [12.5, ["SO-1"], {"n": 1.5}, True])
def test_an_external_id_that_is_no_text_is_refused_like_the_rest(
    tenant: Tenant, manage: Manage, file: File, name: Any
) -> None:
    refused = manage("issue", file(invoice_json(tenant, external_id=name)))
    assert (refused.code, refused.line["external_id"], refused.error_codes) == (1, None, ["wrong_type"])


@pytest.mark.parametrize(
    "arguments",
    [("issue", "/no/such/file.json"), ("issue",), ("issue", "-", "--wait", "soon"), ("void", "SO-1")],
)
def test_a_wrong_use_ends_with_2(db: None, manage: Manage, arguments: tuple[str, ...]) -> None:
    wrong = manage(*arguments)
    assert (wrong.out, wrong.code) == ("", 2)


def test_a_file_that_is_no_text_ends_with_2(db: None, manage: Manage, tmp_path: Any) -> None:
    path = tmp_path / "documents.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert manage("issue", str(path)).code == 2


# The same document twice


def test_the_same_content_answers_the_first_document_whatever_its_state(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer
) -> None:
    path = file(invoice_json(tenant))
    first = manage("issue", path)
    assert manage("issue", path).line == first.line
    work_through()
    again = manage("issue", path)
    assert (again.code, again.line["id"]) == (0, first.line["id"])
    assert (again.line["legal_status"], again.line["business_status"]) == ("DGI_AUTHORIZED", "PAID")
    services.void_invoice(first.line["id"], "Factura emitida por equivocación", actor=None)
    work_through()
    assert manage("issue", path).line["business_status"] == "VOID"
    assert len(pac.journal.requests("create_invoice")) == 1


def test_an_order_of_members_and_absent_ones_make_no_difference(
    tenant: Tenant, manage: Manage, file: File
) -> None:
    data = invoice_json(tenant)
    first = manage("issue", file(data))
    shuffled = {name: data[name] for name in reversed(data)} | {"due_date": None, "instalments": None}
    assert manage("issue", file(shuffled)).line["id"] == first.line["id"]


@pytest.mark.parametrize("state", ["draft", "queued", "unknown", "authorised"])
def test_other_content_under_the_same_external_id_is_refused_while_the_first_lives(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer, state: str
) -> None:
    manage("issue", file(invoice_json(tenant, external_id="SO-A", draft=state == "draft")))
    if state == "unknown":
        pac.faults.add("drop_after_commit", "create_invoice")
        pac.behaviour.list_status = 404
    if state in {"unknown", "authorised"}:
        work_through(rounds=2)
    refused = manage("issue", file(half_price(tenant, external_id="SO-A")))
    assert (refused.code, refused.error_codes) == (1, ["external_id_taken"])
    assert refused.line["errors"][0]["field"] == "external_id"
    assert Document.objects.count() == 1


@pytest.mark.parametrize("end", ["rejected by the PAC", "rejected by the DGI", "discarded", "void"])
def test_other_content_after_the_end_of_the_first_is_the_linked_reissue(
    tenant: Tenant, manage: Manage, file: File, end: str
) -> None:
    names = {"rejected by the PAC": "RECHAZO-PAC, S.A.", "rejected by the DGI": "RECHAZO-DGI, S.A."}
    receiver = contribuyente(name=names.get(end, "Comercial Ejemplo, S.A."))
    data = invoice_json(tenant, external_id="SO-A", receiver=receiver, draft=end == "discarded")
    first = manage("issue", file(data)).line["id"]
    work_through()
    if end == "discarded":
        services.discard_document(first, actor=None)
    if end == "void":
        services.void_invoice(first, "Factura emitida por equivocación", actor=None)
        work_through()
    corrected = manage("issue", file(half_price(tenant, external_id="SO-A")))
    assert corrected.code == 0
    document = Document.objects.get(uid=corrected.line["id"])
    assert str(document.replaces.uid) == first
    assert document.replaces.is_superseded
    assert document.number > document.replaces.number
    assert manage("issue", file(data)).line["id"] == first
    assert services.finding.find_document("SO-A", actor=None) == document


def test_an_invoice_and_its_note_may_share_an_external_id(tenant: Tenant, manage: Manage, file: File) -> None:
    manage("issue", file(invoice_json(tenant, external_id="SO-A")))
    work_through()
    note = manage("issue", file(credit_json(tenant, "SO-A", external_id="SO-A")))
    assert (note.code, note.line["kind"], note.line["number"]) == (0, "CREDIT", "0000000001")


# Waiting


def test_waiting_ends_when_each_is_authorised_with_its_pdf(
    tenant: Tenant, manage: Manage, file: File, at_once: None
) -> None:
    documents = [invoice_json(tenant), invoice_json(tenant), half_price(tenant, mode="PROFORM")]
    issued = manage("issue", file(documents), "--wait", "30")
    assert issued.code == 0
    assert [each["legal_status"] for each in issued.lines] == ["DGI_AUTHORIZED", "DGI_AUTHORIZED", None]
    assert [bool(each["pdf_sha256"]) for each in issued.lines] == [True, True, False]
    assert issued.err == ""


def test_there_is_nothing_to_wait_for_with_drafts_and_proformas(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer
) -> None:
    documents = [invoice_json(tenant, draft=True), invoice_json(tenant, mode="PROFORM")]
    before = len(pac.journal.requests())
    issued = manage("issue", file(documents), "--wait", "600")
    assert issued.code == 0
    assert [each["submission"] for each in issued.lines] == ["DRAFT", "DRAFT"]
    assert [each["number"] for each in issued.lines] == [None, "P-000001"]
    assert len(pac.journal.requests()) == before


@pytest.mark.parametrize(
    ("name", "status"), [("RECHAZO-PAC, S.A.", "PAC_REJECTED"), ("RECHAZO-DGI, S.A.", "DGI_REJECTED")]
)
def test_a_rejection_ends_the_waiting_and_is_told(
    tenant: Tenant, manage: Manage, file: File, at_once: None, name: str, status: str
) -> None:
    data = invoice_json(tenant, receiver=contribuyente(name=name))
    issued = manage("issue", file(data), "--wait", "600")
    assert (issued.code, issued.line["legal_status"]) == (1, status)
    assert issued.line["errors"]
    assert issued.line["errors"][0]["message"] in issued.err
    assert manage("issue", file(data)).code == 1


def test_an_incident_that_holds_the_queue_ends_the_waiting_and_is_told(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer, at_once: None
) -> None:
    path = file([invoice_json(tenant), invoice_json(tenant)])
    pac.faults.add("401", "create_invoice")
    held = manage("issue", path, "--wait", "600")
    assert held.code == 1
    assert [each["submission"] for each in held.lines] == ["QUEUED", "QUEUED"]
    assert [[error["field"] for error in each["errors"]] for each in held.lines] == [["tenant"], ["tenant"]]
    assert "Unauthorized" in held.lines[1]["errors"][0]["message"]
    assert "reanude la cola" in held.err
    incidents.release(Incident.objects.get(), actor=None)
    assert manage("issue", path, "--wait", "30").code == 0


def test_a_suspended_company_holds_what_is_queued(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer
) -> None:
    path = file(invoice_json(tenant))
    manage("issue", path)
    Tenant.objects.update(state=Tenant.State.SUSPENDED)
    held = manage("issue", path, "--wait", "600")
    assert (held.code, held.error_codes) == (1, ["tenant_suspended"])
    assert pac.journal.requests("create_invoice") == []


def test_an_unconfirmed_document_is_asked_about_while_waiting(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer, settings: Any, at_once: None
) -> None:
    settings.PAC_QUEUE_WAITS = (0.1,)
    pac.faults.add("drop_after_commit", "create_invoice")
    issued = manage("issue", file(invoice_json(tenant)), "--wait", "30")
    assert (issued.code, issued.line["legal_status"]) == (0, "DGI_AUTHORIZED")
    assert pac.journal.times_posted("0000000001") == 1


def test_a_document_that_stays_unconfirmed_is_incomplete_and_says_so(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer
) -> None:
    pac.faults.add("drop_after_commit", "create_invoice")
    issued = manage("issue", file(invoice_json(tenant)), "--wait", "0.5")
    assert (issued.code, issued.line["submission"]) == (1, Submission.UNKNOWN)
    assert issued.error_codes == ["unconfirmed"]
    assert "no lo emita con otra referencia" in issued.err.lower()


def test_a_document_that_is_not_ready_in_time_is_incomplete(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer
) -> None:
    pac.behaviour.authorise_after = 3600
    issued = manage("issue", file(invoice_json(tenant)), "--wait", "0.3")
    assert (issued.code, issued.line["legal_status"]) == (1, "PAC_AUTHORIZED")
    assert "PAC_AUTHORIZED" in issued.err


def test_the_time_is_looked_at_between_documents(
    tenant: Tenant, manage: Manage, file: File, pac: SandboxServer
) -> None:
    pac.faults.add("timeout_before", "create_invoice", times=None)
    manage("issue", file([invoice_json(tenant) for _ in range(6)]), "--wait", "0.1")
    assert len(pac.journal.requests("create_invoice")) == 1


# What a proforma and a draft leave


def test_a_proforma_has_its_own_series_and_takes_no_fiscal_number(
    tenant: Tenant, manage: Manage, file: File
) -> None:
    documents = [
        invoice_json(tenant, mode="PROFORM"),
        invoice_json(tenant),
        invoice_json(tenant, mode="PROFORM"),
    ]
    issued = manage("issue", file(documents))
    assert [each["number"] for each in issued.lines] == ["P-000001", "0000000001", "P-000002"]
    assert set(NumberSeries.objects.values_list("series", "next_number")) == {("P", 3), ("01", 2)}
