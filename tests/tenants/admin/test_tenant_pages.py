"""The pages about tenants: what may be changed, what is only shown, and what each act leaves behind."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core.models import AuditEntry
from cifras.sandbox.server import SandboxServer
from invoicing.models import NumberSeries
from tenants.models import BillingPoint, Certificate, Office, StaffGrant, TaxIdCheck, Tenant
from tests.factories import a_staff_member, a_tenant, an_administrator

pytestmark = pytest.mark.django_db

REASON = "El cliente pidió detener la facturación"
MANAGING = tuple(f"tenants.{verb}_staffgrant" for verb in ("view", "add", "delete"))


def a_company(**changes: Any) -> Tenant:
    """A tenant as a row only, with its main office."""
    values = {
        "ruc": "155596713-2-2015",
        "dv": "59",
        "legal_name": "Comercial Istmeña, S.A.",
        "trade_name": "Istmeña",
        "state": Tenant.State.ACTIVE,
        "pac_company_id": "company-1",
        **changes,
    }
    return Tenant.objects.create(**values)


def an_office(tenant: Tenant, **changes: Any) -> Office:
    values = {
        "code": "0001",
        "address": "Vía España, edificio 12",
        "telephone": "200-0000",
        "coordinates": "+9.0017832,-79.5275519",
        "location": "8-8-7",
        **changes,
    }
    office = Office.objects.create(tenant=tenant, **values)
    BillingPoint.objects.create(office=office, code="001")
    return office


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def browser() -> Client:
    return signed_in(an_administrator())


def page(row: Any, name: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.uid])


def fields_of(browser: Client, at: str, **changes: Any) -> dict[str, Any]:
    """What the form would post as it stands, with `changes`."""
    response = browser.get(at)
    formsets = [each.formset for each in response.context["inline_admin_formsets"]]
    forms = [response.context["adminform"].form, *(form for set_ in formsets for form in set_.forms)]
    data: dict[str, Any] = {}
    for form in forms + [set_.management_form for set_ in formsets]:
        data |= {form.add_prefix(name): form[name].value() for name in form.fields}
    return {name: value for name, value in (data | changes).items() if value is not None}


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def dialog(browser: Client, address: str, **values: Any) -> Any:
    return browser.post(address, {"_form_submitted": "True", **values}, headers={"HX-Request": "true"})


def test_the_list_says_what_is_missing_and_until_when_the_certificate_lasts(browser: Client) -> None:
    tenant = a_company(state=Tenant.State.ONBOARDING, pac_company_id=None, affiliated="PENDING")
    Certificate.objects.create(
        tenant=tenant,
        subject="CN=Ana",
        fingerprint="0" * 64,
        not_before=timezone.now(),
        not_after=timezone.now() + timedelta(days=5, hours=1),
    )
    text = browser.get(reverse("admin:tenants_tenant_changelist")).content.decode()
    for words in (
        "«PENDING»",
        "Por habilitar",
        "Pruebas",
        "quedan 5 días",
        "pendientes",
        "155596713-2-2015 DV 59",
    ):
        assert words in text


def test_the_page_tells_every_pending_step_with_what_to_do(browser: Client) -> None:
    tenant = a_company(state=Tenant.State.ONBOARDING, pac_company_id=None)
    text = browser.get(page(tenant)).content.decode()
    for words in ("Lo que falta", "Falta el certificado de firma", "Falta al menos una sucursal"):
        assert words in text


def test_the_page_leads_to_the_tenants_own_rows(browser: Client) -> None:
    tenant = a_company()
    ways = [address for _title, _icon, address in browser.get(page(tenant)).context["ways"]]
    assert len(ways) == 7
    for address in ways:
        response = browser.get(address)
        assert response.status_code == 200, address
        assert "e=1" not in address


def test_who_the_company_is_cannot_be_changed_by_a_forged_form(browser: Client) -> None:
    tenant = a_company()
    forged = {
        "ruc": "1-1-1",
        "legal_name": "Otra",
        "pac_provider": "tandia",
        "environment": "live",
        "pac_company_id": "other",
        "state": "closed",
        "pac_base_url": "https://evil.test/",
        "may_issue_live": "on",
    }
    browser.post(page(tenant), fields_of(browser, page(tenant), **forged))
    fresh = Tenant.objects.get(pk=tenant.pk)
    assert [getattr(fresh, name) for name in forged] == [getattr(tenant, name) for name in forged]


def test_what_may_change_changes_and_is_audited(browser: Client) -> None:
    tenant = a_company()
    data = fields_of(browser, page(tenant), trade_name="Nueva Istmeña", grace_days="15")
    assert browser.post(page(tenant), data).status_code == 302
    tenant.refresh_from_db()
    assert (tenant.trade_name, tenant.grace_days) == ("Nueva Istmeña", 15)
    entry = AuditEntry.objects.get(action="tenants.tenant.changed")
    assert entry.chain == tenant.uid
    assert entry.after["trade_name"] == "Nueva Istmeña"


def test_saving_the_form_does_not_undo_what_happened_meanwhile(browser: Client) -> None:
    tenant = a_company()
    data = fields_of(browser, page(tenant), trade_name="Otra")
    Tenant.objects.filter(pk=tenant.pk).update(state="suspended", affiliated="SUBSCRIBED")
    browser.post(page(tenant), data)
    tenant.refresh_from_db()
    assert (tenant.trade_name, tenant.state, tenant.affiliated) == ("Otra", "suspended", "SUBSCRIBED")


def test_a_secret_is_set_by_filling_it_in_and_shown_nowhere(browser: Client) -> None:
    tenant = a_company()
    data = fields_of(browser, page(tenant), new_pac_token="canary-token", new_webhook_secret="canary-hook")
    response = browser.post(page(tenant), data, follow=True)
    fresh = Tenant.objects.get(pk=tenant.pk)
    assert (fresh.pac_token.reveal(), fresh.webhook_secret.reveal()) == ("canary-token", "canary-hook")
    shown = [response.content.decode(), browser.get(page(tenant)).content.decode()]
    assert not any("canary" in text for text in shown)
    assert "••••" in shown[1]
    trail = [(entry.before, entry.after, entry.reason) for entry in AuditEntry.objects.all()]
    assert "canary" not in repr(trail)
    assert {"field": "pac_token"} in [after for _before, after, _reason in trail]


def test_an_empty_secret_leaves_the_old_one(browser: Client) -> None:
    tenant = a_company(webhook_secret="kept")
    browser.post(page(tenant), fields_of(browser, page(tenant), trade_name="Otra"))
    assert Tenant.objects.get(pk=tenant.pk).webhook_secret.reveal() == "kept"


def test_secrets_are_for_those_who_may_onboard() -> None:
    tenant = a_company()
    permissions = ("tenants.view_tenant", "tenants.change_tenant")
    browser = signed_in(a_staff_member(tenant, permissions=permissions))
    assert "new_pac_token" not in browser.get(page(tenant)).content.decode()
    browser.post(page(tenant), fields_of(browser, page(tenant), new_pac_token="mine"))
    assert not Tenant.objects.get(pk=tenant.pk).pac_token


def test_a_suspension_asks_for_a_reason_and_is_audited(browser: Client) -> None:
    tenant = a_company()
    refused = dialog(browser, page(tenant, "suspend"), reason="muy corto")
    assert "9 caracteres" in refused.content.decode()
    tenant.refresh_from_db()
    assert tenant.state == Tenant.State.ACTIVE

    assert dialog(browser, page(tenant, "suspend"), reason=REASON).headers["HX-Redirect"] == page(tenant)
    tenant.refresh_from_db()
    assert tenant.state == Tenant.State.SUSPENDED
    assert AuditEntry.objects.get(action="tenant.suspended").reason == REASON


def test_a_suspended_tenant_is_reactivated(browser: Client) -> None:
    tenant = a_company(state=Tenant.State.SUSPENDED)
    dialog(browser, page(tenant, "reactivate"), reason=REASON)
    tenant.refresh_from_db()
    assert tenant.state == Tenant.State.ACTIVE


def test_suspending_twice_tells_why_not_inside_the_dialog(browser: Client) -> None:
    tenant = a_company(state=Tenant.State.SUSPENDED)
    answer = dialog(browser, page(tenant, "suspend"), reason=REASON).content.decode()
    assert "Suspendida" in answer
    assert REASON in answer


def test_suspending_needs_its_own_right() -> None:
    tenant = a_company()
    browser = signed_in(a_staff_member(tenant, permissions=("tenants.view_tenant", "tenants.change_tenant")))
    assert "Suspender" not in browser.get(page(tenant)).content.decode()
    assert browser.post(page(tenant, "suspend"), {"reason": REASON}).status_code == 403


def test_only_the_act_that_makes_sense_is_offered(browser: Client) -> None:
    for state, offered, absent in (
        ("active", "suspend", "reactivate"),
        ("suspended", "reactivate", "suspend"),
    ):
        tenant = a_company(state=state, ruc=f"1555967{len(state)}-2-2015", pac_company_id=state)
        text = browser.get(page(tenant)).content.decode()
        assert page(tenant, offered) in text
        assert page(tenant, absent) not in text


def test_the_affiliation_is_asked_for_on_post_and_its_word_is_told(
    browser: Client, pac: SandboxServer
) -> None:
    tenant = a_tenant()
    Tenant.objects.filter(pk=tenant.pk).update(affiliated="", may_issue_live=False)
    browser.get(page(tenant, "refresh_affiliation"))
    assert Tenant.objects.get(pk=tenant.pk).affiliated == ""
    response = browser.post(page(tenant, "refresh_affiliation"), follow=True)
    fresh = Tenant.objects.get(pk=tenant.pk)
    assert f"«{fresh.affiliated}»" in said(response)
    assert "sin validez legal" in said(response), "of a practice company nothing else is promised"
    assert fresh.may_issue_live


def test_a_company_without_a_name_yet_is_opened_by_its_ruc(browser: Client) -> None:
    tenant = a_company(legal_name="", trade_name="", state=Tenant.State.ONBOARDING)
    shown = browser.get(reverse("admin:tenants_tenant_changelist")).content.decode()
    link = shown.split(f'href="{page(tenant)}')[1].split("</a>")[0]
    assert link.endswith(f">{tenant.ruc}"), "a link without words cannot be followed"


def test_the_menu_marks_one_place(browser: Client) -> None:
    marked = {}
    for name in ("changelist", "onboard"):
        groups = browser.get(reverse(f"admin:tenants_tenant_{name}")).context["sidebar_navigation"]
        marked[name] = [str(item["title"]) for group in groups for item in group["items"] if item["active"]]
    assert marked == {"changelist": ["Empresas"], "onboard": ["Habilitar empresas"]}


def test_a_new_company_begins_its_onboarding_and_its_dv_is_computed(browser: Client) -> None:
    data = {
        "pac_provider": "alanube",
        "country": "PA",
        "environment": "sandbox",
        "ruc_type": "JURIDICO",
        "ruc": "155596713-2-2015",
        "dv": "",
    }
    response = browser.post(reverse("admin:tenants_tenant_add"), data)
    tenant = Tenant.objects.get()
    assert f"/onboard/{tenant.onboarding.uid}/" in response.headers["Location"]
    assert (tenant.dv, tenant.state, tenant.onboarding.version >= 0) == ("59", Tenant.State.ONBOARDING, True)
    assert AuditEntry.objects.filter(action="onboarding.started", chain=tenant.uid).count() == 1

    again = browser.post(reverse("admin:tenants_tenant_add"), data)
    assert "Ya hay una empresa con ese RUC" in again.content.decode()
    wrong = browser.post(reverse("admin:tenants_tenant_add"), data | {"environment": "live", "dv": "58"})
    assert "dv" in wrong.context["form"].errors
    assert Tenant.objects.count() == 1


def test_whoever_takes_a_company_in_may_see_it() -> None:
    permissions = ("tenants.view_tenant", "tenants.add_tenant", "tenants.onboard_tenant")
    person = a_staff_member(permissions=permissions)
    data = {
        "pac_provider": "alanube",
        "country": "PA",
        "environment": "sandbox",
        "ruc_type": "NATURAL",
        "ruc": "8-274-125",
    }
    response = signed_in(person).post(reverse("admin:tenants_tenant_add"), data, follow=True)
    assert response.status_code == 200
    assert StaffGrant.objects.get(staff=person).tenant.ruc == "8-274-125"


def test_an_office_that_the_provider_has_is_only_read(browser: Client) -> None:
    office = an_office(a_company(), pac_office_id="office-1", registration="done")
    browser.post(page(office), fields_of(browser, page(office), address="Otra calle 5", code="0009"))
    fresh = Office.objects.get(pk=office.pk)
    assert (fresh.address, fresh.code) == ("Vía España, edificio 12", "0001")


def test_an_office_whose_registration_is_in_doubt_is_only_read(browser: Client) -> None:
    office = an_office(a_company(), registration="unknown")
    browser.post(page(office), fields_of(browser, page(office), address="Otra calle 5"))
    assert Office.objects.get(pk=office.pk).address == "Vía España, edificio 12"


def test_an_office_that_was_never_sent_is_changed_under_the_onboardings_rules(browser: Client) -> None:
    office = an_office(a_company())
    wrong = fields_of(browser, page(office), telephone="12", coordinates="+19.0,-79.0", location="0-0")
    form = browser.post(page(office), wrong).context["adminform"].form
    assert {"telephone", "coordinates", "location"} <= form.errors.keys()
    assert browser.post(page(office), fields_of(browser, page(office), address="Calle 50")).status_code == 302
    assert Office.objects.get(pk=office.pk).address == "Calle 50"


def test_a_code_or_a_main_office_is_not_taken_twice(browser: Client) -> None:
    tenant = a_company()
    an_office(tenant)
    other = an_office(tenant, code="0002", type="associated")
    data = fields_of(browser, page(other), code="0001", type="main")
    errors = browser.post(page(other), data).context["adminform"].form.errors
    assert {"code", "type"} <= errors.keys()


def test_a_billing_point_that_gave_numbers_is_locked(browser: Client) -> None:
    office = an_office(a_company(), pac_office_id="office-1", registration="done")
    free = BillingPoint.objects.create(office=office, code="002")
    NumberSeries.objects.create(office=office, billing_point="001", series="01", next_number=7)
    data = fields_of(browser, page(office))
    data |= {"billing_points-0-first_number": 900, "billing_points-1-first_number": 500}
    assert browser.post(page(office), data).status_code == 302
    assert BillingPoint.objects.get(office=office, code="001").first_number == 1
    free.refresh_from_db()
    assert free.first_number == 500


def test_a_grant_names_who_gave_it_and_is_audited() -> None:
    tenant, friend = a_company(), a_staff_member()
    giver = a_staff_member(tenant, permissions=MANAGING)
    data = {"staff": friend.pk, "tenant": tenant.pk}
    assert signed_in(giver).post(reverse("admin:tenants_staffgrant_add"), data).status_code == 302
    grant = StaffGrant.objects.get(staff=friend)
    assert (grant.tenant, grant.granted_by) == (tenant, giver)
    assert AuditEntry.objects.get(action="tenants.staffgrant.added").chain == tenant.uid


def test_nobody_gives_a_sight_that_they_do_not_have() -> None:
    mine, foreign = a_company(), a_company(ruc="8-1-1", pac_company_id="company-2")
    giver, friend = a_staff_member(mine, permissions=MANAGING), a_staff_member()
    browser, add = signed_in(giver), reverse("admin:tenants_staffgrant_add")
    for tenant in ("", foreign.pk):
        response = browser.post(add, {"staff": friend.pk, "tenant": tenant})
        assert "tenant" in response.context["adminform"].form.errors
    assert not StaffGrant.objects.filter(staff=friend).exists()


def test_who_sees_everything_may_give_everything_once() -> None:
    friend, browser = a_staff_member(), signed_in(an_administrator())
    add = reverse("admin:tenants_staffgrant_add")
    assert browser.post(add, {"staff": friend.pk, "tenant": ""}).status_code == 302
    assert StaffGrant.objects.get(staff=friend).tenant is None
    again = browser.post(add, {"staff": friend.pk, "tenant": ""})
    assert "ya tiene ese acceso" in again.content.decode()


def test_a_grant_is_taken_away_and_the_rows_are_gone_at_once() -> None:
    tenant = a_company()
    friend = a_staff_member(tenant, permissions=("tenants.view_tenant",))
    browser = signed_in(friend)
    assert browser.get(page(tenant)).status_code == 200
    grant = StaffGrant.objects.get(staff=friend)
    assert signed_in(an_administrator()).post(page(grant, "delete"), {"post": "yes"}).status_code == 302
    assert browser.get(page(tenant)).status_code == 404
    assert AuditEntry.objects.filter(action="tenants.staffgrant.deleted").exists()


def test_who_may_see_the_company_is_shown_to_those_who_may_know() -> None:
    tenant = a_company()
    a_staff_member(tenant, first_name="Visitante")
    knows = a_staff_member(tenant, permissions=("tenants.view_tenant", "tenants.view_staffgrant"))
    does_not = a_staff_member(tenant, permissions=("tenants.view_tenant",))
    assert "Visitante" in signed_in(knows).get(page(tenant)).content.decode()
    assert "Visitante" not in signed_in(does_not).get(page(tenant)).content.decode()


def test_certificates_that_expire_soon_are_listed(browser: Client) -> None:
    tenant, now = a_company(), timezone.now()
    for days in (10, 100):
        Certificate.objects.create(
            tenant=tenant,
            subject=f"CN=De {days} días",
            fingerprint=f"{days:064}",
            not_before=now,
            not_after=now + timedelta(days=days),
        )
    text = browser.get(reverse("admin:tenants_certificate_changelist"), {"expiring": "60"}).content.decode()
    assert "De 10 días" in text
    assert "De 100 días" not in text


def test_tax_id_checks_are_read_by_those_with_the_right_whatever_tenants_they_see() -> None:
    TaxIdCheck.objects.create(
        country="PA", environment="sandbox", ruc="8-274-125", contributor="NATURAL", checked_at=timezone.now()
    )
    address = reverse("admin:tenants_taxidcheck_changelist")
    allowed = signed_in(a_staff_member(permissions=("tenants.view_taxidcheck",)))
    assert "8-274-125" in allowed.get(address).content.decode()
    assert signed_in(a_staff_member()).get(address).status_code == 403
