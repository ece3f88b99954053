"""Who was refused what is in the audit trail; who merely mistyped an address is not."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from cifras.core import audit
from cifras.core.models import AuditEntry
from tests.elsewhere import a_company
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db


def denials() -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.filter(action__startswith="access.").order_by("sequence")
    return list(rows.values_list("action", "actor_name", "object_label"))


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(a_staff_member(a_company(), username="ana", permissions=("tenants.view_tenant",)))
    return client


def test_a_missing_right_and_a_foreign_object_are_written_down(browser: Client) -> None:
    list_of_staff, foreign = reverse("admin:core_staff_changelist"), a_company()
    page = reverse("admin:tenants_tenant_change", args=[foreign.uid])
    assert browser.get(list_of_staff, {"q": "what was typed"}).status_code == 403
    assert browser.post(page, {"legal_name": "x"}).status_code == 404
    assert denials() == [
        ("access.denied", "ana", f"GET {list_of_staff}"),
        ("access.not_found", "ana", f"POST {page}"),
    ]
    entry = AuditEntry.objects.filter(action="access.denied").get()
    assert (entry.ip, entry.chain, bool(entry.correlation_id)) == ("127.0.0.1", None, True)
    assert audit.verify() == []


def test_an_object_that_never_was_looks_the_same(browser: Client) -> None:
    assert browser.get(reverse("admin:tenants_tenant_change", args=[uuid.uuid4()])).status_code == 404
    assert [action for action, _name, _label in denials()] == ["access.not_found"]


def test_an_address_of_no_page_and_a_stranger_leave_no_trace(browser: Client) -> None:
    assert browser.get("/admin/nowhere/").status_code == 404
    assert browser.get("/nowhere/").status_code == 404
    stranger = Client()
    stranger.get(reverse("admin:tenants_tenant_change", args=[uuid.uuid4()]))
    assert stranger.get(f"/onboarding/qr/{'x' * 40}/").status_code == 404
    assert denials() == []


def test_an_address_without_end_is_cut(browser: Client) -> None:
    browser.get(f"/admin/tenants/tenant/{'x' * 3000}/change/")
    assert len(denials()[0][2]) <= 200
    assert audit.verify() == []
