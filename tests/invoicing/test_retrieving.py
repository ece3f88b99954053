"""Attaching a PDF by hand, through the real client and the practice PAC."""

import uuid
from typing import Any

import pytest

from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import LegalStatus
from cifras.pac.errors import PacError
from cifras.sandbox.server import SandboxServer
from invoicing.models import Attachment, Document, TimelineEvent
from invoicing.services import attach_pac_pdf, create_invoice
from invoicing.services.attachments import verify_file
from tests import factories
from tests.clockwork import work_through
from tests.document_rows import a_document

pytestmark = pytest.mark.django_db


def an_authorised_invoice(pac: SandboxServer) -> Document:
    """Issued through the practice PAC, whose PDF takes an hour."""
    pac.behaviour.pdf_after = 3600
    document = create_invoice(factories.invoice_json(factories.a_tenant()), actor=None)
    work_through()
    document.refresh_from_db()
    assert (document.legal_status, document.has_pdf) == (LegalStatus.DGI_AUTHORIZED, False)
    return document


def refused(source_id: uuid.UUID | str, source_type: str = "INVOICE", **options: Any) -> str:
    with pytest.raises(RuleBroken) as caught:
        attach_pac_pdf(source_id, source_type, **options)
    return caught.value.code


def test_the_pdf_is_attached_once_it_exists(pac: SandboxServer) -> None:
    document = an_authorised_invoice(pac)
    assert attach_pac_pdf(document.uid, "INVOICE") is False
    pac.clock.advance(hours=2)
    assert attach_pac_pdf(str(document.uid), "INVOICE") is True
    assert attach_pac_pdf(document.uid, "INVOICE") is True
    pdf = Attachment.objects.get(document=document, kind="PDF")
    assert (pdf.filename, pdf.source) == (f"{document.cufe}.pdf", "manual")
    assert verify_file(pdf)


def test_the_xml_which_is_the_legal_document_is_kept_too(pac: SandboxServer) -> None:
    document = create_invoice(factories.invoice_json(factories.a_tenant()), actor=None)
    work_through()
    xml = Attachment.objects.get(document=document, kind="XML")
    assert xml.file.read().startswith(b"<?xml")


def test_a_link_that_died_at_once_leaves_the_document_without_pdf(pac: SandboxServer) -> None:
    document = an_authorised_invoice(pac)
    pac.clock.advance(hours=2)
    pac.behaviour.link_seconds = -1
    assert attach_pac_pdf(document.uid, "INVOICE") is False
    reasons = TimelineEvent.objects.filter(document_uid=document.uid, code="file_failed").values_list(
        "detail__reason", flat=True
    )
    assert set(reasons) == {"expired"}
    pac.behaviour.link_seconds = 300
    assert attach_pac_pdf(document.uid, "INVOICE") is True


def test_a_provider_that_does_not_know_the_document_is_an_error_and_not_a_missing_pdf(
    pac: SandboxServer,
) -> None:
    document = an_authorised_invoice(pac)
    Document.objects.filter(pk=document.pk).update(document_id="01K9UNKNOWN")
    with pytest.raises(PacError):
        attach_pac_pdf(document.uid, "INVOICE")


@pytest.mark.parametrize("mode", ["DGI", "PROFORM"])
def test_what_never_reached_the_provider_has_no_pdf_to_ask_for(mode: str) -> None:
    document = a_document(mode=mode, submission="DRAFT", legal_status="", document_id="", cufe="")
    assert refused(document.uid) == "never_reached_pac"


def test_without_the_companys_id_nobody_can_be_asked() -> None:
    assert refused(a_document(pac_company_id="").uid) == "tenant_not_registered"


def test_a_document_is_found_by_its_own_kind_only() -> None:
    invoice, note = a_document(), a_document(kind="CREDIT", cufe="")
    assert refused(invoice.uid, "CREDIT_NOTE") == refused(note.uid, "INVOICE") == "unknown_document"
    assert refused(uuid.uuid4()) == refused("nonsense") == "unknown_document"


@pytest.mark.parametrize("source_type", ["", "invoice", "CREDIT", "RECEIPT"])
def test_only_the_papers_two_kinds_are_known(source_type: str) -> None:
    assert refused(a_document().uid, source_type) == "unknown_source_type"


def test_somebody_without_sight_of_the_tenant_does_not_find_the_document() -> None:
    assert refused(a_document().uid, actor=factories.a_staff_member()) == "unknown_document"
