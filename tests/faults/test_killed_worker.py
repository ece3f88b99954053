"""`kill -9` in the middle of the work: the provider holds each number once, and nobody has to remember anything."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cifras.sandbox.faults import Fault
from cifras.sandbox.server import SandboxServer
from tests import certificates
from tests.factories import contribuyente, line
from tests.onboarding import onboarding_json
from tests.terminal import Terminal, kill, migrated, shared_folder, until

COUNT = 40
CREATE, VOID = "create_invoice", "void_invoice"
# A lease is twice what a call may take, and ten seconds: 14 here. A kill has to come before the call gives up.
SHORT_TIMES = {
    "PAC_CONNECT_TIMEOUT": "0.5",
    "PAC_READ_TIMEOUT": "1.5",
    "PAC_TOTAL_TIMEOUT": "1.5",
    "PAC_QUEUE_WAITS": "0.2",
    "PAC_RESEND_AFTER": "0.2",
    "PAC_BREAKER": "1000,1",
    # One call at a time, so that it is known how many a kill interrupts. The storm of `make faults` kills many at once.
    "PAC_THREADS": "1",
}


@pytest.fixture
def provider() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def terminal(provider: SandboxServer, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    shared = shared_folder(tmp_path_factory)
    return migrated(
        tmp_path, provider.base_url, shared=shared, P12_PASSWORD=certificates.PASSWORD, **SHORT_TIMES
    )


@pytest.fixture
def company(terminal: Terminal) -> str:
    """The id at the provider of a company that may issue."""
    data = onboarding_json(logo_url=None)
    (terminal.folder / "firma.p12").write_bytes(certificates.a_p12(data["ruc"]))
    onboarded = terminal.run("onboard", terminal.write("empresa.json", data))
    assert onboarded.code == 0, onboarded.err
    return onboarded.line["pac_company_id"]


def invoice(company: str, serial: int) -> dict[str, Any]:
    return {
        "tenant": company,
        "kind": "INVOICE",
        "mode": "DGI",
        "external_id": f"SO-{serial}",
        "office": "0001",
        "billing_point": "001",
        "receiver": contribuyente(),
        "lines": [line()],
        "payment_time": "CASH",
        "payments": [{"method": "02", "amount": "321.00"}],
    }


def work_until_killed(terminal: Terminal, fault: Fault) -> None:
    """A worker that is killed while it waits for the answer that `fault` withholds."""
    worker = terminal.start("work")
    try:
        until(lambda: fault.fired or worker.poll() is not None)
    finally:
        kill(worker)
    assert fault.fired == 1


def told(terminal: Terminal, code: str) -> int:
    """How often the documents' timelines tell of `code`."""
    with sqlite3.connect(terminal.database) as database:
        [row] = database.execute("SELECT count(*) FROM invoicing_timelineevent WHERE code = ?", [code])
    return int(row[0])


def test_forty_documents_exist_once_each_though_workers_are_killed(
    provider: SandboxServer, terminal: Terminal, company: str
) -> None:
    path = terminal.write("facturas.jsonl", [invoice(company, serial) for serial in range(COUNT)])
    assert terminal.run("issue", path).code == 0

    work_until_killed(terminal, provider.faults.add("timeout_after_commit", CREATE, skip=6))
    work_until_killed(terminal, provider.faults.add("timeout_before", CREATE, skip=6))
    for fault in ("drop_after_commit", "500_before", "500_after", "429", "malformed_json", "drop_before"):
        provider.faults.add(fault, CREATE, times=2, probability=0.3, retry_after=0)
    work_until_killed(terminal, provider.faults.add("timeout_after_commit", CREATE, skip=6))
    ended = terminal.run("issue", path, "--wait", "60")

    assert told(terminal, "attempt_lost") == 3
    assert ended.code == 0, ended.err
    assert Counter(each["legal_status"] for each in ended.lines) == {"DGI_AUTHORIZED": COUNT}
    numbers = [f"{number:010d}" for number in range(1, COUNT + 1)]
    assert [each["number"] for each in ended.lines] == numbers
    held = Counter(
        document.number
        for document in provider.authority.documents.values()
        if document.legal_status != "PAC_REJECTED"
    )
    assert held == dict.fromkeys(numbers, 1)
    by_id = provider.authority.documents
    assert all(by_id[each["document_id"]].cufe == each["cufe"] for each in ended.lines)
    assert all(each["pdf_sha256"] for each in ended.lines)


def test_a_void_is_known_though_its_worker_was_killed(
    provider: SandboxServer, terminal: Terminal, company: str
) -> None:
    issued = terminal.run("issue", terminal.write("factura.json", invoice(company, 1)), "--wait", "60")
    document_id = issued.line["document_id"]
    assert terminal.run("void", "SO-1", "--reason", "Factura emitida por equivocación").code == 0
    work_until_killed(terminal, provider.faults.add("timeout_after_commit", VOID))
    assert provider.authority.documents[document_id].is_void

    worker = terminal.start("work")
    try:
        until(lambda: told(terminal, "voided"))
    finally:
        kill(worker)
    assert [request.fault for request in provider.journal.requests(VOID)] == ["timeout_after_commit", ""]
    assert terminal.run("issue", "factura.json").line["business_status"] == "VOID"
