import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry, Staff
from tenants.models import BillingPoint, Office, StaffGrant, Tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.core.practice_site")]


def make_office(number: int, address: str = "Calle 1") -> Office:
    tenant = Tenant.objects.create(ruc=f"155-2-{number}", legal_name=f"Empresa {number}")
    office = Office.objects.create(tenant=tenant, code=f"000{number}", address=address, telephone="200-0000")
    Office.objects.filter(pk=office.pk).update(coordinates="+9.0,-79.5", location="8-8-7")
    return Office.objects.get(pk=office.pk)


@pytest.fixture
def mine() -> Office:
    return make_office(1)


@pytest.fixture
def foreign() -> Office:
    return make_office(2)


@pytest.fixture
def ana(mine) -> Staff:
    """Somebody who may do everything, for one tenant."""
    person = Staff.objects.create_user("ana", is_staff=True)
    person.user_permissions.set(Permission.objects.all())
    StaffGrant.objects.create(staff=person, tenant=mine.tenant)
    return person


@pytest.fixture
def browser(ana) -> Client:
    client = Client()
    client.force_login(ana)
    return client


def address(office: Office, page: str = "change", *, key: object = None) -> str:
    return reverse(f"admin:tenants_office_{page}", args=[key or office.uid])


def form_of(office: Office, **changes) -> dict:
    names = ("code", "type", "address", "telephone", "coordinates", "location", "email")
    values = {name: getattr(office, name) for name in names} | {
        "tenant": office.tenant_id,
        "registration": "pending",
    }
    inline = {"billing_points-TOTAL_FORMS": 0, "billing_points-INITIAL_FORMS": 0}
    return values | inline | changes


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


PAGES = ["change", "delete", "history", "refresh", "look", "rename", "plain_rename"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_a_person_may_not_see_does_not_exist(browser, foreign, page, method):
    for key in (foreign.uid, foreign.pk):
        assert getattr(browser, method)(address(foreign, page, key=key)).status_code == 404
    assert Office.objects.get(pk=foreign.pk).email == ""


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "key", ["999999", "99999999999999999999", "nonsense", "00000000-0000-0000-0000-000000000000"]
)
def test_what_does_not_exist_does_not_exist(browser, mine, page, key):
    assert browser.get(address(mine, page, key=key)).status_code == 404


def test_the_nameless_address_of_an_object_is_gone(browser, mine, foreign):
    for office in (mine, foreign):
        assert browser.get(f"/admin/tenants/office/{office.uid}/").status_code == 404


def test_a_view_of_ones_own_is_guarded_too(browser, mine, foreign):
    assert browser.get(reverse("admin:own_page", args=[mine.uid])).content == b"own page"
    assert browser.get(reverse("admin:own_page", args=[foreign.uid])).status_code == 404
    assert Client().get(reverse("admin:own_page", args=[mine.uid])).status_code == 302


@pytest.mark.parametrize("page", ["change", "history"])
def test_pages_open_by_uuid_and_by_key(browser, mine, page):
    for key in (mine.uid, mine.pk):
        assert browser.get(address(mine, page, key=key)).status_code == 200


@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_a_missing_right_is_forbidden(browser, ana, mine, page):
    ana.user_permissions.clear()
    assert browser.get(address(mine, page)).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_action_without_its_right_is_forbidden(browser, ana, mine, method):
    ana.user_permissions.remove(Permission.objects.get(codename="change_office"))
    assert getattr(browser, method)(address(mine, "refresh")).status_code == 403


def test_the_list_shows_own_rows_and_links_them_by_uuid(browser, mine, foreign):
    page = browser.get(reverse("admin:tenants_office_changelist")).content.decode()
    assert address(mine) in page
    assert str(foreign.uid) not in page
    assert "Empresa 2" not in page


def test_the_choices_of_a_foreign_key_are_the_persons_own(browser, mine, foreign):
    page = browser.get(address(mine)).content.decode()
    assert "Empresa 1" in page
    assert "Empresa 2" not in page


def test_a_foreign_choice_is_refused_when_posted(browser, mine, foreign):
    response = browser.post(address(mine), form_of(mine, tenant=foreign.tenant_id))
    assert "tenant" in response.context["adminform"].form.errors
    assert Office.objects.get(pk=mine.pk).tenant == mine.tenant


def test_an_address_cannot_preset_a_foreign_choice(browser, mine, foreign):
    add = reverse("admin:tenants_office_add")
    assert browser.get(f"{add}?tenant={mine.tenant_id}").context["adminform"].form.initial["tenant"]
    for value in (foreign.tenant_id, "nonsense"):
        assert "tenant" not in browser.get(f"{add}?tenant={value}").context["adminform"].form.initial


def test_autocomplete_finds_own_rows_only(browser, mine, foreign):
    query = {"app_label": "tenants", "model_name": "staffgrant", "field_name": "tenant", "term": "Empresa"}
    found = browser.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [row["text"] for row in found] == ["Empresa 1"]


