"""The import pages: upload, rehearsal, report, import; one document by its CUFE; what was received."""

import csv
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cifras.core import uploads
from cifras.core.models import Staff
from invoicing.models import Document, ImportBatch, Received
from invoicing.services import create_invoice, queues
from tenants.models import Tenant
from tests.document_pages import address, list_address, queries_of, said, text_of
from tests.elsewhere import PDF, SUPPLIER, a_company, a_cufe, an_xml, registered_json
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db

RIGHTS = tuple(
    f"invoicing.{right}"
    for right in (
        "import_document", "verify_document", "view_importbatch", "view_invoice", "view_received", "view_credit",
        "add_invoice", "settle_invoice", "view_timelineevent",
    )
)  # fmt: skip
ADD = reverse("admin:invoicing_importbatch_add")
REGISTER = reverse("admin:invoicing_importbatch_register")
HEADER = "referencia,modo,cufe,neto,itbms,total,tipo de receptor,nombre\n"


@pytest.fixture
def tenant() -> Tenant:
    return a_company()


@pytest.fixture
def person(tenant: Tenant) -> Staff:
    return a_staff_member(tenant, permissions=RIGHTS)


@pytest.fixture
def browser(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


def a_file(*rows: str, name: str = "ventas.csv", header: str = HEADER) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, (header + "\n".join(rows)).encode())


def a_row(tenant: Tenant, name: str, **changes: Any) -> str:
    total = changes.get("total", "107.00")
    return f"{name},Importado,{a_cufe(tenant)},100.00,7.00,{total},Consumidor final,{changes.get('receiver', 'Ana')}"


def uploaded(browser: Client, tenant: Tenant, file: Any) -> ImportBatch:
    answer = browser.post(ADD, {"tenant": str(tenant.uid), "file": file})
    assert answer.status_code == 302, text_of(answer)
    queues.work_until_idle()
    return ImportBatch.objects.latest("pk")


def page(batch: ImportBatch, name: str = "change") -> str:
    return reverse(f"admin:invoicing_importbatch_{name}", args=[batch.uid])


def test_a_file_is_rehearsed_then_imported_from_its_page(browser: Client, tenant: Tenant) -> None:
    batch = uploaded(browser, tenant, a_file(a_row(tenant, "OLD-1"), a_row(tenant, "OLD-2", total="170.00")))
    shown = text_of(browser.get(page(batch)))
    assert "Importar 1" in shown
    assert "La cifra declarada es 170.00 y sus partes suman 107.00" in shown
    assert Document.objects.count() == 0
    only = text_of(browser.get(page(batch), {"only": "errors"}))
    assert "OLD-2" in only
    assert "OLD-1" not in only

    assert browser.get(page(batch, "approve")).status_code == 302  # a GET changes nothing
    batch.refresh_from_db()
    assert batch.stage == "CHECKED"
    answer = browser.post(page(batch, "approve"), follow=True)
    assert said(answer) == ["Se importa en seguida; la página sigue el avance."]
    assert "hx-get" in browser.get(page(batch)).content.decode()
    queues.work_until_idle()
    finished = browser.get(page(batch, "fragment"))
    assert "Terminado" in text_of(finished)
    assert "hx-get" not in finished.content.decode()
    assert address(Document.objects.get()) in finished.content.decode()


def test_the_company_is_asked_for_only_where_the_file_does_not_say(browser: Client, tenant: Tenant) -> None:
    second = a_company()
    mine = a_file(f"{tenant.pac_company_id},OLD-1", header="empresa,referencia\n")
    assert browser.post(ADD, {"tenant": "", "file": mine}).status_code == 302
    assert ImportBatch.objects.get().tenant == tenant
    for file, text in (
        (a_file("OLD-1", header="referencia\n"), "El archivo no dice de qué empresa es"),
        (a_file(f"{second.pac_company_id},OLD-1", header="empresa,referencia\n"), "No hay ninguna empresa"),
        (SimpleUploadedFile("foto.csv", b"\x89PNG\x00"), "no es JSON, CSV ni XLSX"),
    ):
        assert text in text_of(browser.post(ADD, {"tenant": "", "file": file}))
    empty = browser.post(ADD, {"tenant": str(tenant.uid), "file": a_file()})
    assert "no trae ninguna fila" in text_of(empty)
    assert ImportBatch.objects.count() == 1
    assert second.trade_name not in text_of(browser.get(ADD))
    stolen = browser.post(ADD, {"tenant": str(second.uid), "file": a_file("OLD-1", header="referencia\n")})
    assert stolen.status_code == 200
    assert ImportBatch.objects.count() == 1


