"""The demo world: what a newcomer sees has to be there, whole."""

import pytest

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.lifecycle import LegalStatus, Submission, VoidStatus
from cifras.fiscal.zones import LIMA, local_date
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document, Incident, MirroredRow
from reports.models import ExchangeRate
from reports.services import demo
from tenants.models import Tenant


@pytest.mark.django_db
def test_the_demo_world_has_fourteen_companies_and_a_document_in_every_state(pac: SandboxServer) -> None:
    told: list[str] = []
    demo.build(told.append, sales_per_company=5)
    assert demo.is_built()
    assert told
    assert Tenant.objects.count() == 14
    assert {row.state for row in Tenant.objects.all()} == {"active", "suspended", "onboarding"}
    rows = Document.objects.all()
    assert set(rows.values_list("submission", flat=True)) >= {
        Submission.DRAFT,
        Submission.QUEUED,
        Submission.UNKNOWN,
        Submission.ACCEPTED,
        Submission.REFUSED,
        Submission.RETURNED,
    }
    assert set(rows.values_list("legal_status", flat=True)) >= set(LegalStatus)
    assert rows.filter(void_status=VoidStatus.VOIDED).exists()
    assert rows.filter(flag="CONFLICT").exists()
    assert rows.filter(kind="CREDIT", legal_status=LegalStatus.DGI_AUTHORIZED).exists()
    assert Incident.objects.filter(released_at=None).count() == 1
    assert Staff.objects.filter(username=demo.USERNAME, is_superuser=True).exists()
    assert audit.verify() == []
    there_is_a_company_of_peru_that_issues_and_one_that_is_mirrored()


def there_is_a_company_of_peru_that_issues_and_one_that_is_mirrored() -> None:
    importer, shop = Tenant.objects.filter(country="PE", state="active").order_by("pk")
    issued = Document.objects.filter(tenant=importer, is_mirrored=False)
    assert {row["currency"] for row in issued.values("currency")} == {"PEN", "USD"}
    assert set(issued.values_list("billing_point", flat=True)) == {"F001", "B001", "FC01"}
    assert not issued.filter(submission__in=[Submission.QUEUED, Submission.UNKNOWN]).exists()
    assert issued.filter(submission=Submission.RETURNED).count() == 1
    assert issued.filter(legal_status=LegalStatus.DGI_REJECTED).count() == 1
    assert issued.filter(void_status=VoidStatus.VOIDED).count() == 1
    note = issued.get(kind="CREDIT", legal_status=LegalStatus.DGI_AUTHORIZED)
    assert note.credited is not None and note.peru["reason_code"] == "07"
    brought = Document.objects.filter(tenant=shop, is_mirrored=True)
    assert set(brought.values_list("currency", flat=True)) == {"PEN", "USD"}
    assert set(brought.values_list("billing_point", flat=True)) == {"F001", "B001", "FC01"}
    assert brought.get(kind="CREDIT").credited is not None
    states = set(MirroredRow.objects.filter(tenant=shop).values_list("state", flat=True))
    assert states == {MirroredRow.State.BROUGHT, MirroredRow.State.OTHER_KIND}
    days = {local_date(row.issue_date, LIMA) for row in Document.objects.filter(currency="USD")}
    assert len(days - set(ExchangeRate.objects.values_list("date", flat=True))) == 1
