"""Every list as a file: the rows of the screen, all pages of them, for those who may, and nothing of anybody else."""

import csv
import io
from collections.abc import Iterator

import openpyxl
import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from cifras.core.admin.exporting import ExportDoorMixin
from cifras.core.exports import limits
from cifras.core.exports.lists import ListExport, NotExported, columns_of
from cifras.core.models import AuditEntry, ExportJob, Staff
from invoicing.models import Document, Invoice
from tenants.models import Exchange, Office, StaffGrant, Tenant
from tests.factories import a_staff_member
from tests.house.test_every_address import HIDDEN, World, page, signed_in

pytestmark = pytest.mark.django_db

PAGES = {model._meta.label: each for model, each in admin.site._registry.items()}
EXPORTED = {label: each for label, each in PAGES.items() if isinstance(each.list_export, ListExport)}


@pytest.fixture
def world() -> World:
    return World()


def rows_of(response) -> list[list[str]]:
    """The rows of a CSV, without the headings."""
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def on_screen(browser: Client, address: str) -> int:
    """The rows of all pages of a list."""
    return sum(len(response.context["cl"].result_list) for response in pages(browser, address))


def pages(browser: Client, address: str) -> Iterator:
    number = 1
    while True:
        response = browser.get(address if number == 1 else f"{address}?p={number}")
        yield response
        cl = response.context["cl"]
        if getattr(cl, "next_url", ""):
            address = address.partition("?")[0] + cl.next_url
            number = 1
        elif cl.multi_page and not hasattr(cl, "next_url") and number < cl.paginator.num_pages:
            number += 1
        else:
            return


def test_every_list_has_a_file_or_says_why_not() -> None:
    silent = [label for label, each in PAGES.items() if not isinstance(each, ExportDoorMixin)]
    assert silent == []
    unsaid = ExportDoorMixin.list_export
    assert [label for label, each in PAGES.items() if each.list_export is unsaid] == []
    assert all(each.list_export.why for each in PAGES.values() if isinstance(each.list_export, NotExported))


def test_every_file_has_the_rows_of_the_screen_and_nobody_elses(world: World, monkeypatch) -> None:
    monkeypatch.setattr(limits, "PER_HOUR", 1000)
    for each in EXPORTED.values():
        monkeypatch.setattr(each, "list_per_page", 2)
    found = {}
    for label, each in EXPORTED.items():
        answer = world.browser.post(page(each.model, "export"), {"form": "csv"})
        assert answer.status_code == 200, label
        rows = rows_of(answer)
        count = on_screen(world.browser, page(each.model, "changelist"))
        is_leaky = any(HIDDEN in cell for row in rows for cell in row) and hasattr(
            each.model._default_manager.all(), "visible_to"
        )
        if label != "core.AuditEntry" and (len(rows) != count or is_leaky):
            found[label] = (len(rows), count, is_leaky)
        if label == "core.AuditEntry":  # this very export has begun to be audited
            assert not is_leaky
    assert found == {}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?legal=none",
        "?legal=DGI_AUTHORIZED&o=1&p=7",
        "?q=0000000002",
        "?q=unheard-of",
        "?business=PAID&environment=all",
    ],
)
def test_the_file_of_the_invoices_keeps_filters_and_search(world: World, query: str) -> None:
    Document.objects.filter(tenant=world.mine, number="0000000003").update(legal_status="")
    screen = world.browser.get(page(Invoice, "changelist") + query).context["cl"].result_list
    file = rows_of(world.browser.post(page(Invoice, "export") + query, {"form": "csv-bom"}))
    assert [row[-1] for row in file] == [str(row.uid) for row in screen]


def test_the_list_leads_to_its_file_with_its_filters(world: World) -> None:
    response = world.browser.get(page(Invoice, "changelist") + "?legal=none&p=2&after=x")
    address = page(Invoice, "export") + "?legal=none"
    assert f'href="{address}"' in response.content.decode()
    asked = world.browser.get(address)
    assert asked.status_code == 200
    assert "0 filas" in asked.content.decode()


def test_the_file_of_an_unreadable_filter_leads_back_to_the_list(world: World) -> None:
    answer = world.browser.post(
        page(Office, "export") + "?registration__exact=x&tenant__id__exact=x", {"form": "csv"}
    )
    assert answer.status_code in {302, 400}