def test_a_file_too_large_is_let_go_while_it_is_read(
    browser: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST_FILE", 100_000)
    large = SimpleUploadedFile("ventas.csv", b"referencia\n" + b"x\n" * 100_000)
    answer = browser.post(ADD, {"tenant": str(tenant.uid), "file": large})
    assert "El archivo pasa de" in text_of(answer)
    assert "file" not in answer.wsgi_request.FILES


def test_the_report_leaves_as_csv_that_no_spreadsheet_computes(browser: Client, tenant: Tenant) -> None:
    batch = uploaded(browser, tenant, a_file(a_row(tenant, "=1+1"), a_row(tenant, "@SUM(A1)", total="1")))
    answer = browser.get(page(batch, "report"))
    assert answer["Content-Disposition"].startswith("attachment")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    header, first, second = csv.reader(io.StringIO(text))
    assert header[:2] == ["fila", "referencia"]
    assert (first[0], first[1], second[1]) == ("2", "'=1+1", "'@SUM(A1)")
    assert "sus partes suman" in second[5]


def test_samples_can_be_filled_in_and_imported(browser: Client, tenant: Tenant) -> None:
    for name in ("documentos", "movimientos"):
        for form in ("csv", "xlsx"):
            answer = browser.get(reverse("admin:invoicing_importbatch_sample", args=[name, form]))
            assert answer.status_code == 200
            assert answer["Content-Disposition"] == f'attachment; filename="{name}.{form}"'
    sample = browser.get(reverse("admin:invoicing_importbatch_sample", args=["documentos", "xlsx"])).content
    assert openpyxl.load_workbook(io.BytesIO(sample)).sheetnames == ["documentos", "columnas"]
    batch = uploaded(browser, tenant, SimpleUploadedFile("documentos.xlsx", sample))
    assert list(batch.rows.values_list("external_id", "state", "reasons")) == [("SO-1001", "READY", [])]
    assert browser.get(reverse("admin:invoicing_importbatch_sample", args=["otro", "csv"])).status_code == 404


def test_long_reports_come_in_pages_and_a_page_costs_few_queries(browser: Client, tenant: Tenant) -> None:
    batch = uploaded(browser, tenant, a_file(*(a_row(tenant, f"OLD-{number}") for number in range(60))))
    first = browser.get(page(batch)).content.decode()
    assert "OLD-49" in first
    assert "OLD-50" not in first
    assert "OLD-50" in browser.get(page(batch), {"after": 51}).content.decode()
    assert browser.get(page(batch), {"after": "9" * 40}).status_code == 200
    assert queries_of(browser, page(batch)) <= 6
    assert queries_of(browser, reverse("admin:invoicing_importbatch_changelist")) <= 6


def test_words_of_the_file_are_shown_and_never_obeyed(browser: Client, tenant: Tenant) -> None:
    evil = "<script>alert(1)</script>"
    file = a_file(f'"{evil}",Importado,x,1,0,1,Consumidor final,Ana', name=f"{evil}.csv")
    shown = browser.get(page(uploaded(browser, tenant, file))).content.decode()
    assert evil not in shown
    assert "&lt;script&gt;" in shown


def test_without_the_right_nothing_is_imported(tenant: Tenant) -> None:
    viewer = a_staff_member(tenant, permissions=("invoicing.view_importbatch", "invoicing.view_invoice"))
    browser = Client()
    browser.force_login(viewer)
    batch = ImportBatch.objects.create(
        tenant=tenant, filename="ventas.csv", sha256="0" * 64, size_bytes=1, stage="CHECKED"
    )
    document = create_invoice(registered_json(tenant), actor=None)
    assert browser.get(page(batch)).status_code == 200
    for target in (
        ADD,
        REGISTER,
        page(batch, "approve"),
        address(document, "verify"),
        address(document, "unregister"),
    ):
        assert browser.post(target, {"reason": "porque sí, por probar"}).status_code == 403, target
    document.refresh_from_db()
    assert document.legal_status == ""


@pytest.fixture
def form(tenant: Tenant) -> Callable[..., dict[str, Any]]:
    def filled(code: str, **changes: Any) -> dict[str, Any]:
        return {"tenant": str(tenant.uid), "cufe": code, **changes}

    return filled


def test_a_cufe_is_read_back_before_anything_is_registered(
    browser: Client, tenant: Tenant, form: Callable[..., dict[str, Any]]
) -> None:
    own = text_of(browser.post(REGISTER, {**form(a_cufe(tenant, 77)), "_read": "1"}))
    assert "0001-001-0000000077" in own
    assert "Venta propia de la empresa." in own
    theirs = text_of(browser.post(REGISTER, {**form(a_cufe(tenant, ruc=SUPPLIER)), "_read": "1"}))
    assert "será un documento recibido" in theirs
    wrong = text_of(browser.post(REGISTER, {**form(a_cufe(tenant)[:-2]), "_read": "1"}))
    assert "deben ser 66" in wrong
    assert Document.objects.count() == 0


def test_one_document_is_registered_verified_and_deleted_by_hand(
    browser: Client, tenant: Tenant, form: Callable[..., dict[str, Any]]
) -> None:
    code = a_cufe(tenant)
    missing = text_of(browser.post(REGISTER, form(code)))
    assert "Faltan los importes" in missing
    answer = browser.post(
        REGISTER,
        form(code, xml=SimpleUploadedFile("f.xml", an_xml(code)), pdf=SimpleUploadedFile("f.pdf", PDF)),
    )
    document = Document.objects.get()
    assert answer["Location"] == address(document)
    shown = browser.get(address(document))
    assert "Sin verificar" in text_of(shown)
    assert "deed-void" not in shown.content.decode()
    assert queries_of(browser, address(document)) <= 12

    asked = browser.post(address(document, "verify"), {"reason": "corto"})
    assert "al menos 10 caracteres" in text_of(asked)
    reason = {"reason": "Consultada por CUFE en la DGI", "evidence": SimpleUploadedFile("p.pdf", PDF)}
    assert browser.post(address(document, "verify"), reason).status_code == 302
    document.refresh_from_db()
    assert document.legal_status == "DGI_AUTHORIZED"
    assert "Autorizada por DGI" in text_of(browser.get(address(document)))
    gone = browser.post(address(document, "unregister"), {"reason": "Era de otra empresa del grupo"})
    assert gone["Location"] == list_address()
    assert Document.objects.count() == 0


def test_a_page_for_documents_from_elsewhere_refuses_ours(browser: Client, tenant: Tenant) -> None:
    draft = Document.objects.create(
        tenant=tenant, office=tenant.offices.get(), kind="INVOICE", environment="sandbox"
    )
    for door in ("verify", "unregister"):
        answer = browser.post(address(draft, door), {"reason": "porque sí, por probar"}, follow=True)
        assert said(answer) == ["Este acto es para documentos emitidos en otro sistema y registrados aquí."]
    assert Document.objects.filter(pk=draft.pk).exists()


def test_what_was_received_has_a_list_of_its_own(browser: Client, tenant: Tenant) -> None:
    sale = create_invoice(registered_json(tenant), actor=None)
    purchase = create_invoice(
        registered_json(tenant, a_cufe(tenant, 9, ruc=SUPPLIER), issuer={"name": "Mayorista de Colón"}),
        actor=None,
    )
    received = text_of(browser.get(reverse("admin:invoicing_received_changelist")))
    assert "Mayorista de Colón" in received
    assert sale.number not in received
    sales = browser.get(list_address("?environment=all")).content.decode()
    assert str(sale.uid) in sales
    assert str(purchase.uid) not in sales
    assert browser.get(address(purchase)).status_code == 404  # no page among the sales
    page_of_it = browser.get(reverse("admin:invoicing_received_change", args=[purchase.uid]))
    assert "Mayorista de Colón" in text_of(page_of_it)
    assert "Por cobrar" not in text_of(page_of_it)
    assert browser.get(reverse("admin:invoicing_received_changelist"), {"q": purchase.cufe})[
        "Location"
    ] == reverse("admin:invoicing_received_change", args=[purchase.uid])
    assert Received.objects.count() == 1
