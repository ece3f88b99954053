"""The server as a process: crowds, memory across runs, the command, and standing apart from the house."""

import ast
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from cifras.sandbox.server import SandboxServer
from tests.sandbox.bodies import ISSUER_RUC, credit_note, halved, invoice
from tests.sandbox.client import Client

ROOT = Path(__file__).resolve().parent.parent.parent
SANDBOX = ROOT / "cifras" / "sandbox"


def test_a_crowd_that_wants_the_same_numbers_gets_each_once(pac: Client) -> None:
    def issue(worker: int) -> list[int]:
        client = Client(pac.sandbox, pac.company)
        return [client.post("/invoices", invoice(number)).status_code for number in range(1, 31)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for worker in pool.map(issue, range(8)) for status in worker]
    assert (statuses.count(200), statuses.count(400)) == (30, 210)
    assert len(pac.sandbox.authority.by_number()) == 30


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns so often that a missing lock shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_notes_of_a_crowd_never_exceed_the_invoice(pac: Client, restless: None) -> None:
    cufe = pac.issue(invoice())["cufe"]

    def credit(number: int) -> int:
        note = halved(credit_note(cufe, number))
        return Client(pac.sandbox, pac.company).post("/credit-notes", note).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(credit, range(1, 9)))
    assert sorted(statuses) == [200, 200, 400, 400, 400, 400, 400, 400]


def test_one_connection_serves_many_calls_with_bodies_of_every_kind(pac: Client) -> None:
    host = pac.sandbox.root_url.removeprefix("http://")
    body = json.dumps({"reason": "Emitida por equivocación"}).encode()
    call = (
        f"DELETE /alanube/pan/v1/invoices/nobody?idCompany={pac.company.id} HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer a-key\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    with socket.create_connection(("127.0.0.1", pac.sandbox.port), timeout=5) as connection:
        lines = connection.makefile("rb")
        for _ in range(3):
            connection.sendall(call)
            assert lines.readline().startswith(b"HTTP/1.1 404")
            length = next(int(line.split()[1]) for line in iter(lines.readline, b"\r\n") if b"Length" in line)
            for line in iter(lines.readline, b"\r\n"):
                assert line
            assert json.loads(lines.read(length)) == {"code": 404, "message": "Document not found"}


def test_a_body_too_large_is_refused(pac: Client) -> None:
    host = pac.sandbox.root_url.removeprefix("http://")
    with socket.create_connection(("127.0.0.1", pac.sandbox.port), timeout=5) as connection:
        connection.sendall(
            f"POST /alanube/pan/v1/invoices HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99999999\r\n\r\n".encode()
        )
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 413")


def test_the_ledger_outlives_the_process(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "sandbox.sqlite3"
    with SandboxServer(state_path=state) as sandbox:
        company = sandbox.authority.add_company(ruc=ISSUER_RUC, name="Emisora de Prueba, S.A.")
        office = sandbox.authority.add_office(company.id, code="0001")
        sandbox.behaviour.authorise_after = 60
        pac = Client(sandbox, company)
        voided = pac.post("/invoices", {"idOffice": office.id, **invoice(1)}).json()["document"]
        sandbox.clock.advance(hours=5)
        assert pac.void(voided["id"]).status_code == 200
        kept = pac.issue(invoice(2))
        sandbox.clock.advance(seconds=61)
        pac.issue(halved(credit_note(kept["cufe"], 1)), "/credit-notes")
        sandbox.clock.advance(hours=1)
    with SandboxServer(state_path=state) as sandbox:
        assert sandbox.clock.offset.total_seconds() > 6 * 3600
        pac = Client(sandbox, sandbox.authority.companies[company.id])
        assert pac.get(f"/companies/{company.id}/offices").json()[0]["code"] == "0001"
        assert pac.void(voided["id"]).json()["message"] == "Document already cancelled"
        assert pac.post("/invoices", invoice(2)).json()["errors"][0]["message"].endswith("already used")
        again = pac.read(kept["id"])
        assert (again["legalStatus"], again["cufe"]) == ("DGI_AUTHORIZED", kept["cufe"])
        assert requests.get(again["pdf"], timeout=5).content.startswith(b"%PDF-")
        assert pac.post("/credit-notes", credit_note(kept["cufe"], 2)).json()["code"] == "AP3013"
        sandbox.world.reset()
    with SandboxServer(state_path=state) as sandbox:
        assert not sandbox.authority.documents
        assert sandbox.clock.offset.total_seconds() == 0


def test_what_waited_for_the_dgi_is_decided_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"
    with SandboxServer(state_path=state) as sandbox:
        pac = Client(sandbox, sandbox.authority.add_company(ruc=ISSUER_RUC, name="Emisora"))
        document_id = pac.post("/invoices", invoice(1)).json()["document"]["id"]
    with SandboxServer(state_path=state) as sandbox:
        sandbox.authority.settle_due()
        assert sandbox.authority.documents[document_id].legal_status == "DGI_AUTHORIZED"


def test_the_command_serves_until_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "pac_sandbox", "--port", "0", "--state", str(tmp_path / "state")]
    environment = {"PATH": "/usr/bin", "DJANGO_SETTINGS_MODULE": "cifras.settings.test"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the suite in the background of a shell hands on an interrupt that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        addresses = json.loads(process.stdout.readline())
        assert addresses["alanube"].endswith("/alanube")
        assert requests.get(addresses["control"], timeout=5).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stderr.read() == "stopped\n"


def test_a_taken_port_is_told_plainly(sandbox: SandboxServer) -> None:
    command = [sys.executable, "manage.py", "pac_sandbox", "--port", str(sandbox.port)]
    environment = {"PATH": "/usr/bin", "DJANGO_SETTINGS_MODULE": "cifras.settings.test"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"127.0.0.1:{sandbox.port} cannot be used" in done.stderr


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_sandbox_needs_the_standard_library_and_itself_only() -> None:
    for path in SANDBOX.rglob("*.py"):
        is_djangos = path.name == "apps.py" or "management" in path.parts
        for name in imports(path):
            top = name.split(".")[0]
            assert (
                name.startswith("cifras.sandbox")
                or top in sys.stdlib_module_names
                or (is_djangos and top == "django")
            ), f"{path.name} imports {name}"