def test_a_file_needs_its_own_right(world: World) -> None:
    viewer = signed_in(
        a_staff_member(world.mine, permissions=("invoicing.view_invoice", "core.export_lists"))
    )
    assert "/export/" not in viewer.get(page(Invoice, "changelist")).content.decode()
    assert viewer.get(page(Invoice, "export")).status_code == 403
    assert viewer.post(page(Invoice, "export"), {"form": "csv"}).status_code == 403
    blind = signed_in(a_staff_member(world.mine, permissions=("invoicing.export_document",)))
    assert blind.post(page(Invoice, "export"), {"form": "csv"}).status_code == 403


def test_who_exported_what_and_how_many_rows_is_audited(world: World) -> None:
    answer = world.browser.post(page(Invoice, "export") + "?legal=DGI_AUTHORIZED", {"form": "csv"})
    b"".join(answer.streaming_content)
    started, finished = AuditEntry.objects.filter(action__startswith="export.").order_by("sequence")
    assert (started.action, started.actor_uid) == ("export.started", world.person.uid)
    assert started.after == {"filters": "legal=DGI_AUTHORIZED", "form": "csv"}
    assert finished.action == "export.finished"
    shown = world.browser.get(page(Invoice, "changelist") + "?legal=DGI_AUTHORIZED").context["cl"].result_list
    assert finished.after["rows"] == len(shown) > 0


def test_nothing_but_a_post_makes_a_file(world: World) -> None:
    response = world.browser.get(page(Invoice, "export"), {"form": "csv"})
    assert not response.streaming
    assert not AuditEntry.objects.filter(action__startswith="export.").exists()
    assert not world.browser.post(page(Invoice, "export"), {"form": "exe"}).streaming


def test_an_xlsx_keeps_text_as_text(world: World) -> None:
    Document.objects.filter(tenant=world.mine, number="0000000001").update(receiver_name="=1+1", net="-5.00")
    answer = world.browser.post(page(Invoice, "export") + "?q=1", {"form": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    heading, row = list(sheet.iter_rows())
    cells = {name.value: cell for name, cell in zip(heading, row, strict=True)}
    assert (cells["Número"].value, cells["Número"].data_type) == ("0000000001", "s")
    assert (cells["Receptor"].value, cells["Receptor"].data_type) == ("'=1+1", "s")
    assert (cells["Base (subtotal)"].value, cells["Base (subtotal)"].data_type) == (-5, "n")


def test_after_so_many_files_an_hour_the_next_is_refused_and_it_is_written_down(
    world: World, monkeypatch
) -> None:
    monkeypatch.setattr(limits, "PER_HOUR", 2)
    for _ in range(2):
        assert world.browser.post(page(Invoice, "export"), {"form": "csv"}).status_code == 200
    answer = world.browser.post(page(Invoice, "export"), {"form": "csv"}, follow=True)
    assert "Ya exportó 2 archivos en la última hora" in answer.content.decode()
    assert AuditEntry.objects.get(action="export.refused").actor_uid == world.person.uid
    other = a_staff_member(world.mine)
    other.user_permissions.set(world.person.user_permissions.all())
    assert signed_in(other).post(page(Invoice, "export"), {"form": "csv"}).status_code == 200


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (Tenant, "pac_token"),
        (Tenant, "webhook_secret"),
        (Staff, "password"),
        (Document, "payload"),
        (Document, "security_code"),
    ],
)
def test_a_secret_is_never_a_column(model, path: str) -> None:
    with pytest.raises(Exception, match="never exported"):
        columns_of(model, path)


def test_no_file_carries_bodies_headers_or_secrets(world: World) -> None:
    sources = {str(column.source) for each in EXPORTED.values() for column in each.list_export.columns}
    forbidden = (
        "password",
        "token",
        "secret",
        "body",
        "headers",
        "payload",
        "security_code",
        "qr",
        "traceback",
    )
    assert [source for source in sources if any(word in source for word in forbidden)] == []
    assert Exchange in admin.site._registry and StaffGrant in admin.site._registry


def test_the_page_of_a_list_asks_little(world: World, django_assert_max_num_queries) -> None:
    world.browser.get(page(Invoice, "export"))
    with django_assert_max_num_queries(12):  # six of ours, and who it is
        world.browser.get(page(Invoice, "export"))
    assert (
        reverse("admin:core_exportjob_changelist")
        in world.browser.get(page(Invoice, "export")).content.decode()
    )
    assert ExportJob.objects.count() == 0
