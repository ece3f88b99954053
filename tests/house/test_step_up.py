"""What cannot be taken back asks for a second factor of the last ten minutes, and loses nothing that was typed."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from cifras.core.models import AuditEntry, Proposal, SecondFactor, Staff
from cifras.core.sign_in import factor
from cifras.core.sign_in.step_up import CODE_FIELD
from invoicing.models import Document
from tenants.models import StaffGrant, Tenant
from tests.document_pages import address, list_address
from tests.document_rows import a_document
from tests.doorway import PASSWORD, asked_for_code, code, give_password, signed_in, with_app, wrong_code
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db
REASON = "Datos del receptor equivocados"


@pytest.fixture(autouse=True)
def on(settings: Settings) -> None:
    settings.CIFRAS_SECOND_FACTOR = True


@pytest.fixture
def boss() -> Staff:
    return with_app(a_staff_member(username="jefa", is_superuser=True))


@pytest.fixture
def document() -> Document:
    document = a_document(issue_date=timezone.now() - timedelta(hours=1), total="321.00")
    Tenant.objects.filter(pk=document.tenant_id).update(state="active", affiliated="SUBSCRIBED")
    return document


@pytest.fixture
def clock(boss: Staff) -> Any:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


@pytest.fixture
def browser(boss: Staff, clock: Any) -> Client:
    """In, with a second factor of a quarter of an hour ago."""
    browser = signed_in(boss)
    clock.shift(timedelta(minutes=15))
    return browser


def hidden_fields(page: Any) -> dict[str, list[str]]:
    """What the page would post again."""
    form = page.content.decode().partition('id="step-up-form"')[2].partition("</form>")[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(unescape(name), []).append(unescape(value))
    found.pop("csrfmiddlewaretoken", None)
    return found


def again(page: Any, browser: Client, where: str, text: str, **more: Any) -> Any:
    return browser.post(where, {**hidden_fields(page), CODE_FIELD: text, **more})


def test_a_void_waits_for_the_code_and_goes_on_with_what_was_typed(
    browser: Client, document: Document
) -> None:
    page = browser.post(address(document, "void"), {"reason": f'{REASON} "<b>'})
    assert asked_for_code(page)
    document.refresh_from_db()
    assert document.void_status == ""
    refused = again(page, browser, address(document, "void"), wrong_code())
    assert asked_for_code(refused)
    assert "Ese código no vale" in refused.content.decode()
    assert SecondFactor.objects.get().failures == 1
    done = again(refused, browser, address(document, "void"), code())
    assert done.status_code == 302
    document.refresh_from_db()
    assert (document.void_status, document.void_reason) == ("REQUESTED", f'{REASON} "<b>')


def test_the_dialog_asks_inside_and_then_tells_the_page_where_to_go(
    browser: Client, document: Document
) -> None:
    inside: dict[str, Any] = {"HX-Request": "true"}
    page = browser.post(address(document, "void"), {"reason": REASON}, headers=inside)
    assert asked_for_code(page)
    assert 'id="dialog"' in page.content.decode()
    done = browser.post(
        address(document, "void"), {**hidden_fields(page), CODE_FIELD: code()}, headers=inside
    )
    assert done.headers["HX-Redirect"] == address(document)


def test_a_fresh_code_serves_for_ten_minutes_in_a_session_with_a_new_id(
    browser: Client, document: Document, clock: Any
) -> None:
    key = browser.session.session_key
    page = browser.post(address(document, "void"), {"reason": REASON})
    again(page, browser, address(document, "void"), code())
    assert browser.session.session_key != key
    second, third = (a_document(cufe="", issue_date=timezone.now(), total="5.00") for _ in range(2))
    clock.shift(timedelta(minutes=10))
    assert browser.post(address(second, "void"), {"reason": REASON}).status_code == 302
    clock.shift(timedelta(seconds=1))
    assert asked_for_code(browser.post(address(third, "void"), {"reason": REASON}))


def test_looking_asks_for_nothing(browser: Client, document: Document) -> None:
    assert not asked_for_code(browser.get(address(document, "void")))


def test_who_lacks_the_right_is_told_so_and_not_asked(document: Document, clock: Any) -> None:
    person = a_staff_member(document.tenant, permissions=("invoicing.view_invoice",))
    browser = signed_in(with_app(person))
    clock.shift(timedelta(minutes=15))
    assert browser.post(address(document, "void"), {"reason": REASON}).status_code == 403
    assert browser.post(reverse("admin:core_staff_add"), {"username": "x"}).status_code == 403


def bulk(action: str, *documents: Document) -> dict[str, Any]:
    chosen = [str(document.pk) for document in documents]
    return {"_selected_action": chosen, "action": action, "index": "0", "confirmed": "1", "reason": REASON}


def test_many_rows_are_voided_after_one_code_with_every_row_chosen(
    browser: Client, document: Document
) -> None:
    other = a_document(cufe="", issue_date=timezone.now(), total="5.00")
    page = browser.post(list_address(), bulk("bulk_void", document, other))
    assert asked_for_code(page)
    assert not Document.objects.exclude(void_status="").exists()
    again(page, browser, list_address(), code())
    assert Document.objects.filter(void_status="REQUESTED").count() == 2


Deed = Callable[[Client, Document, Staff], Any]


def a_secret(browser: Client, document: Document, boss: Staff) -> Any:
    page = reverse("admin:tenants_tenant_change", args=[document.tenant.uid])
    return browser.post(page, {"new_webhook_secret": "canary-hook"})


def a_correction(browser: Client, document: Document, boss: Staff) -> Any:
    return browser.post(address(document, "amend"), {"reason": REASON})


def a_bulk_issue(browser: Client, document: Document, boss: Staff) -> Any:
    return browser.post(list_address(), bulk("bulk_issue", document))


def a_person(browser: Client, document: Document, boss: Staff) -> Any:
    return browser.post(reverse("admin:core_staff_change", args=[boss.uid]), {"username": "otra"})


def a_new_person(browser: Client, document: Document, boss: Staff) -> Any:
    return browser.post(reverse("admin:core_staff_add"), {"username": "nueva", "password1": "canary"})


def somebodys_password(browser: Client, document: Document, boss: Staff) -> Any:
    page = reverse("admin:auth_user_password_change", args=[a_staff_member().uid])
    return browser.post(page, {"password1": "canary", "password2": "canary"})


def a_role(browser: Client, document: Document, boss: Staff) -> Any:
    page = reverse("admin:auth_group_change", args=[Group.objects.create(name="Rol").pk])
    return browser.post(page, {"name": "Otro"})


def an_access(browser: Client, document: Document, boss: Staff) -> Any:
    data = {"staff": boss.pk, "tenant": document.tenant_id}
    return browser.post(reverse("admin:tenants_staffgrant_add"), data)


def the_end_of_an_access(browser: Client, document: Document, boss: Staff) -> Any:
    grant = StaffGrant.objects.create(staff=boss, tenant=document.tenant)
    page = reverse("admin:tenants_staffgrant_delete", args=[grant.uid])
    return browser.post(page, {"post": "yes"})


def accesses_moved(browser: Client, document: Document, boss: Staff) -> Any:
    grant = StaffGrant.objects.create(staff=boss, tenant=document.tenant)
    to = a_staff_member()
    page = reverse("admin:tenants_staffgrant_person", args=[boss.uid])
    return browser.post(page, {"act": "reassign", "grants": [grant.uid], "to": to.uid})


def the_end_of_a_person(browser: Client, document: Document, boss: Staff) -> Any:
    page = reverse("admin:tenants_staffgrant_person", args=[a_staff_member().uid])
    return browser.post(page, {"act": "end", "end-reason": REASON})


def an_invitation(browser: Client, document: Document, boss: Staff) -> Any:
    data = {"username": "nueva", "email": "nueva@cifras.test"}
    return browser.post(reverse("admin:tenants_staffgrant_invite"), data)


def another_invitation(browser: Client, document: Document, boss: Staff) -> Any:
    return browser.post(reverse("admin:core_staff_invite_again", args=[a_staff_member().uid]))


def a_factor_reset(browser: Client, document: Document, boss: Staff) -> Any:
    return browser.post(reverse("admin:core_staff_reset_factor", args=[with_app(a_staff_member()).uid]))


def new_recovery_codes(browser: Client, document: Document, boss: Staff) -> Any:
    return browser.post("/admin/account/recovery-codes/")


def a_certificate(browser: Client, document: Document, boss: Staff) -> Any:
    page = reverse("admin:tenants_tenant_certificate", args=[document.tenant.uid])
    file = SimpleUploadedFile("firma.p12", b"canary-certificate")
    return browser.post(page, {"act": "upload", "certificate": file, "password": "canary"})


def a_month(browser: Client, document: Document, boss: Staff) -> Any:
    page = reverse("reports:closing", args=["2026-01", document.tenant.uid])
    return browser.post(page, {"act": "propose", "reason": REASON})


def an_approval(browser: Client, document: Document, boss: Staff) -> Any:
    proposal = Proposal.objects.create(
        act="document.number_taken",
        tenant_uid=document.tenant.uid,
        target_type="invoicing.document",
        target_uid=document.uid,
        target_label="Factura",
        reason=REASON,
        proposed_by=a_staff_member().uid,
        proposed_by_name="otra persona",
    )
    return browser.post(reverse("admin:core_proposal_approve", args=[proposal.uid]))


DEEDS: list[Deed] = [
    a_secret,
    a_correction,
    a_bulk_issue,
    a_person,
    a_new_person,
    somebodys_password,
    a_role,
    an_access,
    the_end_of_an_access,
    accesses_moved,
    the_end_of_a_person,
    an_invitation,
    another_invitation,
    a_factor_reset,
    new_recovery_codes,
    a_certificate,
    a_month,
    an_approval,
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_it_asks_first_and_writes_no_secret_into_the_page(
    browser: Client, document: Document, boss: Staff, deed: Deed
) -> None:
    trail = AuditEntry.objects.count()
    page = deed(browser, document, boss)
    assert asked_for_code(page)
    assert "canary" not in page.content.decode()
    assert AuditEntry.objects.count() == trail


def test_a_person_is_added_once_the_code_was_typed_and_a_wrong_code_counts(browser: Client) -> None:
    page = reverse("admin:core_staff_add")
    typed = {"username": "nueva", "first_name": "Nueva", "is_staff": "on"}
    secret = {"password1": PASSWORD, "password2": PASSWORD}
    asked = browser.post(page, typed | secret)
    assert asked_for_code(asked)
    refused = again(asked, browser, page, wrong_code(), **secret)
    assert asked_for_code(refused)
    assert SecondFactor.objects.get().failures == 1
    assert again(refused, browser, page, code(), **secret).status_code == 302
    assert Staff.objects.get(username="nueva").check_password(PASSWORD)


def test_secrets_and_files_are_asked_for_once_more_by_their_names(
    browser: Client, document: Document, boss: Staff
) -> None:
    page = a_certificate(browser, document, boss).content.decode()
    boxes = {
        name: kind for kind, name in re.findall(r'<input type="(file|password)"[^>]* name="([^"]+)"', page)
    }
    boxes |= {name: kind for kind, name in re.findall(r'<input type="(file|password)" name="([^"]+)"', page)}
    assert (boxes["certificate"], boxes["password"]) == ("file", "password")
    assert "firma.p12" in page
    page = a_secret(browser, document, boss).content.decode()
    assert 'type="password" name="new_webhook_secret"' in page
    assert "Secreto nuevo del webhook" in page


def test_an_address_that_is_only_opened_leads_to_the_code_and_back(
    browser: Client, boss: Staff, clock: Any
) -> None:
    page = "/admin/second-factor/?next=/admin/account/"
    assert browser.get(page).status_code == 200
    assert browser.post(page, {"code": code()}).headers["Location"] == "/admin/account/"
    assert AuditEntry.objects.get(action="step_up.passed").after == {"with": "app"}


def test_a_wrong_code_counts_where_it_is_asked_for_like_at_the_door(
    browser: Client, document: Document
) -> None:
    for _ in range(factor.CLOSING_FAILURE):
        browser.post(address(document, "void"), {"reason": REASON, CODE_FIELD: wrong_code()})
    page = browser.post(address(document, "void"), {"reason": REASON, CODE_FIELD: code()})
    assert "demasiados códigos" in page.content.decode()


def test_without_the_setting_nothing_is_asked(document: Document, settings: Settings, boss: Staff) -> None:
    settings.CIFRAS_SECOND_FACTOR = False
    browser = Client()
    give_password(browser, boss)
    assert browser.post(address(document, "void"), {"reason": REASON}).status_code == 302
