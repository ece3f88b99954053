"""The pages of a company's life: each is right, form, one act, and a GET changes nothing."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core.models import AuditEntry, Staff
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document
from invoicing.services import create_invoice
from tenants.models import BillingPoint, Certificate, Office, Onboarding, StaffGrant, Tenant
from tenants.services import advance, pending_steps
from tenants.services.pending_rows import lacks_something
from tests import certificates
from tests.document_pages import queries_of, said, text_of
from tests.factories import a_staff_member, a_tenant, an_administrator, invoice_json
from tests.onboarding import begun

pytestmark = pytest.mark.django_db

REASON = "El cliente pidió detener la facturación"
LIST = "admin:tenants_tenant_changelist"


def page(row: Any, name: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.uid])


def person_page(person: Staff) -> str:
    return reverse("admin:tenants_staffgrant_person", args=[person.uid])


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def browser() -> Client:
    return signed_in(an_administrator(username="ana"))


def a_row(**changes: Any) -> Tenant:
    values = {"ruc": "155596713-2-2015", "dv": "59", "legal_name": "Comercial Istmeña, S.A.", **changes}
    return Tenant.objects.create(**values)


def a_complete_row(serial: int = 0, **changes: Any) -> Tenant:
    """A row that lacks nothing."""
    tenant = a_row(
        ruc=f"{155596713 + serial}-2-2015",
        state="active",
        pac_company_id=f"company-{serial}",
        may_issue_live=True,
        affiliated="SUBSCRIBED",
        **changes,
    )
    office = Office.objects.create(tenant=tenant, code="0001", pac_office_id="office", registration="done")
    BillingPoint.objects.create(office=office, code="001")
    return tenant


def a_certificate(tenant: Tenant, days: float, **changes: Any) -> Certificate:
    now = timezone.now()
    return Certificate.objects.create(
        tenant=tenant,
        subject="CN=Ana",
        fingerprint=f"{days}",
        not_before=now - timedelta(days=900),
        not_after=now + timedelta(days=days),
        **changes,
    )


def shortfalls() -> Iterator[Tenant]:
    """Companies that lack one thing each, the first of them nothing."""
    yield a_complete_row(0)
    serial = iter(range(1, 99))
    for changes in (
        {"state": "onboarding"},
        {"state": "suspended", "affiliation_lapsed_at": timezone.now()},
        {"legal_name": ""},
    ):
        tenant = a_complete_row(next(serial))
        Tenant.objects.filter(pk=tenant.pk).update(**changes)
        yield tenant
    for tenant_changes in ({"may_issue_live": False}, {"pac_company_id": None}):
        tenant = a_complete_row(next(serial))
        Tenant.objects.filter(pk=tenant.pk).update(**tenant_changes)
        yield tenant
    for office_changes in (
        {"closed_at": timezone.now()},
        {"registration": "unknown"},
        {"pac_office_id": "", "registration": "pending"},
    ):
        tenant = a_complete_row(next(serial))
        tenant.offices.update(**office_changes)
        yield tenant
    without_point = a_complete_row(next(serial))
    BillingPoint.objects.filter(office__tenant=without_point).delete()
    yield without_point
    for days, replaced in ((-1, None), (-1, timezone.now()), (1, None)):
        tenant = a_complete_row(next(serial))
        a_certificate(tenant, days, replaced_at=replaced)
        yield tenant
    in_doubt = a_complete_row(next(serial))
    Onboarding.objects.create(tenant=in_doubt, certificate_unknown=True)
    yield in_doubt
    bare = a_row(ruc="8-274-125", ruc_type="NATURAL")
    yield bare


def test_the_list_filters_what_the_badge_counts(browser: Client) -> None:
    rows = [Tenant.objects.get(pk=tenant.pk) for tenant in shortfalls()]
    lacking = {tenant.pk for tenant in rows if pending_steps(tenant)}
    assert 3 < len(lacking) < len(rows)
    found = set(Tenant.objects.filter(lacks_something(timezone.now())).values_list("pk", flat=True))
    assert found == lacking
    for value, expected in (("yes", lacking), ("no", {tenant.pk for tenant in rows} - lacking)):
        shown = browser.get(reverse(LIST), {"pending": value}).context["cl"].queryset
        assert {tenant.pk for tenant in shown} == expected


def test_the_list_filters_by_the_certificate_radar(browser: Client) -> None:
    for serial, days in enumerate((-1, 0.5, 6, 25, 50, 400)):
        a_certificate(a_complete_row(serial), days)
    counts = {
        value: browser.get(reverse(LIST), {"radar": value}).context["cl"].queryset.count()
        for value in ("expired", "1", "7", "30", "60", "nonsense", "")
    }
    assert counts == {"expired": 1, "1": 2, "7": 3, "30": 4, "60": 5, "nonsense": 6, "": 6}
    text = text_of(browser.get(reverse(LIST)))
    for words in ("Vencido", "queda menos de un día", "quedan 5 días", "Vigente"):
        assert words in text


@pytest.mark.parametrize("query", ["", "?pending=yes", "?pending=no&radar=60"])
def test_the_list_asks_little(browser: Client, query: str) -> None:
    list(shortfalls())
    browser.get(reverse(LIST))
    assert queries_of(browser, reverse(LIST) + query) <= 6


def test_every_page_says_what_it_will_do_and_a_get_does_nothing(browser: Client, pac: SandboxServer) -> None:
    tenant = a_tenant()
    before = Tenant.objects.values().get()
    asked = len(pac.journal.requests())
    for name, words in (
        ("certificate", "El anterior sigue en uso hasta que el PAC acepte el nuevo."),
        ("tax_id", "Sin preguntar todavía."),
        ("promote", "Quedará pendiente en producción"),
        ("close", "Nunca más se emite nada con ella"),
        ("summary", "Sin claves ni secretos."),
        ("who", "Ver no es hacer"),
    ):
        response = browser.get(page(tenant, name))
        assert words in text_of(response), name
        assert page(tenant, name) in browser.get(page(tenant)).content.decode()
    assert not AuditEntry.objects.exists()
    assert browser.get(page(tenant, "summary_file")).status_code == 404
    assert (Tenant.objects.values().get(), Tenant.objects.count()) == (before, 1)
    assert len(pac.journal.requests()) == asked
    assert [entry.action for entry in AuditEntry.objects.all()] == ["access.not_found"]


@pytest.mark.parametrize(
    ("name", "rights"),
    [
        ("certificate", ("tenants.onboard_tenant",)),
        ("tax_id", ("tenants.onboard_tenant",)),
        ("promote", ("tenants.onboard_tenant",)),
        ("close", ("tenants.close_tenant",)),
        ("who", ("tenants.view_staffgrant",)),
        ("summary_file", ("tenants.view_staffgrant",)),
    ],
)
def test_each_page_has_its_own_right(name: str, rights: tuple[str, ...]) -> None:
    tenant = a_complete_row()
    looks = signed_in(a_staff_member(tenant, permissions=("tenants.view_tenant",)))
    able = signed_in(a_staff_member(tenant, permissions=("tenants.view_tenant", *rights)))
    stranger = signed_in(a_staff_member(permissions=("tenants.view_tenant", *rights)))
    data = {"format": "json"}
    assert page(tenant, name) not in looks.get(page(tenant)).content.decode()
    assert looks.post(page(tenant, name), data).status_code == 403
    assert able.post(page(tenant, name), data).status_code in {200, 302}
    assert stranger.post(page(tenant, name), data).status_code == 404


def test_the_ruc_is_asked_about_on_post_and_both_answers_stand_side_by_side(
    browser: Client, pac: SandboxServer
) -> None:
    tenant = a_tenant()
    text = text_of(browser.post(page(tenant, "tax_id")))
    assert text.count(f"DV {tenant.dv}") == 2
    assert "CONTRIBUYENTE" in text
    assert "El DV registrado es el que dice el PAC." in text
    Tenant.objects.update(dv="00")
    assert "El DV registrado no es el que dice el PAC" in text_of(browser.post(page(tenant, "tax_id")))
    pac.faults.add("500_before", "check_digit", times=5)
    assert browser.post(page(tenant, "tax_id")).status_code == 200


def test_a_promotion_leads_to_the_twins_certificate(browser: Client, pac: SandboxServer) -> None:
    onboarding = begun()
    advance(onboarding, actor=None)
    response = browser.post(page(onboarding.tenant, "promote"), follow=True)
    twin = Tenant.objects.get(environment="live")
    assert str(twin.onboarding.uid) in response.redirect_chain[-1][0]
    again = browser.get(page(onboarding.tenant, "promote"))
    assert "Ya existe en producción" in text_of(again)
    assert page(twin) in again.content.decode()
    refused = browser.post(page(twin, "promote"))
    assert "ya es de producción" in text_of(refused)


def test_closing_shows_what_is_in_the_way_and_then_closes(browser: Client, pac: SandboxServer) -> None:
    tenant, successor = a_tenant(), a_tenant()
    create_invoice(invoice_json(tenant), actor=None)
    blocked = browser.get(page(tenant, "close"))
    assert "1 documentos en cola" in text_of(blocked)
    assert 'id="act-form"' not in blocked.content.decode()
    data = {"reason": REASON, "successor": successor.ruc}
    assert "1 documentos en cola" in text_of(browser.post(page(tenant, "close"), data))
    Document.objects.all().update(submission="DISCARDED")

    short = browser.post(page(tenant, "close"), {"reason": "no"})
    assert "15 caracteres" in text_of(short)
    assert browser.post(page(tenant, "close"), data).headers["Location"] == page(tenant)
    tenant.refresh_from_db()
    assert (tenant.state, tenant.successor) == (Tenant.State.CLOSED, successor)
    shown = browser.get(page(tenant)).content.decode()
    assert page(tenant, "certificate") not in shown
    assert page(tenant, "summary") in shown


def test_a_successor_out_of_sight_cannot_be_named(pac: SandboxServer) -> None:
    tenant, hidden = a_complete_row(1), a_complete_row(2)
    person = a_staff_member(tenant, permissions=("tenants.view_tenant", "tenants.close_tenant"))
    response = signed_in(person).post(page(tenant, "close"), {"reason": REASON, "successor": hidden.ruc})
    assert "successor" in response.context["form"].errors
    assert Tenant.objects.filter(state="closed").count() == 0


def test_an_office_is_closed_and_reopened_with_a_reason(browser: Client) -> None:
    office = Office.objects.get(tenant=a_complete_row())
    for deed, other in (("close", "reopen"), ("reopen", "close")):
        shown = browser.get(page(office)).content.decode()
        assert (page(office, deed) in shown, page(office, other) in shown) == (True, False)
        data = {"_form_submitted": "True", "reason": REASON}
        browser.post(page(office, deed), data, headers={"HX-Request": "true"})
        office.refresh_from_db()
        assert (office.closed_at is not None) == (deed == "close")
    looks = signed_in(a_staff_member(office.tenant, permissions=("tenants.view_office",)))
    assert looks.post(page(office, "close"), {"reason": REASON}).status_code == 403


def uploaded(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("firma.p12", content)


@pytest.fixture
def issuing(pac: SandboxServer) -> Tenant:
    onboarding = begun()
    advance(onboarding, actor=None)
    return onboarding.tenant


def test_a_certificate_is_changed_on_its_page(browser: Client, issuing: Tenant) -> None:
    at, data = page(issuing, "certificate"), {"act": "upload", "password": certificates.PASSWORD}
    wrong = browser.post(
        at, data | {"password": "mala", "certificate": uploaded(certificates.a_p12(issuing.ruc))}
    )
    assert "no abre el certificado" in text_of(wrong)
    assert "mala" not in wrong.content.decode()
    large = browser.post(at, data | {"certificate": uploaded(b"x" * 70_000)})
    assert "pasa de 64 KiB" in text_of(large)

    response = browser.post(
        at, data | {"certificate": uploaded(certificates.a_p12(issuing.ruc))}, follow=True
    )
    assert "El PAC tiene el certificado nuevo" in said(response)[0]
    assert AuditEntry.objects.get(action="certificate.replaced").actor_name == "ana"


def test_a_lost_answer_stays_on_the_page_with_its_way_out(
    browser: Client, pac: SandboxServer, issuing: Tenant
) -> None:
    pac.faults.add("drop_after_commit", "update_company")
    at = page(issuing, "certificate")
    data = {
        "act": "upload",
        "password": certificates.PASSWORD,
        "certificate": uploaded(certificates.a_p12(issuing.ruc)),
    }
    text = text_of(browser.post(at, data))
    assert "No se sabe si el PAC ya tiene el certificado" in text
    assert "Enviar otra vez" in text
    assert "Borrar y dejar" not in text
    assert at in browser.get(page(issuing)).content.decode()
    assert "envíelo otra vez" in " ".join(said(browser.post(at, {"act": "abandon"})))
    browser.post(at, {"act": "send"})
    assert pending_steps(Tenant.objects.get()) == []


def test_a_holder_is_confirmed_before_it_leaves(browser: Client, pac: SandboxServer, issuing: Tenant) -> None:
    at = page(issuing, "certificate")
    data = {
        "act": "upload",
        "password": certificates.PASSWORD,
        "certificate": uploaded(certificates.of_person()),
    }
    text = text_of(browser.post(at, data))
    assert "8-274-125" in text
    assert "Confirmar al titular y enviar" in text
    assert pac.journal.requests("update_company") == []
    browser.post(at, {"act": "abandon"})
    assert "en espera" not in text_of(browser.get(at))


def test_the_summary_leaves_as_a_file_without_secrets_and_is_audited(browser: Client) -> None:
    tenant = a_complete_row(pac_token="canary-token", webhook_secret="canary-hook", trade_name="=cmd()")
    a_certificate(tenant, 10)
    a_staff_member(tenant, username="luis")
    as_json = browser.post(page(tenant, "summary_file"), {"format": "json"})
    summary = json.loads(as_json.content)
    assert summary["tenant"]["ruc"] == tenant.ruc
    assert summary["offices"][0]["billing_points"] == [{"code": "001", "first_number": 1}]
    assert summary["account"]["has_own_token"] is True
    assert [each["username"] for each in summary["seen_by"]] == ["ana", "luis"]
    as_csv = browser.post(page(tenant, "summary_file"), {"format": "csv"})
    rows = dict(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    assert rows["tenant.trade_name"] == "'=cmd()"
    assert rows["offices[0].code"] == "0001"
    printed = browser.get(page(tenant, "summary"))
    for response in (as_json, as_csv, printed):
        assert "canary" not in response.content.decode()
    for response in (as_json, as_csv):
        assert response.headers["Content-Disposition"].startswith("attachment")
    formats = AuditEntry.objects.filter(action="tenant.exported").order_by("sequence")
    assert [entry.after["format"] for entry in formats] == ["json", "csv"]
    assert browser.post(page(tenant, "summary_file"), {"format": "exe"}).status_code == 404


def test_who_may_see_the_company_and_through_what(browser: Client) -> None:
    tenant, other = a_complete_row(1), a_complete_row(2)
    a_staff_member(tenant, username="con_acceso")
    everywhere = a_staff_member(tenant, username="con_todas")
    StaffGrant.objects.create(staff=everywhere, tenant=None)
    ended = a_staff_member(username="vencida")
    StaffGrant.objects.create(staff=ended, tenant=tenant, expires_at=timezone.now())
    a_staff_member(tenant, username="de_baja", is_active=False)
    a_staff_member(other, username="de_otra")
    text = text_of(browser.get(page(tenant, "who")))
    for name in ("ana", "con_acceso", "con_todas"):
        assert name in text
    for name in ("vencida", "de_baja", "de_otra"):
        assert name not in text
    assert text.count("Acceso a todas las empresas") == 1


def test_a_person_who_leaves_hands_over_what_they_hold(browser: Client, pac: SandboxServer) -> None:
    tenant = a_tenant()
    leaving, stays = a_staff_member(tenant, username="leaves"), a_staff_member(username="stays")
    create_invoice(invoice_json(tenant, draft=True), actor=leaving)
    begun(actor=leaving)
    text = text_of(browser.get(person_page(leaving)))
    for words in ("Borradores de facturas: 1", "Empresas por habilitar: 1", str(tenant)):
        assert words in text
    held = [address for _each, address in browser.get(person_page(leaving)).context["held"]]
    for address in held:
        assert browser.get(address).context["cl"].result_list, address

    grants = list(leaving.grants.values_list("uid", flat=True))
    data = {"act": "reassign", "grants": grants, "to": stays.uid}
    response = browser.post(person_page(leaving), data, follow=True)
    assert "2 accesos pasaron" in said(response)[0]
    assert (leaving.grants.count(), stays.grants.count()) == (0, 2)
    assert AuditEntry.objects.filter(action="grant.reassigned").count() == 2

    session = signed_in(leaving)
    assert session.get(reverse("admin:index")).status_code == 200
    short = browser.post(person_page(leaving), {"act": "end", "end-reason": "ya"})
    assert "15 caracteres" in text_of(short)
    browser.post(person_page(leaving), {"act": "end", "end-reason": "Renunció el 20 de noviembre"})
    leaving.refresh_from_db()
    assert not leaving.is_active
    assert session.get(reverse("admin:index")).status_code == 302, "signed out at the next click"
    assert AuditEntry.objects.get(action="staff.ended").reason == "Renunció el 20 de noviembre"


def test_grants_out_of_sight_are_neither_shown_nor_moved() -> None:
    mine, hidden = a_complete_row(1, trade_name="Propia"), a_complete_row(2, trade_name="Forastera")
    rights = tuple(f"tenants.{verb}_staffgrant" for verb in ("view", "add", "delete"))
    leads = a_staff_member(mine, permissions=rights)
    leaving, stays = a_staff_member(mine, hidden), a_staff_member()
    browser = signed_in(leads)
    assert "Forastera" not in browser.get(person_page(leaving)).content.decode()
    foreign = leaving.grants.get(tenant=hidden)
    browser.post(person_page(leaving), {"act": "reassign", "grants": [foreign.uid], "to": stays.uid})
    assert not stays.grants.exists()
    assert browser.post(person_page(leaving), {"act": "end", "end-reason": REASON}).status_code == 403
    looks = signed_in(a_staff_member(mine, permissions=("tenants.view_staffgrant",)))
    data = {"act": "reassign", "grants": [leaving.grants.get(tenant=mine).uid], "to": stays.uid}
    assert looks.post(person_page(leaving), data).status_code == 403
    assert signed_in(a_staff_member(mine)).get(person_page(leaving)).status_code == 403


def test_nobody_ends_themselves_nor_a_superuser_without_being_one() -> None:
    boss = an_administrator()
    rights = ("tenants.view_staffgrant", "core.change_staff")
    person = a_staff_member(permissions=rights)
    browser = signed_in(person)
    data = {"act": "end", "end-reason": REASON}
    assert "superusuario" in text_of(browser.post(person_page(boss), data))
    browser.post(person_page(person), data)
    assert Staff.objects.filter(is_active=False).count() == 0
