"""The certificates on the radar, ranked by the voids that their companies could still want to sign."""

from datetime import timedelta

import pytest
from django.utils import timezone

from invoicing.services.expiring import expiring_certificates
from tenants.models import Certificate, Tenant
from tests.document_rows import a_document
from tests.factories import a_staff_member, an_administrator

pytestmark = pytest.mark.django_db


def a_company(name: str, *, ends_in: float, closes_in: tuple[float, ...] = (), **document: str) -> Tenant:
    """A company whose certificate ends in so many days, and whose void windows close in so many hours."""
    now = timezone.now()
    for serial, hours in enumerate(closes_in):
        deadline = now + timedelta(hours=hours)
        a_document(ruc=name, void_deadline=deadline, **{"cufe": f"{name}-{serial}", **document})
    tenant, _made = Tenant.objects.get_or_create(ruc=name, defaults={"legal_name": name})
    Certificate.objects.create(
        tenant=tenant, fingerprint=name, not_before=now, not_after=now + timedelta(days=ends_in)
    )
    return tenant


def test_first_come_those_whose_voids_could_not_be_signed_any_more_then_by_the_last_deadline() -> None:
    a_company("without-voids", ends_in=-2)
    a_company("later", ends_in=20, closes_in=(10, 150))
    a_company("sooner", ends_in=30, closes_in=(5, 60))
    a_company("at-risk", ends_in=1, closes_in=(2, 100))
    a_company("closed-windows", ends_in=3, closes_in=(-5,))
    a_company("voided", ends_in=4, closes_in=(80,), void_status="VOIDED")
    a_company("far", ends_in=90, closes_in=(100,))
    rows = list(expiring_certificates(an_administrator()))
    assert [row.tenant.ruc for row in rows] == [
        "at-risk",
        "sooner",
        "later",
        "without-voids",
        "closed-windows",
        "voided",
    ]
    assert [row.voids_at_risk for row in rows] == [True, False, False, False, False, False]


def test_only_what_the_person_may_see_is_ranked() -> None:
    mine = a_company("mine", ends_in=3)
    a_company("foreign", ends_in=2)
    assert [row.tenant for row in expiring_certificates(a_staff_member(mine))] == [mine]
