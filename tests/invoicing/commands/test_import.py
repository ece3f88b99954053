"""`manage.py import`: a line per row, safe to repeat, and going on where it was stopped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invoicing.models import Attachment, Document, ImportBatch
from invoicing.services.importing import acts
from tenants.models import Tenant
from tests.elsewhere import PDF, a_company, a_cufe, an_xml, registered_json
from tests.factories import invoice_json
from tests.terminal import Ended

pytestmark = pytest.mark.django_db

type Manage = Callable[..., Ended]


@pytest.fixture
def tenant() -> Tenant:
    return a_company()


def lines(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return str(path)


def results(ended: Ended) -> list[tuple[int, str | None, str]]:
    return [(line["row"], line["external_id"], line["result"]) for line in ended.lines]


def test_drafts_and_documents_from_elsewhere_come_in_with_their_files(
    tenant: Tenant, manage: Manage, tmp_path: Path
) -> None:
    code = a_cufe(tenant)
    (tmp_path / "papeles").mkdir()
    (tmp_path / "papeles" / "uno.xml").write_bytes(an_xml(code))
    (tmp_path / "uno.pdf").write_bytes(PDF)
    sale = registered_json(
        tenant, code, external_id="OLD-1", totals=None, receiver=None, files=["papeles/uno.xml", "uno.pdf"]
    )
    path = lines(tmp_path / "todo.jsonl", [invoice_json(tenant, external_id="SO-1"), sale])

    rehearsed = manage("import", path, "--dry-run")
    assert (rehearsed.code, results(rehearsed)) == (0, [(1, "SO-1", "created"), (2, "OLD-1", "created")])
    assert Document.objects.count() == Attachment.objects.count() == ImportBatch.objects.count() == 0
    assert "Prueba: 2 nuevas" in rehearsed.err

    done = manage("import", path)
    assert (done.code, results(done)) == (0, [(1, "SO-1", "created"), (2, "OLD-1", "created")])
    document = Document.objects.get(external_id="OLD-1")
    assert done.lines[1]["id"] == str(document.uid)
    assert done.lines[1]["cufe"] == code
    assert done.lines[1]["pdf_sha256"] == document.attachments.get(kind="PDF").sha256
    assert done.lines[0]["submission"] == "DRAFT"
    assert {warning["code"] for warning in done.lines[0]["warnings"]} >= {"office_not_registered"}

    again = manage("import", path)
    assert (again.code, [result for _row, _name, result in results(again)]) == (0, ["known", "known"])
    assert Document.objects.count() == 2


def test_refused_rows_are_told_with_row_and_field_and_the_code_is_one(
    tenant: Tenant, manage: Manage, tmp_path: Path
) -> None:
    path = tmp_path / "ventas.csv"
    path.write_text(
        "referencia;sucursal;tipo de receptor;descripción;cantidad;precio;tasa_itbms;momento de pago;forma de pago;monto pagado\n"
        "SO-1;1;Consumidor final;Café;2;10.00;7;Contado;2;21.40\n"
        "SO-2;1;Consumidor final;Café;dos;10.00;7;Contado;2;21.40\n",
        encoding="latin-1",
    )
    ended = manage("import", str(path), "--tenant", tenant.pac_company_id or "")
    assert ended.code == 1
    assert results(ended) == [(2, "SO-1", "created"), (3, "SO-2", "refused")]
    assert [(error["code"], error["field"]) for error in ended.lines[1]["errors"]] == [
        ("not_an_amount", "lines[0].quantity")
    ]
    assert "fila 3 (SO-2)" in ended.err
    assert "1 nuevas, 0 ya conocidas, 1 rechazadas" in ended.err
    assert Document.objects.get().total == Document.objects.get().lines.get().total


def test_an_interrupted_import_goes_on_where_it_stopped(
    tenant: Tenant,
    manage: Manage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = lines(tmp_path / "todo.jsonl", [registered_json(tenant, external_id=f"OLD-{n}") for n in range(6)])
    real, made = acts._register, []

    def interrupted(*args: Any) -> Any:
        if len(made) == 4:
            raise KeyboardInterrupt
        made.append(1)
        return real(*args)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(acts, "_register", interrupted)
        manage("import", path)
    assert Document.objects.count() == 4
    assert capsys.readouterr().out.count("\n") == 4
    ended = manage("import", path)
    assert (ended.code, [result for _row, _name, result in results(ended)]) == (0, ["created"] * 6)
    assert Document.objects.count() == 6
    assert ImportBatch.objects.get().stage == "DONE"


@pytest.mark.parametrize("name", ["../fuera.pdf", "/etc/hostname", "no-esta.pdf"])
def test_files_are_read_from_the_files_own_folder_alone(
    tenant: Tenant, manage: Manage, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "lote"
    folder.mkdir()
    (tmp_path / "fuera.pdf").write_bytes(PDF)
    ended = manage("import", lines(folder / "uno.jsonl", [registered_json(tenant, files=[name])]))
    assert (ended.code, ended.error_codes) == (1, ["file_not_found"])


def test_what_is_no_file_of_rows_is_a_mistake_of_usage(manage: Manage, tmp_path: Path) -> None:
    assert manage("import", str(tmp_path / "nada.csv")).code == 2
    (tmp_path / "foto.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    assert manage("import", str(tmp_path / "foto.csv")).code == 2
    (tmp_path / "uno.json").write_text("{}")
    assert manage("import", str(tmp_path / "uno.json"), "--tenant", "nadie").code == 2
    ended = manage("import", str(tmp_path / "uno.json"))
    assert (ended.code, ended.error_codes) == (1, ["tenant_missing"])
