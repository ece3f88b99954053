"""The wizard for a company of Peru: only the steps that apply, its words, and secrets that are taken and never shown."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry
from cifras.sandbox.server import SandboxServer
from tenants.models import BillingPoint, Office, Onboarding, Tenant
from tenants.services import StepState, last_try, steps_for
from tests.document_pages import queries_of, text_of
from tests.factories import a_staff_member, an_administrator
from tests.peru_onboarding import TOKEN, address_of, an_account
from tests.wizard import START, address, page_of, press

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(an_administrator(username="ana"))
    return client


def fresh(onboarding: Onboarding) -> Onboarding:
    return Onboarding.objects.select_related("tenant").get(pk=onboarding.pk)


def started(browser: Client, ruc: str, provider: str = "fabo", **changes: str) -> Onboarding:
    who = {"country": "PE", "pac_provider": provider, "environment": "sandbox", "ruc": ruc, **changes}
    response = browser.post(START, who)
    assert response.status_code == 302, text_of(response)
    onboarding = Onboarding.objects.select_related("tenant").latest("pk")
    assert response.headers["Location"] == address(onboarding, "account")
    return onboarding


def establishment(*series: tuple[str, str], index: int = 0, **changes: str) -> dict[str, str]:
    """A row of the form; merge several for more, the last one tells how many there are."""
    office = {
        "code": "0000",
        "type": "main",
        "address": "Av. de la Práctica 100",
        "location": "150101",
        **changes,
    }
    rows = {f"offices-{index}-{name}": value for name, value in office.items()}
    for place, (code, first) in enumerate(series):
        prefix = f"offices-{index}-points-{place}"
        rows |= {f"{prefix}-code": code, f"{prefix}-first_number": first}
    for name, total in {"offices": index + 1, f"offices-{index}-points": len(series)}.items():
        rows |= {f"{name}-TOTAL_FORMS": str(total), f"{name}-INITIAL_FORMS": "0"}
    return rows


def test_the_whole_way_from_the_start_to_active(browser: Client, pac: SandboxServer) -> None:
    account = an_account(pac)
    onboarding = started(browser, account.ruc, ruc_type="JURIDICO")
    assert (onboarding.tenant.dv, onboarding.tenant.ruc_type) == ("", "JURIDICO")

    asked = text_of(page_of(browser, onboarding, "account"))
    assert "UUID de la empresa" in asked
    assert "Formato de los envíos" in asked
    assert "certificado" not in asked.lower()
    given = {
        "company_id": account.id,
        "base_url": address_of(pac, "fabo"),
        "token": TOKEN,
        "body_format": "text",
    }
    taken = press(browser, onboarding, "account", **given)
    assert taken.headers["Location"] == address(onboarding, "ping")
    again = page_of(browser, onboarding, "account").content.decode()
    assert account.id in again
    assert TOKEN not in again
    assert "Ya hay uno guardado" in again

    assert press(browser, onboarding, "ping").status_code == 302
    assert "Fabo aceptó la cuenta" in text_of(page_of(browser, onboarding, "ping"))
    assert press(browser, onboarding, "ruc", ruc=account.ruc).status_code == 302
    assert "ACTIVO HABIDO" in text_of(page_of(browser, onboarding, "ruc"))
    assert press(browser, onboarding, "company", legal_name=account.name).status_code == 302

    offices = page_of(browser, onboarding, "offices").content.decode()
    for words in ("Agregar establecimiento", "Agregar serie", "Ubigeo", 'value="FC01"'):
        assert words in offices
    for words in ("Coordenadas", "Sucursal", "Punto de facturación"):
        assert (
            words
            not in text_of(page_of(browser, onboarding, "offices")).split("Establecimientos y series", 2)[2]
        )
    rows = establishment(("F001", "1"), ("b001", "87"), ("FC01", "1"))
    assert press(browser, onboarding, "offices", **rows).status_code == 302
    assert dict(BillingPoint.objects.values_list("code", "first_number")) == {
        "F001": 1,
        "B001": 87,
        "FC01": 1,
    }

    review = text_of(page_of(browser, onboarding, "activate"))
    assert "Lo que falta" not in review
    assert "Afiliación" not in review.split("Todo de un vistazo")[1]
    press(browser, onboarding, "activate")
    tenant = fresh(onboarding).tenant
    assert (tenant.state, tenant.pac_company_id, tenant.pac_options) == (
        Tenant.State.ACTIVE,
        account.id,
        {"body_format": "text"},
    )
    assert TOKEN not in str([*AuditEntry.objects.values(), *Onboarding.objects.values()])
    for at in (address(onboarding, step) for step in steps_for(tenant)):
        assert queries_of(browser, at) <= 6, at


def test_the_start_refuses_what_does_not_fit_the_country(browser: Client, pac: SandboxServer) -> None:
    plain = {"country": "PE", "pac_provider": "fabo", "environment": "sandbox", "ruc_type": "JURIDICO"}
    wrong = browser.post(START, {**plain, "ruc": "20131312950", "dv": ""})
    assert list(wrong.context["form"].errors) == ["ruc"]
    foreign = browser.post(START, {**plain, "country": "PA", "ruc": "155596713-2-2015", "dv": "59"})
    assert list(foreign.context["form"].errors) == ["country"]
    assert not Tenant.objects.exists()


def test_steps_of_others_are_not_found(browser: Client, pac: SandboxServer) -> None:
    onboarding = started(browser, an_account(pac).ruc)
    for step in ("certificate", "create_company", "request_affiliation", "register_offices"):
        assert browser.get(address(onboarding, step)).status_code == 404
        assert press(browser, onboarding, step).status_code == 404
    stranger = Client()
    stranger.force_login(a_staff_member(permissions=("tenants.onboard_tenant", "tenants.add_tenant")))
    assert stranger.post(address(onboarding, "account"), {"token": TOKEN}).status_code == 404
    powerless = Client()
    powerless.force_login(a_staff_member(onboarding.tenant, permissions=("tenants.view_tenant",)))
    assert powerless.post(address(onboarding, "account"), {"token": TOKEN}).status_code == 403


def test_what_is_wrong_with_the_account_stands_at_its_field_and_the_token_is_not_shown(
    browser: Client, pac: SandboxServer
) -> None:
    account = an_account(pac)
    onboarding = started(browser, account.ruc)
    given = {
        "company_id": "nope",
        "base_url": "https://10.0.0.1/v1",
        "token": TOKEN.upper(),
        "body_format": "json",
    }
    refused = press(browser, onboarding, "account", **given)
    assert {"company_id", "base_url", "token"} == set(refused.context["form"].errors)
    assert TOKEN.upper() not in refused.content.decode()
    assert not fresh(onboarding).tenant.pac_token


def test_a_lost_answer_is_told_and_tried_again(browser: Client, pac: SandboxServer) -> None:
    account = an_account(pac, "tandia")
    onboarding = started(browser, account.ruc, "tandia")
    given = {
        "company_id": account.id,
        "base_url": address_of(pac, "tandia"),
        "token": TOKEN,
        "search_path": "search",
    }
    press(browser, onboarding, "account", **given)
    pac.faults.add("drop_after_commit", "list_documents", times=9)
    press(browser, onboarding, "ping")
    shown = text_of(page_of(browser, onboarding, "ping"))
    assert last_try(fresh(onboarding), "ping").state is not StepState.DONE
    assert "Último intento" in shown
    assert not fresh(onboarding).tenant.pac_company_id
    pac.faults.clear()
    press(browser, onboarding, "ping")
    assert fresh(onboarding).tenant.pac_company_id == account.id
    assert "Tandia no tiene consulta de RUC" in text_of(page_of(browser, onboarding, "ruc"))


def test_a_ruc_that_the_register_does_not_know_is_kept_only_with_right_and_reason(
    browser: Client, pac: SandboxServer
) -> None:
    account = an_account(pac)
    onboarding = started(browser, account.ruc)
    given = {
        "company_id": account.id,
        "base_url": address_of(pac, "fabo"),
        "token": TOKEN,
        "body_format": "json",
    }
    press(browser, onboarding, "account", **given)
    press(browser, onboarding, "ping")
    pac.sunat.strangers.add(account.ruc)
    press(browser, onboarding, "ruc", ruc=account.ruc)
    assert "Conservar el RUC escrito" in text_of(page_of(browser, onboarding, "ruc"))
    other = Client()
    other.force_login(a_staff_member(onboarding.tenant, permissions=("tenants.onboard_tenant",)))
    reason = {"_override": "1", "override_reason": "La ficha RUC de hoy lo muestra activo"}
    assert "es de quien administra" in text_of(press(other, onboarding, "ruc", **reason))
    assert press(browser, onboarding, "ruc", **reason).status_code == 302
    assert AuditEntry.objects.get(action="tenant.ruc_kept").reason == reason["override_reason"]
    assert last_try(fresh(onboarding), "ruc").state is StepState.DONE


def test_series_are_judged_where_they_stand(browser: Client, pac: SandboxServer) -> None:
    onboarding = started(browser, an_account(pac).ruc)
    wrong = press(browser, onboarding, "offices", **establishment(("X001", "1"), ("F001", "0"), code="1"))
    [row] = wrong.context["form"].rows
    assert "code" in row.errors
    assert [list(point.errors) for point in row.points.forms] == [["code"], ["first_number"]]
    second = {"code": "0001", "type": "associated"}
    rows = establishment(("F001", "1")) | establishment(("F001", "1"), index=1, **second)
    assert "aparece dos veces" in text_of(press(browser, onboarding, "offices", **rows))
    more = press(browser, onboarding, "offices", **establishment(("F001", "1")), _add="office")
    assert len(more.context["form"].rows) == 2


def test_an_establishment_is_changed_on_its_page_by_the_rules_of_peru(
    browser: Client, pac: SandboxServer
) -> None:
    onboarding = started(browser, an_account(pac).ruc)
    rows = establishment(("F001", "1")) | establishment(
        ("F002", "1"), index=1, code="0001", type="associated"
    )
    press(browser, onboarding, "offices", **rows)
    office = Office.objects.get(code="0001")
    page = reverse("admin:tenants_office_change", args=[office.uid])
    assert "No se registra" in text_of(browser.get(page))

    def save(series: str, **changes: Any) -> Any:
        point = office.billing_points.get()
        prefix = "billing_points"
        return browser.post(
            page,
            {
                **{name: getattr(office, name) for name in ("code", "type", "address", "location")},
                **changes,
                f"{prefix}-TOTAL_FORMS": "1",
                f"{prefix}-INITIAL_FORMS": "1",
                f"{prefix}-0-id": point.pk,
                f"{prefix}-0-office": office.pk,
                f"{prefix}-0-code": series,
                f"{prefix}-0-first_number": "7",
            },
        )

    assert "ya tiene esa serie" in text_of(save("F001"))
    assert "no es una serie electrónica" in text_of(save("001"))
    assert "seis cifras" in text_of(save("F003", location="8-8-7"))
    assert save("F003").status_code == 302
    assert office.billing_points.get().code == "F003"
