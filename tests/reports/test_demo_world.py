"""The demo world: what a newcomer sees has to be there, whole."""

import pytest

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document, Incident
from reports.services import demo
from tenants.models import Tenant


@pytest.mark.django_db
def test_the_demo_world_has_twelve_companies_and_a_document_in_every_state(pac: SandboxServer) -> None:
    told: list[str] = []
    demo.build(told.append, sales_per_company=5)
    assert demo.is_built()
    assert told
    assert Tenant.objects.count() == 12
    assert {row.state for row in Tenant.objects.all()} == {"active", "suspended", "onboarding"}
    rows = Document.objects.all()
    assert set(rows.values_list("submission", flat=True)) >= {
        Submission.DRAFT,
        Submission.QUEUED,
        Submission.UNKNOWN,
        Submission.ACCEPTED,
        Submission.REFUSED,
    }
    assert set(rows.values_list("legal_status", flat=True)) >= set(LegalStatus) - {LegalStatus.DGI_REJECTED}
    assert rows.filter(void_status=VoidStatus.VOIDED).exists()
    assert rows.filter(flag="CONFLICT").exists()
    assert rows.filter(kind="CREDIT", legal_status=LegalStatus.DGI_AUTHORIZED).exists()
    assert Incident.objects.filter(released_at=None).count() == 1
    assert Staff.objects.filter(username=demo.USERNAME, is_superuser=True).exists()
    assert audit.verify() == []
