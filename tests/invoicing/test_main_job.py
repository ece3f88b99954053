"""The main job: an invoice is issued, authorised, its PDF arrives, and it is voided."""

import pytest

from cifras.fiscal.lifecycle import BusinessStatus, LegalStatus, Submission, VoidStatus
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.services import settling
from tests import factories
from tests.clockwork import work_through

pytestmark = pytest.mark.django_db


def test_an_invoice_is_issued_authorised_and_its_pdf_attached(pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    document = services.create_invoice(factories.invoice_json(tenant), actor=None)
    assert document.submission == Submission.QUEUED
    work_through()
    document.refresh_from_db()
    assert document.submission == Submission.ACCEPTED
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert document.cufe == document.local_cufe
    assert document.has_pdf
    assert settling.business(document).status is BusinessStatus.PAID


def test_an_authorised_invoice_is_voided(pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    document = services.create_invoice(factories.invoice_json(tenant), actor=None)
    work_through()
    services.void_invoice(document.uid, "Factura emitida con datos equivocados", actor=None)
    work_through()
    document.refresh_from_db()
    assert document.void_status == VoidStatus.VOIDED
    assert document.legal_status == LegalStatus.DGI_AUTHORIZED
    assert settling.business(document).status is BusinessStatus.VOID
