"""The authority's code tables: kept a day, their last good copy while the provider is down, found by code and by name."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.pac.contract import CatalogueRow
from cifras.pac.errors import PacError
from cifras.sandbox.server import SandboxServer
from tenants.models import Catalogue, CatalogueEntry, Exchange, Tenant
from tenants.services import goods_and_services
from tenants.services.catalogues import find_goods, find_places, place_name, refresh_catalogues, unknown_goods
from tests.factories import a_staff_member, a_tenant, an_administrator

pytestmark = pytest.mark.django_db

ASKED = "goods_and_services"


@pytest.fixture
def tenant(pac: SandboxServer) -> Tenant:
    return a_tenant()


def times_asked(operation: str = ASKED) -> int:
    return Exchange.objects.filter(operation=operation).count()


def grow_old() -> None:
    Catalogue.objects.update(fetched_at=timezone.now() - timedelta(hours=25))


def test_the_cpbs_is_asked_for_once_a_day(tenant: Tenant) -> None:
    ana = an_administrator(username="ana")
    first = goods_and_services(tenant, actor=ana)
    assert CatalogueRow("8111", "Servicios informáticos", "und") in first.rows
    assert (first.warning, len(list(first))) == (None, len(first))
    goods_and_services(tenant)
    assert times_asked() == 1
    kept = Catalogue.objects.get()
    assert (kept.fetched_by, kept.size, kept.problem) == ("ana", len(first), "")

    grow_old()
    again = goods_and_services(tenant)
    assert times_asked() == 2
    assert again.age is not None
    assert again.age < timedelta(minutes=1)
    goods_and_services(tenant, refresh=True)
    assert times_asked() == 3


def test_the_last_good_copy_serves_while_the_provider_is_down_and_says_so(
    pac: SandboxServer, tenant: Tenant
) -> None:
    fresh = goods_and_services(tenant)
    grow_old()
    pac.faults.add("500_before", times=None, operation=ASKED)
    old = goods_and_services(tenant)
    assert old.rows == fresh.rows
    assert old.warning is not None
    assert old.warning.code == "catalogue_is_old"
    assert Catalogue.objects.get().problem


def test_without_any_copy_the_error_is_the_answer(pac: SandboxServer, tenant: Tenant) -> None:
    pac.faults.add("500_before", times=None, operation=ASKED)
    with pytest.raises(PacError):
        goods_and_services(tenant)
    assert not CatalogueEntry.objects.exists()


def test_codes_are_found_by_their_beginning_and_by_words_without_accents(tenant: Tenant) -> None:
    def found(typed: str) -> list[str]:
        return [row.code for row in find_goods(tenant, typed, actor=None)]

    assert found("81") == ["8111"]
    assert found("INFORMATICOS") == ["8111"]
    assert found("servicios informat") == ["8111"]
    assert found("%") == []
    assert len(found("")) == Catalogue.objects.get().size
    assert times_asked() == 1, "a search is answered from the copy"


def test_a_search_never_waits_for_a_provider_that_has_just_failed(pac: SandboxServer, tenant: Tenant) -> None:
    pac.faults.add("500_before", times=None, operation=ASKED)
    assert find_goods(tenant, "81", actor=None) == []
    failures = times_asked()
    assert find_goods(tenant, "811", actor=None) == []
    assert times_asked() == failures


def test_codes_that_the_catalogue_lacks_are_known_only_where_there_is_a_copy(tenant: Tenant) -> None:
    assert unknown_goods(tenant, {"8111", "0000"}) == set()
    goods_and_services(tenant)
    assert unknown_goods(tenant, {"8111", "0000"}) == {"0000"}


def test_places_come_from_the_house_until_the_provider_gave_its_list(tenant: Tenant) -> None:
    assert find_places("bella vista") == [CatalogueRow("8-8-7", "Panamá, Panamá, Bella Vista")]
    refresh_catalogues()
    assert find_places("bella vista") == [CatalogueRow("8-8-7", "PANAMA, PANAMA, BELLA VISTA")]
    assert find_places("8-8-7")[0].code == "8-8-7"
    assert place_name("8-8-7") == "Panamá, Panamá, Bella Vista"
    assert place_name("99-99-99") == ""


def test_the_command_tells_each_catalogue_on_a_line_and_what_could_not_be_had(
    pac: SandboxServer, tenant: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("refresh_catalogues")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(line["catalogue"], line["problem"]) for line in lines} == {("goods", None), ("locations", None)}
    assert all(line["size"] for line in lines)

    pac.faults.add("500_before", times=None, operation="dgi_catalogue")
    with pytest.raises(SystemExit, match="1"):
        call_command("refresh_catalogues")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [bool(line["problem"]) for line in lines if line["catalogue"] == "locations"] == [True]
    assert Catalogue.objects.get(name="locations").size, "the copy stays"


def test_the_page_shows_the_age_and_asks_anew_for_those_who_may(tenant: Tenant) -> None:
    goods_and_services(tenant)
    grow_old()
    catalogue = Catalogue.objects.get()
    address = f"/admin/tenants/catalogue/{catalogue.uid}/change/"
    act = reverse("admin:tenants_catalogue_refresh", args=[catalogue.uid])
    client = Client()
    client.force_login(a_staff_member(tenant, permissions=("tenants.view_catalogue",)))
    shown = client.get(address).content.decode()
    assert "Copia de más de 24 h" in shown
    assert (">Pruebas<" in shown, ">sandbox<" in shown) == (True, False), "in words, not as it is stored"
    assert client.post(act).status_code == 403

    client.force_login(
        a_staff_member(
            tenant,
            permissions=(
                "tenants.view_catalogue",
                "tenants.refresh_catalogue",
                "tenants.view_catalogueentry",
            ),
        )
    )
    client.post(act)
    assert "Al día" in client.get(address).content.decode()
    codes = client.get(f"/admin/tenants/catalogueentry/?catalogue__uid={catalogue.uid}&q=81")
    assert "Servicios informáticos" in codes.content.decode()
