"""The main job as an operator does it at the terminal: every command in a process of its own, the provider over HTTP."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from cifras.sandbox.server import SandboxServer
from tests import certificates
from tests.factories import contribuyente, line
from tests.onboarding import office_json
from tests.terminal import Terminal, migrated, shared_folder

RUC, DV = "155596713-2-2015", "59"
COMPANY = {
    "country": "PA",
    "pac_provider": "alanube",
    "environment": "sandbox",
    "ruc": RUC,
    "ruc_type": "JURIDICO",
    "dv": DV,
    "legal_name": "Comercial del Istmo, S.A.",
    "trade_name": "Comercial del Istmo",
    "logo_url": None,
    "certificate": "firma.p12",
    "certificate_password_env": "P12_PASSWORD",
    "authentication_certificate": None,
    "offices": [office_json()],
}
RESULT_MEMBERS = [
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
REASON = "Factura emitida con datos equivocados"


@pytest.fixture
def provider() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def terminal(provider: SandboxServer, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return migrated(
        tmp_path,
        provider.base_url,
        shared=shared_folder(tmp_path_factory),
        P12_PASSWORD=certificates.PASSWORD,
    )


def invoice(tenant: str, external_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "kind": "INVOICE",
        "mode": "DGI",
        "external_id": external_id,
        "office": "0001",
        "billing_point": "001",
        "receiver": contribuyente(),
        "lines": [line()],
        "payment_time": "CASH",
        "payments": [{"method": "02", "amount": "321.00"}],
        **changes,
    }


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")


def every_kind(tenant: str) -> list[dict[str, Any]]:
    """The documents that the product is judged by, and a proforma among them."""
    due = (datetime.now(UTC) + timedelta(days=40)).date()
    government = contribuyente(type="GOBIERNO", ruc="8-NT-2-12345", dv=None, name="Ministerio de Ejemplo")
    return [
        invoice(tenant, "contribuyente"),
        invoice(
            tenant,
            "consumidor-final",
            receiver={"type": "CONSUMIDOR_FINAL", "name": "Cliente de mostrador", "country": "PA"},
        ),
        invoice(tenant, "gobierno", receiver=government, lines=[line(cpbs_code="8111", cpbs_unit="und")]),
        invoice(
            tenant,
            "exento-mixto",
            lines=[line(), line(description="Libro", tax_rate="0", quantity="1", unit_price="20.00")],
            payments=[{"method": "02", "amount": "341.00"}],
        ),
        invoice(
            tenant,
            "varios-pagos",
            payments=[
                {"method": "02", "amount": "100.00"},
                {"method": "03", "amount": "200.00"},
                {"method": "99", "amount": "21.00", "description": "Vale de regalo número 17"},
            ],
        ),
        invoice(
            tenant,
            "a-credito",
            payment_time="CREDIT",
            payments=[{"method": "01", "amount": "321.00"}],
            instalments=[
                {"sequence": 1, "due_date": str(due), "amount": "160.50"},
                {"sequence": 2, "due_date": str(due + timedelta(days=30)), "amount": "160.50"},
            ],
        ),
        invoice(tenant, "con-retencion", receiver=contribuyente(withholds=True, retention_code="2")),
        invoice(tenant, "de-hace-183-horas", issue_date=hours_ago(183)),
        invoice(tenant, "proforma", mode="PROFORM"),
    ]


def test_the_main_job_from_an_empty_database_to_a_void(provider: SandboxServer, terminal: Terminal) -> None:
    (terminal.folder / "firma.p12").write_bytes(certificates.a_p12(RUC))
    onboarded = terminal.run("onboard", terminal.write("empresa.json", COMPANY))
    assert onboarded.code == 0, onboarded.err
    assert (onboarded.line["affiliated"], onboarded.line["pending_steps"]) == ("SUBSCRIBED", [])
    tenant = onboarded.line["pac_company_id"]

    wanted = every_kind(tenant)
    path = terminal.write("facturas.jsonl", wanted)
    issued = terminal.run("issue", "-", "--wait", "60", stdin=(terminal.folder / path).read_bytes())
    assert issued.code == 0, issued.err
    assert [list(each) for each in issued.lines] == [RESULT_MEMBERS] * len(wanted)
    *sent, proforma = issued.lines
    assert [each["external_id"] for each in issued.lines] == [each["external_id"] for each in wanted]
    assert [each["number"] for each in sent] == [f"{n:010d}" for n in range(1, len(sent) + 1)]
    for each in sent:
        assert (each["kind"], each["submission"]) == ("INVOICE", "ACCEPTED")
        assert (each["legal_status"], each["errors"]) == ("DGI_AUTHORIZED", [])
        assert each["cufe"] == provider.authority.documents[each["document_id"]].cufe
        assert re.fullmatch(r"[0-9a-f]{64}", each["pdf_sha256"])
    assert [each["business_status"] for each in sent] == ["PAID"] * 5 + ["UNPAID", "PAID", "PAID"]
    assert (proforma["submission"], proforma["legal_status"]) == ("DRAFT", None)
    assert proforma["number"] == "P-000001"
    assert len(provider.journal.requests("create_invoice")) == len(sent)

    repeated = terminal.run("issue", path)
    assert (repeated.code, repeated.lines) == (0, issued.lines)

    voided = terminal.run("void", "contribuyente", "--reason", REASON, "--wait", "30")
    assert voided.code == 0, voided.err
    assert (voided.line["void_status"], voided.line["business_status"]) == ("VOIDED", "VOID")
    assert voided.line["legal_status"] == "DGI_AUTHORIZED"
    assert provider.authority.documents[sent[0]["document_id"]].is_void

    too_late = terminal.run("void", sent[7]["cufe"], "--reason", REASON, "--wait", "30")
    assert (too_late.code, too_late.error_codes) == (1, ["void_window_closed"])
    assert too_late.line["errors"][0]["field"] == "issue_date"
    assert "nota de crédito" in too_late.err
    assert not provider.authority.documents[sent[7]["document_id"]].is_void

    discarded = terminal.run("discard", proforma["id"])
    assert (discarded.code, discarded.line["submission"]) == (0, "DISCARDED")

    newest = Fernet.generate_key().decode()
    keys = f"{newest},{terminal.environment['CIFRAS_FIELD_KEYS']}"
    rotated = terminal.run("rotate_keys", CIFRAS_FIELD_KEYS=keys)
    assert (rotated.code, sum(each["unreadable"] for each in rotated.lines)) == (0, 0)
    audited = terminal.run("verify_audit")
    assert (audited.code, audited.line["faults"]) == (0, 0)
    assert audited.line["entries"] > 0


def test_what_cannot_be_done_ends_with_1_and_what_cannot_be_understood_with_2(terminal: Terminal) -> None:
    strange = '{"external_id": "\\ud800", "kind": "INVOICE"}'
    refused = terminal.run("issue", "-", stdin=strange)
    assert (refused.code, refused.line["external_id"]) == (1, "\ud800")
    assert refused.line["errors"]
    for arguments in (("issue", "-"), ("issue", "no-such-file.json")):
        wrong = terminal.run(*arguments, stdin="é".encode("latin-1"))
        assert (wrong.code, wrong.out) == (2, "")
        assert "Traceback" not in wrong.err