def test_a_filter_names_own_rows_only(browser, mine, foreign):
    offices = browser.get(
        reverse("admin:tenants_office_changelist"), {"tenant__id__exact": foreign.tenant_id}
    )
    grants = browser.get(
        reverse("admin:tenants_staffgrant_changelist"), {"tenant__id__exact": foreign.tenant_id}
    )
    for page in (offices, grants):
        assert page.status_code == 200
        assert "Empresa 2" not in page.content.decode()


@pytest.mark.parametrize(
    "lookup",
    [
        "tenant__pac_token__startswith",
        "tenant__ruc__startswith",
        "address__regex",
        "tenant__legal_name",
        "email",
    ],
)
def test_an_address_cannot_probe_columns_that_no_filter_offers(browser, mine, lookup):
    assert browser.get(reverse("admin:tenants_office_changelist"), {lookup: "a"}).status_code == 400


@pytest.mark.parametrize("lookup", ["type__exact", "uid", "uid__in", "id__in"])
def test_the_lists_own_filters_and_identities_are_allowed(browser, mine, lookup):
    response = browser.get(reverse("admin:tenants_office_changelist"), {lookup: "main"})
    assert response.status_code in {200, 302}


def test_no_page_shows_a_secret(browser, mine):
    tenant = mine.tenant
    tenant.pac_token = "canary-secret"
    tenant.save()
    page = browser.get(reverse("admin:tenants_tenant_change", args=[tenant.uid])).content.decode()
    assert "canary-secret" not in page
    assert "••••" in page


def test_a_foreign_row_among_the_chosen_ones_is_left_alone(browser, mine, foreign):
    data = {"action": "close", "index": 0, "_selected_action": [mine.pk, foreign.pk]}
    browser.post(reverse("admin:tenants_office_changelist"), data)
    assert Office.objects.get(pk=mine.pk).email == "closed@cifras.test"
    assert Office.objects.get(pk=foreign.pk).email == ""


@pytest.mark.parametrize("key", ["", "abc", "9" * 60, "\x00"])
def test_a_ticked_row_that_no_page_has_shown_is_a_bad_request(browser, mine, key):
    data = {"action": "close", "index": 0, "_selected_action": [mine.pk, key]}
    assert browser.post(reverse("admin:tenants_office_changelist"), data).status_code == 400
    assert Office.objects.get(pk=mine.pk).email == ""


def test_deleting_in_bulk_is_not_offered(browser, mine):
    assert "delete_selected" not in browser.get(reverse("admin:tenants_office_changelist")).content.decode()
    data = {"action": "delete_selected", "index": 0, "_selected_action": [mine.pk], "post": "yes"}
    browser.post(reverse("admin:tenants_office_changelist"), data)
    assert Office.objects.filter(pk=mine.pk).exists()


@pytest.mark.parametrize("page", ["refresh", "rename", "plain_rename"])
def test_a_get_changes_nothing(browser, mine, page):
    response = browser.get(address(mine, page))
    assert response.status_code == 200
    assert Office.objects.get(pk=mine.pk).email == ""


def test_a_list_action_by_get_changes_nothing_either(browser, mine):
    browser.get(reverse("admin:tenants_office_refresh_all"))
    assert Office.objects.get(pk=mine.pk).email == ""
    assert browser.post(reverse("admin:tenants_office_refresh_all")).status_code == 302
    assert Office.objects.get(pk=mine.pk).email == "all@cifras.test"


def test_an_action_without_dialog_asks_first_and_acts_on_post(browser, mine):
    asked = browser.get(address(mine, "refresh")).content.decode()
    assert "Refrescar" in asked
    assert address(mine) in asked
    response = browser.post(address(mine, "refresh"), {"confirmed": "1"})
    assert response.headers["Location"] == address(mine)
    assert Office.objects.get(pk=mine.pk).email == "fresh@cifras.test"


def test_an_action_that_handles_get_itself_is_not_asked_about(browser, mine):
    assert b"looked at" in browser.get(address(mine, "look")).content


def test_a_refused_action_says_every_reason_where_the_person_came_from():
    office = make_office(3, address="refused")
    client = Client()
    client.force_login(Staff.objects.create_superuser("root"))
    response = client.post(address(office, "refresh"), follow=True)
    assert response.redirect_chain[-1][0] == address(office)
    assert said(response) == ["El teléfono 200-0000 no existe.", "La sucursal está cerrada."]


def test_a_provider_error_is_told_with_its_words_and_the_exchange():
    office = make_office(3, address="lost")
    client = Client()
    client.force_login(Staff.objects.create_superuser("root"))
    response = client.post(address(office, "refresh"), follow=True)
    assert len(said(response)) == 1
    assert "«Gateway <b>time-out</b>»" in said(response)[0]
    assert "exchange-7" in said(response)[0]
    assert "Gateway &lt;b&gt;time-out&lt;/b&gt;" in response.content.decode()


