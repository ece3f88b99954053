"""Whether a tenant's receivers get our own mail, in which language and with which text."""

import pytest
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry
from tenants.models import Tenant
from tests.factories import an_administrator

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(an_administrator())
    return client


def posted(browser: Client, tenant: Tenant, **changes: str):
    at = reverse("admin:tenants_tenant_change", args=[tenant.uid])
    response = browser.get(at)
    inlines = [each.formset.management_form for each in response.context["inline_admin_formsets"]]
    forms = [response.context["adminform"].form, *inlines]
    values = {form.add_prefix(name): form[name].value() for form in forms for name in form.fields}
    data = {
        name: value for name, value in (values | changes).items() if value is not None and value is not False
    }
    return browser.post(at, data)


def test_it_is_off_until_somebody_wants_it_and_the_wish_is_audited(browser):
    tenant = Tenant.objects.create(legal_name="Istmeña, S.A.", ruc="155596713-2-2015")
    assert (tenant.mails_receivers, tenant.mail_language) == (False, "es-pa")
    text = "Hola {receptor}: va {documento} por {total}."
    response = posted(browser, tenant, mails_receivers="on", mail_language="en", mail_text=text)
    assert response.status_code == 302
    tenant.refresh_from_db()
    assert (tenant.mails_receivers, tenant.mail_language, tenant.mail_text) == (True, "en", text)
    assert AuditEntry.objects.get(action="tenants.tenant.changed").after["mails_receivers"] is True


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("Hola {cliente}, {saldo}", "{cliente}, {saldo}"), ("x" * 2001, "pasa de 2000 caracteres")],
)
def test_a_text_that_cannot_be_filled_in_or_is_endless_is_refused(browser, text, complaint):
    tenant = Tenant.objects.create(legal_name="Istmeña, S.A.", ruc="155596713-2-2015")
    response = posted(browser, tenant, mail_text=text)
    assert complaint in str(response.context["adminform"].form.errors["mail_text"])
    tenant.refresh_from_db()
    assert tenant.mail_text == ""
