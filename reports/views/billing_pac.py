"""What the providers charge us for a month, entered or uploaded, and held against our own counts."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cifras.core.admin.badges import AMBER, GREEN, RED, Badge
from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.core.uploads import too_large
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.admin.figures import moment, money
from invoicing.models.choices import Kind
from reports.models import PacBill, Plan
from reports.services.billing import issuing
from reports.services.billing.pac_bill import LARGEST, record_bill
from reports.services.billing.pac_check import Checked, Match, check
from reports.services.facts import end_of_month
from reports.views import billing_files
from reports.views.billing_frame import as_file, frame, require_billing, wants_file
from reports.views.cells import Rows, signed_count
from reports.views.months import month_of
from tenants.access import sees_everything, tenants_for
from tenants.models import Tenant
from tenants.services.providers import provider_names

_MOST_SHOWN = 1000
_BADGES = {
    Match.EQUAL: Badge(gettext_lazy("Igual"), "check_circle", GREEN),
    Match.MORE: Badge(gettext_lazy("El PAC cobra de más"), "error", RED),
    Match.FEWER: Badge(gettext_lazy("El PAC cobra de menos"), "warning", AMBER),
    Match.UNKNOWN: Badge(gettext_lazy("Empresa desconocida"), "help", RED),
}


@require_http_methods(["GET", "HEAD", "POST"])
def billing_pac(request: HttpRequest, month: str) -> HttpResponseBase:
    """The newest bill of a provider against our counts; a POST answers with a file, or keeps another version of the bill."""
    staff, first = require_billing(request), month_of(month)
    here = reverse("reports:billing_pac", args=[month])
    if request.method == "POST" and not wants_file(request):
        return _record(request, staff, first, here)
    bills = list(PacBill.objects.filter(month=first).defer("content").order_by("-pk"))
    bill = _chosen(request, bills)
    strangers = sees_everything(staff)
    rows = check(bill, tenants_for(staff), strangers=strangers) if bill else []
    if wants_file(request):
        return _file(request, bill, rows)
    context = frame(request, _("Factura del PAC {month}").format(month=f"{first:%m/%Y}"), first)
    context |= {
        "bill": bill,
        "bills": [(each, dict(provider_names()).get(each.provider, each.provider)) for each in bills],
        "uploaded_at": moment(bill.uploaded_at) if bill else "",
        "provider": dict(provider_names()).get(bill.provider, bill.provider) if bill else "",
        "rows": [_shown(each, bill, staff, first) for each in rows[:_MOST_SHOWN]] if bill else [],
        "left": max(len(rows) - _MOST_SHOWN, 0),
        "counts": [(_BADGES[match], sum(each.match is match for each in rows)) for match in Match],
        "differences": sum(each.match is not Match.EQUAL for each in rows),
        "theirs": sum(each.theirs for each in rows),
        "ours": sum(each.ours for each in rows),
        "providers": provider_names(),
        "currencies": Plan.Currency.choices,
        "bill_query": f"bill={bill.uid}" if bill else "",
        "may_record": strangers and may(staff, issuing.ISSUE),
        "here": here,
    }
    return TemplateResponse(request, "admin/reports/billing_pac.html", context)


def _record(request: HttpRequest, staff: Staff, first: date, here: str) -> HttpResponseBase:
    """Only for whoever sees every company: the bill is about all of them."""
    require_billing(request, issuing.ISSUE)
    if not sees_everything(staff):
        raise PermissionDenied
    provider = request.POST.get("provider", "")
    if provider not in dict(provider_names()):
        raise Http404
    with refusals_as_messages(request):
        content, filename = _content(request)
        bill = record_bill(
            first, provider, request.POST.get("currency", ""), content, filename=filename, actor=staff
        )
        messages.success(request, _("Guardada como versión {n}.").format(n=bill.version))
        return HttpResponseRedirect(f"{here}?bill={bill.uid}")
    return HttpResponseRedirect(here)


def _content(request: HttpRequest) -> tuple[bytes, str]:
    """What was uploaded, or else what was typed."""
    file = request.FILES.get("file")
    if "file" in too_large(request) or (file is not None and (file.size or 0) > LARGEST):
        raise RuleBroken("file_too_large", gettext_noop("El archivo es demasiado grande."), "file")
    if file is not None:
        return file.read(), file.name or ""
    typed = request.POST.get("typed", "").strip()
    if not typed:
        raise RuleBroken(
            "nothing_given", gettext_noop("Suba el archivo de la factura o escriba sus líneas."), "file"
        )
    return typed.encode(), ""


def _chosen(request: HttpRequest, bills: list[PacBill]) -> PacBill | None:
    wanted = request.GET.get("bill")
    if not wanted:
        return bills[0] if bills else None
    found = next((each for each in bills if str(each.uid) == wanted), None)
    if found is None:
        raise Http404
    return found


def _shown(each: Checked, bill: PacBill, staff: Staff, first: date) -> dict[str, Any]:
    rows = Rows(staff, first, end_of_month(first), Tenant.Environment.LIVE.value)
    month = f"{first:%Y-%m}"
    kinds = [each.kind] if each.kind else Kind.values
    legal = {"legal": "DGI_AUTHORIZED"}
    return {
        "badge": _BADGES[each.match],
        "each": each,
        "is_different": each.match is not Match.EQUAL,
        "kind": Kind(each.kind).label if each.kind else _("Todas"),
        "difference": signed_count(each.difference),
        "amount": money(each.amount, bill.currency) if each.amount is not None else "—",
        "address": reverse("reports:billing_tenant", args=[month, each.tenant.uid]) if each.tenant else "",
        "reconciliation": reverse("reports:reconciliation_tenant", args=[month, each.tenant.uid])
        if each.tenant
        else "",
        "documents": [
            (Kind(kind).label, address)
            for kind in kinds
            if each.tenant and each.ours and (address := rows.address(kind, each.tenant.pk, **legal))
        ],
    }


def _file(request: HttpRequest, bill: PacBill | None, rows: list[Checked]) -> HttpResponseBase:
    if bill is None:
        raise Http404
    facts = [
        _("Versión {n}, registrada el {moment} por {person}.").format(
            n=bill.version, moment=moment(bill.uploaded_at), person=bill.uploaded_by
        ),
        f"sha256 {bill.sha256}",
    ]
    table = billing_files.check_table(
        rows,
        lambda match: _BADGES[match].word,
        name=f"factura-pac-{bill.provider}-{bill.month:%Y-%m}-v{bill.version}",
        title=_("Factura del PAC {month}").format(month=f"{bill.month:%m/%Y}"),
        facts=facts,
    )
    return as_file(request, table)