def test_a_refused_bulk_action_says_why_on_the_list():
    office = make_office(3, address="refused")
    client = Client()
    client.force_login(Staff.objects.create_superuser("root"))
    data = {"action": "close", "index": 0, "_selected_action": [office.pk]}
    response = client.post(reverse("admin:tenants_office_changelist"), data, follow=True)
    assert "La sucursal está cerrada." in said(response)


def test_a_refused_own_page_goes_back_to_the_object(browser, mine):
    response = browser.get(reverse("admin:own_page", args=[mine.uid]), {"word": "refused"}, follow=True)
    assert response.redirect_chain[-1][0] == address(mine)
    assert "La sucursal está cerrada." in said(response)


def test_a_refused_form_keeps_what_was_typed_and_saves_nothing(browser, mine):
    response = browser.post(address(mine), form_of(mine, address="refused", telephone="999-9999"))
    form = response.context["adminform"].form
    assert form["telephone"].value() == "999-9999"
    assert form.errors["telephone"] == ["El teléfono 200-0000 no existe."]
    assert said(response) == ["La sucursal está cerrada."]
    assert Office.objects.get(pk=mine.pk).address == "Calle 1"


def test_a_refused_new_object_is_not_created(browser, mine):
    count = Office.objects.count()
    response = browser.post(
        reverse("admin:tenants_office_add"), form_of(mine, code="0009", type="associated", address="refused")
    )
    assert response.status_code == 200
    assert "La sucursal está cerrada." in said(response)
    assert Office.objects.count() == count


def test_a_provider_error_on_a_form_keeps_what_was_typed_too(browser, mine):
    response = browser.post(address(mine), form_of(mine, address="lost"))
    assert response.context["adminform"].form["address"].value() == "lost"
    assert "exchange-7" in said(response)[0]


def test_a_refused_deletion_says_why():
    office = make_office(3, address="refused")
    client = Client()
    client.force_login(Staff.objects.create_superuser("root"))
    response = client.post(address(office, "delete"), {"post": "yes"}, follow=True)
    assert "La sucursal está cerrada." in said(response)
    assert Office.objects.filter(pk=office.pk).exists()


def test_a_refused_dialog_shows_why_inside_and_keeps_what_was_typed(browser, mine):
    data = {"reason": "refused", "_form_submitted": "True"}
    page = browser.post(address(mine, "rename"), data, headers={"HX-Request": "true"}).content.decode()
    assert re.search(r'role="alert">\s*La sucursal está cerrada.', page)
    assert re.search(r'value="refused"', page)


def test_a_dialog_that_was_carried_out_sends_the_page_back_to_the_object(browser, mine):
    data = {"reason": "porque sí", "_form_submitted": "True"}
    response = browser.post(address(mine, "rename"), data, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == address(mine)
    assert Office.objects.get(pk=mine.pk).email == "renamed@cifras.test"


def test_a_plain_dialog_tells_its_refusal_on_the_page():
    office = make_office(3, address="refused")
    client = Client()
    client.force_login(Staff.objects.create_superuser("root"))
    data = {"_form_submitted": "True"}
    response = client.post(address(office, "plain_rename"), data, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == address(office)
    assert "La sucursal está cerrada." in said(client.get(address(office)))


def test_a_change_by_hand_is_audited_in_the_tenants_chain(browser, ana, mine):
    browser.post(address(mine), form_of(mine, address="Calle 2"))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.chain, entry.actor_uid) == (
        "tenants.office.changed",
        mine.tenant.uid,
        ana.uid,
    )
    assert (entry.before, entry.after["address"]) == ({"address": "Calle 1"}, "Calle 2")
    assert (entry.object_uid, entry.ip) == (mine.uid, "127.0.0.1")


def test_an_addition_by_hand_is_audited_with_its_rows(browser, mine):
    data = form_of(mine, code="0009", type="associated") | {
        "billing_points-TOTAL_FORMS": 1,
        "billing_points-0-code": "007",
        "billing_points-0-first_number": 1,
    }
    response = browser.post(reverse("admin:tenants_office_add"), data)
    assert response.status_code == 302
    entry = AuditEntry.objects.get(action="tenants.office.added")
    assert entry.before is None
    assert entry.after["code"] == "0009"
    assert entry.after["tenants.billingpoint"] == {"added": ["007"]}


def test_a_deletion_by_hand_is_audited(browser, mine):
    browser.post(address(mine, "delete"), {"post": "yes"})
    assert AuditEntry.objects.get().action == "tenants.office.deleted"


def test_a_refused_change_leaves_no_audit_row(browser, mine):
    browser.post(address(mine), form_of(mine, address="refused"))
    assert not AuditEntry.objects.exists()


def test_a_read_only_page_can_be_looked_at_and_nothing_else():
    office = make_office(4)
    point = BillingPoint.objects.create(office=office, code="001")
    client = Client()
    client.force_login(Staff.objects.create_superuser("root"))
    change = reverse("admin:tenants_billingpoint_change", args=[point.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"code": "009"}).status_code == 403
    assert client.get(reverse("admin:tenants_billingpoint_add")).status_code == 403
    assert client.get(reverse("admin:tenants_billingpoint_delete", args=[point.pk])).status_code == 403
