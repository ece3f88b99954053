"""The evidence pack: complete, checkable by a stranger, without secrets, and audited."""

import contextlib
import hashlib
import io
import json
import zipfile

import pytest

from cifras.core.models import AuditEntry
from cifras.fiscal.errors import RuleBroken
from invoicing.models import WebhookDelivery
from invoicing.services import create_invoice, request_webhook, resend_document_email, void_invoice
from invoicing.services.evidence import evidence_pack
from invoicing.services.evidence_note import SCRIPT
from tenants.models import Exchange
from tests.clockwork import work_through
from tests.factories import a_staff_member, a_tenant, an_administrator, invoice_json

CANARY = "canary-of-the-evidence-41c7"


@pytest.fixture
def document(pac, db, settings):
    """Issued, mailed, voided, and heard of; every secret of it is the canary."""
    settings.PAC_API_KEY = settings.PAC_SANDBOX_API_KEY = f"{CANARY}-key"
    settings.PAC_WEBHOOK_URL = "http://127.0.0.1:9"
    pac.behaviour.webhook_attempts = 1
    tenant = a_tenant(webhook_secret=f"{CANARY}-hook", pac_token=f"{CANARY}-token")
    made = create_invoice(invoice_json(tenant), actor=None)
    work_through(rounds=2)
    resend_document_email(made.uid, actor=None)
    request_webhook(made.uid, actor=None)
    work_through(rounds=1)
    void_invoice(made.uid, "Operación no realizada por el cliente", actor=None)
    work_through(rounds=1)
    made.refresh_from_db()
    WebhookDelivery.objects.create(
        tenant=tenant,
        verdict="signed",
        headers={"X-Pac-Signature": "sha256:0123abcd..."},
        body="{}",
        document_uid=made.uid,
    )
    return made


def unpacked(pack):
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pack.content)))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def test_the_pack_holds_everything_and_its_hashes_hold(document):
    files = unpacked(evidence_pack(document.uid, actor=an_administrator()))

    assert files["peticion.json"] == bytes(document.payload)
    assert json.loads(files["anulacion.json"])["void_status"] == "VOIDED"
    stored = {name: content for name, content in files.items() if name.startswith("archivos/")}
    assert {name.rpartition(".")[2] for name in stored} == {"pdf", "xml"}
    codes = [event["code"] for event in json.loads(files["linea-de-tiempo.json"])]
    assert {"queued", "mail_sent", "webhook_asked", "voided"} <= set(codes)
    assert [mail["state"] for mail in json.loads(files["correos.json"])] == ["SENT"]
    assert len(json.loads(files["webhooks.json"])) == 1
    calls = [name for name in files if name.startswith("intercambios/")]
    assert len(calls) == Exchange.objects.filter(document_uid=document.uid).count() > 3

    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != "SHA256SUMS"
    }
    manifest = json.loads(files["manifest.json"])
    assert {each["path"]: each["sha256"] for each in manifest["files"]} | {
        "manifest.json": sums["manifest.json"]
    } == sums
    assert [each["intact"] for each in manifest["files"] if "intact" in each] == [True, True]
    assert (manifest["omitted"], manifest["missing"], manifest["cufe"]) == ([], [], document.cufe)


def test_the_notes_own_script_proves_the_audit_rows_and_finds_an_altered_one(document, tmp_path, monkeypatch):
    files = unpacked(evidence_pack(document.uid, actor=None))
    script = "\n".join(
        line[7:] for line in files["VERIFICAR.txt"].decode().splitlines() if line.startswith(" " * 7)
    )
    assert SCRIPT.strip() in script
    monkeypatch.chdir(tmp_path)

    def verdicts(content):
        (tmp_path / "auditoria.json").write_bytes(content)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(SCRIPT)
        return [line.split()[1] for line in said.getvalue().splitlines()]

    honest = verdicts(files["auditoria.json"])
    assert len(honest) > 4 and set(honest) == {"True"}
    forged = files["auditoria.json"].replace(b"Operaci\xc3\xb3n no realizada", b"Operaci\xc3\xb3n realizada")
    assert verdicts(forged).count("False") == forged.count(b"n realizada") > 0


def test_no_secret_leaves(document):
    files = unpacked(evidence_pack(document.uid, actor=None))
    assert b"".join(files.values()).count(CANARY.encode()) == 0
    assert any(b"notify-webhook" in content for content in files.values())


def test_taking_it_out_is_audited_and_what_one_may_not_see_is_named_as_omitted(document):
    person = an_administrator()
    pack = evidence_pack(document.uid, actor=person, with_exchanges=False, with_audit=False)
    entry = AuditEntry.objects.get(action="document.exported")
    assert (entry.actor_uid, entry.object_uid) == (person.uid, document.uid)
    files = unpacked(pack)
    assert not [name for name in files if "auditoria" in name or "intercambios" in name]
    assert json.loads(files["manifest.json"])["omitted"] == ["intercambios", "auditoria"]
    assert entry.after == {"what": "evidence", "omitted": ["intercambios", "auditoria"]}


def test_a_lost_file_is_named_and_a_changed_one_is_marked(document):
    pdf, xml = document.attachments.get(kind="PDF"), document.attachments.get(kind="XML")
    storage = pdf.file.storage
    storage.delete(pdf.file.name)
    storage.delete(xml.file.name)
    with storage.open(xml.file.name, "wb") as changed:
        changed.write(b"<other/>")
    files = unpacked(evidence_pack(document.uid, actor=None))
    manifest = json.loads(files["manifest.json"])
    assert [each["sha256_at_arrival"] for each in manifest["missing"]] == [pdf.sha256]
    assert [each["intact"] for each in manifest["files"] if "intact" in each] == [False]


def test_a_file_name_leads_nowhere_else(document):
    document.attachments.filter(kind="PDF").update(filename="../../etc/passwd\n")
    files = unpacked(evidence_pack(document.uid, actor=None))
    assert not [name for name in files if ".." in name.split("/") or "\n" in name or name.startswith("/")]


def test_another_tenants_evidence_stays_where_it_is(document):
    with pytest.raises(RuleBroken):
        evidence_pack(document.uid, actor=a_staff_member(a_tenant()))
    assert not AuditEntry.objects.filter(action="document.exported").exists()
