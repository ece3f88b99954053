"""What keeps tenants, roles and facts apart below the pages (security.md 48, 50, 54, 55, 56)."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cifras.sandbox.server import SandboxServer
from invoicing.models import Attachment, Document, Invoice
from invoicing.services import create_invoice
from reports.services.reference import ROLES
from tenants.models import StaffGrant, Tenant
from tests import factories
from tests.clockwork import work_through
from tests.house.test_every_address import World, signed_in

pytestmark = pytest.mark.django_db

SECRET = "canary-of-the-token"
# What is kept for everybody says only whether anything is wrong anywhere.
SHARED_KEYS = ("invoicing.outlook",)


def change_page(row: Any) -> str:
    row = getattr(row, "face", row)
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.uid])


def test_a_secret_is_written_and_never_shown(world: World) -> None:
    world.mine.pac_token = world.mine.webhook_secret = SECRET
    world.mine.save()
    page = world.browser.get(change_page(world.mine))
    assert page.status_code == 200
    assert SECRET not in page.content.decode()


def test_what_an_account_is_known_by_is_not_taken_from_a_form(world: World) -> None:
    before = Tenant.objects.filter(pk=world.mine.pk).values().get()
    forged = {"legal_name": "Otra", "ruc": "9-9-9", "pac_company_id": "ajena", "may_issue_live": "on"}
    world.browser.post(change_page(world.mine), {**forged, "state": "closed", "grace_days": "30"})
    after = Tenant.objects.filter(pk=world.mine.pk).values().get()
    kept = (*forged, "state", "pac_token")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_what_was_numbered_is_not_changed_by_a_form(world: World) -> None:
    invoice = world.rows[world.mine][Invoice]
    before = Document.objects.filter(pk=invoice.pk).values().get()
    forged = {"total": "1.00", "legal_status": "", "receiver_name": "Otro", "number": "0000009999"}
    assert world.browser.post(change_page(invoice), forged).status_code == 403
    assert Document.objects.filter(pk=invoice.pk).values().get() == before


BROKEN: dict[str, dict[str, Any]] = {
    "void of what is not authorised": {"legal_status": "", "void_status": "REQUESTED"},
    "credit above the total": {"total": 10, "credited_total": 11},
    "credit below nothing": {"credited_total": -1},
    "sent without a number": {"number": ""},
    "an answer without having been sent": {"submission": "QUEUED"},
    "a proforma that was sent": {"mode": "PROFORM"},
    "an import that was sent": {"mode": "DGI_IMPORT"},
    "the same number twice": {"number": "0000000001"},
    "the same document of the provider twice": {"document_id": "taken"},
}


@pytest.mark.parametrize("values", BROKEN.values(), ids=BROKEN)
def test_the_database_itself_refuses_what_cannot_be(world: World, values: dict[str, Any]) -> None:
    row = world.rows[world.mine][Invoice]
    other = Invoice.objects.filter(tenant=world.mine).exclude(pk=row.pk).first()
    assert other is not None
    Document.objects.filter(pk=other.pk).update(document_id="taken")
    Document.objects.filter(number="0000000001", office=row.office).exclude(pk=other.pk).update(
        billing_point="002"
    )
    Document.objects.filter(pk=other.pk).update(number="0000000001", billing_point=row.billing_point)
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.filter(pk=row.pk).update(**values)


def test_files_lie_under_their_tenant(pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    create_invoice(factories.invoice_json(tenant), actor=None)
    work_through(rounds=3)
    names = [attachment.file.name for attachment in Attachment.objects.all()]
    assert names
    assert [name for name in names if not name.startswith(f"{tenant.uid}/")] == []


def test_what_is_kept_of_a_page_is_kept_for_one_person(world: World) -> None:
    cache.clear()
    for address in (
        "admin:index",
        "reports:documents",
        "reports:all_companies",
        "admin:tenants_tenant_changelist",
    ):
        assert world.browser.get(reverse(address)).status_code == 200
    kept = [key.split(":", 2)[2] for key in cache._cache]  # type: ignore[attr-defined]
    owners = (str(world.person.uid), str(world.mine.uid))
    nobodys = [key for key in kept if not any(owner in key for owner in owners)]
    assert kept
    assert [key for key in nobodys if key not in SHARED_KEYS] == []


def test_what_is_taken_away_is_gone_with_the_next_request(world: World) -> None:
    person = factories.a_staff_member(world.mine)
    person.groups.add(Group.objects.get(name="Operaciones"))
    browser, invoice = signed_in(person), world.rows[world.mine][Invoice]
    void = reverse("admin:invoicing_invoice_void", args=[invoice.uid])
    assert browser.get(void).status_code == 200
    person.groups.set([Group.objects.get(name="Auditoría")])
    assert (browser.get(void).status_code, browser.get(change_page(invoice)).status_code) == (403, 200)
    StaffGrant.objects.filter(staff=person).delete()
    assert browser.get(change_page(invoice)).status_code == 404
    StaffGrant.objects.create(staff=person, tenant=world.mine)
    assert browser.get(change_page(invoice)).status_code == 200
    person.is_active = False
    person.save()
    answer = browser.get(change_page(invoice))
    assert (answer.status_code, Client().get(change_page(invoice)).status_code) == (302, 302)


ALONE = {
    "issue": "invoicing.issue_invoice",
    "void": "invoicing.void_invoice",
    "credit": "invoicing.issue_credit",
    "import": "invoicing.import_document",
    "reconcile": "reports.reconcile",
    "close": "reports.close_month",
    "reopen": "reports.reopen_month",
    "export": "invoicing.export_document",
    "onboard": "tenants.onboard_tenant",
    "manage staff": "core.add_staff",
    "four eyes": "tenants.set_four_eyes",
}


def test_every_kind_of_act_has_a_right_of_its_own_that_some_role_holds() -> None:
    assert len(set(ALONE.values())) == len(ALONE)
    assert {act for act, right in ALONE.items() if not any(right in held for held in ROLES.values())} == set()


def test_roles_hold_no_more_than_their_work_takes() -> None:
    acts = {name: {act for act, right in ALONE.items() if right in held} for name, held in ROLES.items()}
    assert acts["Operaciones"] == {"issue", "void", "credit", "import", "onboard"}
    assert acts["Auditoría"] == {"export"}
    assert not acts["Facturación"] & {"issue", "void", "credit", "import", "onboard", "manage staff"}
    assert not acts["Administración"] & {"issue", "void", "credit", "import"}
    for name, held in ROLES.items():  # who decides that two persons are needed is never one of the two
        assert not ("tenants.set_four_eyes" in held and "invoicing.void_invoice" in held), name
