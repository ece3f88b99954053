"""What was issued at the provider without us counts like the rest: reported, reconciled with its list, and billed."""

from datetime import UTC, date, datetime

import pytest

from cifras.fiscal.zones import LIMA
from invoicing.models import Document
from reports.models.reconciliation import Decision
from reports.services.billing.drafting import draft
from reports.services.reconciling import deciding, running
from tenants.models import Tenant
from tests.clockwork import both_clocks_at, work_through
from tests.factories import an_administrator
from tests.peru import a_company, issued_there, note_there
from tests.reports.bills import a_plan, close_month, subscribe

pytestmark = pytest.mark.django_db

OCTOBER = date(2026, 10, 1)


@pytest.fixture
def shop(pac):
    """A live company that sells at Tandia: three facturas in October, a note over one of them, and a rejected one."""
    pac.tandia.repeats_token = pac.tandia.has_empty_page = pac.tandia.omits_last_token = False
    with both_clocks_at(datetime(2026, 12, 9, 15, 0, tzinfo=UTC), pac):
        tenant = a_company(pac, "tandia", pac_options={}, environment=Tenant.Environment.LIVE)
        sold = [issued_there(pac, tenant, number, issued_at=on(number)) for number in (1, 2, 3)]
        note_there(pac, tenant, 1, sold[0], issued_at=on(4))
        issued_there(pac, tenant, 9, issued_at=on(5), receiver_name="Cliente SUNAT-2335")
        work_through(rounds=2)
        yield tenant


def on(day: int) -> datetime:
    return datetime(2026, 10, day, 23, 30, tzinfo=LIMA)


def test_its_month_is_reconciled_with_the_providers_list_without_a_difference(shop):
    assert Document.objects.filter(tenant=shop, is_mirrored=True).count() == 5
    run = running.reconcile(shop, OCTOBER)
    assert (run.state, list(run.differences.values_list("difference_class", "reason_key"))) == ("done", [])


def test_what_is_missing_here_is_found_and_adopting_it_brings_it(shop, pac):
    late = issued_there(pac, shop, 10, issued_at=on(20))
    (missing,) = running.reconcile(shop, OCTOBER).differences.all()
    assert (missing.difference_class, missing.pac_document_id) == ("missing_here", late.id)
    reason = "Se emitió en el portal de Tandia"
    deciding.decide(missing, Decision.ADOPT, reason=reason, actor=an_administrator())
    assert Document.objects.get(tenant=shop, document_id=late.id).is_mirrored
    assert not running.reconcile(shop, OCTOBER).differences.exists()


def test_it_is_billed_by_what_sunat_accepted(shop):
    subscribe(shop, a_plan("Perú", "PEN", invoices=1, credits=0), starts_on=date(2026, 8, 1), actor=None)
    close_month(shop)
    usage = {line.kind: line.documents for line in draft(shop, OCTOBER).lines if line.kind}
    assert usage == {"INVOICE": 3, "CREDIT": 1}
