"""A document's file is handed to the staff who may see its tenant, as a download and nothing else."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core.models import Staff
from invoicing.models import Attachment, Document
from tenants.models import StaffGrant
from tests.document_rows import CUFE, a_document
from tests.factories import a_staff_member
from tests.file_server import PDF

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_storage, "_wrapped", InMemoryStorage())


def an_attachment(document: Document, **changes: str) -> Attachment:
    values = {"kind": "PDF", "filename": f"{CUFE}.pdf", **changes}
    return Attachment.objects.create(
        document=document, file=ContentFile(PDF, name="a.pdf"), sha256="0" * 64, size_bytes=len(PDF), **values
    )


@pytest.fixture
def attachment() -> Attachment:
    return an_attachment(a_document())


@pytest.fixture
def person(attachment: Attachment) -> Staff:
    return a_staff_member(
        attachment.document.tenant, permissions=("invoicing.view_invoice", "invoicing.view_credit")
    )


def address(attachment: Attachment) -> str:
    return reverse("invoicing:file", args=[attachment.uid])


def test_staff_with_a_grant_get_the_file_as_a_download(
    client: Client, attachment: Attachment, person: Staff
) -> None:
    client.force_login(person)
    response = client.get(address(attachment))
    assert b"".join(response) == PDF
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'attachment; filename="{CUFE}.pdf"'
    assert response["Content-Length"] == str(len(PDF))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"].split("; ")
    assert "no-store" in response["Cache-Control"]


def test_the_address_is_the_one_of_the_papers(attachment: Attachment) -> None:
    assert address(attachment) == f"/documents/files/{attachment.uid}/"


@pytest.mark.parametrize(
    ("kind", "content_type"), [("XML", "application/xml"), ("CDR", "application/octet-stream")]
)
def test_other_kinds_go_out_under_their_own_type(
    kind: str, content_type: str, client: Client, attachment: Attachment, person: Staff
) -> None:
    client.force_login(person)
    response = client.get(address(an_attachment(attachment.document, kind=kind)))
    assert response["Content-Type"] == content_type
    assert response["Content-Disposition"].startswith("attachment")


def test_a_head_request_tells_the_headers_only(client: Client, attachment: Attachment, person: Staff) -> None:
    client.force_login(person)
    response = client.head(address(attachment))
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    assert b"".join(response) == b""


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_sent_there(
    method: str, client: Client, attachment: Attachment, person: Staff
) -> None:
    client.force_login(person)
    assert getattr(client, method)(address(attachment)).status_code == 405


def test_a_visitor_is_sent_to_sign_in_and_brought_back(client: Client, attachment: Attachment) -> None:
    response = client.get(address(attachment))
    assert response.status_code == 302
    assert response["Location"] == f"/admin/login/?next={address(attachment)}"


def test_a_visitor_learns_nothing_about_which_files_exist(client: Client, attachment: Attachment) -> None:
    unknown = reverse("invoicing:file", args=[uuid.uuid4()])
    assert client.get(unknown).status_code == client.get(address(attachment)).status_code == 302


def test_somebody_who_is_not_of_the_staff_is_sent_to_sign_in(
    client: Client, attachment: Attachment, person: Staff
) -> None:
    Staff.objects.filter(pk=person.pk).update(is_staff=False)
    client.force_login(person)
    assert client.get(address(attachment)).status_code == 302


def test_the_file_of_another_tenant_does_not_exist(
    client: Client, attachment: Attachment, person: Staff
) -> None:
    foreign = an_attachment(a_document(ruc="155600001-2-2015"))
    client.force_login(person)
    assert client.get(address(foreign)).status_code == 404
    assert client.get(reverse("invoicing:file", args=[uuid.uuid4()])).status_code == 404
    assert client.get(address(attachment)).status_code == 200


def test_an_expired_grant_is_no_grant(client: Client, attachment: Attachment, person: Staff) -> None:
    StaffGrant.objects.filter(staff=person).update(expires_at=timezone.now() - timedelta(seconds=1))
    client.force_login(person)
    assert client.get(address(attachment)).status_code == 404


@pytest.mark.parametrize(
    ("right", "invoice", "credit"), [("view_invoice", 200, 404), ("view_credit", 404, 200)]
)
def test_who_may_not_look_at_a_kind_of_document_gets_none_of_its_files(
    right: str, invoice: int, credit: int, client: Client, attachment: Attachment
) -> None:
    note = an_attachment(a_document(kind="CREDIT", cufe=""))
    client.force_login(a_staff_member(note.document.tenant, permissions=(f"invoicing.{right}",)))
    assert client.get(address(attachment)).status_code == invoice
    assert client.get(address(note)).status_code == credit


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ('a".pdf', 'filename="a_.pdf"'),
        ("a\r\nX-Injected: 1.pdf", 'filename="a__X-Injected_ 1.pdf"'),
        ("../../a.pdf", 'filename=".._.._a.pdf"'),
        ("a\u202efdp.exe", 'filename="a_fdp.exe"'),
        ("a;b\\.pdf", 'filename="a_b_.pdf"'),
        ("factura ñ.pdf", "filename*=utf-8''factura%20%C3%B1.pdf"),
    ],
)
def test_a_hostile_name_breaks_no_header(
    name: str, disposition: str, client: Client, attachment: Attachment, person: Staff
) -> None:
    client.force_login(person)
    response = client.get(address(an_attachment(attachment.document, kind="XML", filename=name)))
    assert response["Content-Disposition"] == f"attachment; {disposition}"
    assert "X-Injected" not in response.headers


def test_a_file_the_store_has_lost_is_missing_and_logged(
    client: Client, attachment: Attachment, person: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    default_storage.delete(attachment.file.name)
    client.force_login(person)
    assert client.get(address(attachment)).status_code == 404
    assert str(attachment.uid) in caplog.text
