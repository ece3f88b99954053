"""What each provider can do is told once, in the registry: the README and the staff's page say the same."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from cifras.pac import matrix
from cifras.pac.contract import Capability
from cifras.pac.registry import PROVIDERS
from tenants.admin.capabilities import WORDS
from tests.document_pages import queries_of, text_of
from tests.factories import a_staff_member

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = "admin:tenants_tenant_capabilities"


def test_the_readme_has_the_table_that_the_registry_makes() -> None:
    _before, _mark, rest = (ROOT / "README.md").read_text().partition("<!-- capabilities -->\n")
    table, mark, _after = rest.partition("<!-- /capabilities -->")
    assert mark, "the marks are there"
    assert table == matrix.markdown(), "run python -m cifras.pac.matrix"


def test_every_capability_has_its_words() -> None:
    assert set(WORDS) == set(Capability)
    titles = [str(title) for title, _meaning in WORDS.values()]
    assert len(set(titles)) == len(titles)


def test_what_an_account_consists_of_fits_what_the_provider_can_do() -> None:
    for spec in PROVIDERS.values():
        names = [each.name for each in spec.account]
        assert bool(names) is not spec.can(Capability.ONBOARD), spec.key
        assert len(set(names)) == len(names)
        assert set(spec.on_request.values()) <= set(names)
        assert {each.name for each in spec.account if each.is_secret} <= {"token", "webhook_secret"}
        assert not [each.name for each in spec.account if each.is_secret and each.choices]


@pytest.mark.django_db
def test_staff_read_the_matrix_and_whoever_may_not_see_companies_does_not() -> None:
    reader = Client()
    reader.force_login(a_staff_member(permissions=("tenants.view_tenant",)))
    shown = reader.get(reverse(PAGE))
    said = text_of(shown)
    for spec in PROVIDERS.values():
        assert spec.name in said
    for words in (
        "Emitir facturas",
        "Consulta de RUC",
        "182 horas",
        "7 días calendario",
        "de 3 a 100 caracteres",
    ):
        assert words in said
    assert "Con la opción «Ruta para crear documentos» de la cuenta" in shown.content.decode()
    assert reverse(PAGE) in reader.get(reverse("admin:index")).content.decode(), "the menu leads there"
    assert queries_of(reader, reverse(PAGE)) <= 6
    other = Client()
    other.force_login(a_staff_member(permissions=("invoicing.view_invoice",)))
    assert other.get(reverse(PAGE)).status_code == 403
