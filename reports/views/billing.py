"""What the companies owe us: every company of a month, and issuing what is ready."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from reports.services.billing import issuing
from reports.views import billing_files, billing_shown
from reports.views.billing_frame import as_file, frame, require_billing
from reports.views.billing_shown import Company, Standing
from reports.views.billing_statement import month_of_company
from reports.views.months import month_of, to_last_month

_COMPANIES_A_PAGE = 50
_MOST_AT_ONCE = 200
_MOST_REFUSALS = 20


@require_safe
def billing_now(request: HttpRequest) -> HttpResponse:
    """To the month that has just ended."""
    require_billing(request)
    return to_last_month("reports:billing")


@require_http_methods(["GET", "HEAD", "POST"])
def billing(request: HttpRequest, month: str) -> HttpResponseBase:
    """Every company of the month; a POST answers with the same as a file."""
    staff, first = require_billing(request), month_of(month)
    companies = billing_shown.companies_of(staff, first)
    wanted = request.GET.get("state", "")
    shown = [each for each in companies if not wanted or each.standing == wanted]
    if request.method == "POST":
        return as_file(request, billing_files.month_table(shown, first))
    page = Paginator(shown, _COMPANIES_A_PAGE).get_page(request.GET.get("page"))
    context = frame(request, _("Facturación {month}").format(month=f"{first:%m/%Y}"), first)
    context |= {
        "page": page,
        "page_query": f"state={wanted}" if wanted in {each.value for each in Standing} else "",
        "tabs": _tabs(companies, wanted),
        "is_waiting": any(each.standing is Standing.PENDING for each in companies),
        "issued": billing_shown.summed(companies, Standing.ISSUED),
        "to_issue": billing_shown.summed(companies, Standing.READY),
        "ready": sum(each.standing is Standing.READY for each in companies),
        "may_issue": may(staff, issuing.ISSUE),
    }
    return TemplateResponse(request, "admin/reports/billing.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def billing_issue_all(request: HttpRequest, month: str) -> HttpResponse:
    """What will be issued; a POST issues what was shown, company by company, and says what was not."""
    staff, first = require_billing(request, issuing.ISSUE), month_of(month)
    companies = [each for each in billing_shown.companies_of(staff, first) if each.standing is Standing.READY]
    back = reverse("reports:billing", args=[month])
    if request.method == "POST":
        return _issue_shown(request, companies, first, staff, back)
    return _confirmation(request, companies[:_MOST_AT_ONCE], first, back, len(companies))


@require_http_methods(["GET", "HEAD", "POST"])
def billing_issue(request: HttpRequest, month: str, tenant: UUID) -> HttpResponse:
    """The same for one company."""
    staff, first = require_billing(request, issuing.ISSUE), month_of(month)
    whose = month_of_company(staff, tenant, first).company
    if request.method == "POST":
        return _issue_shown(request, [whose], first, staff, whose.address)
    ready = [whose] if whose.standing is Standing.READY else []
    return _confirmation(request, ready, first, whose.address, len(ready))


def _tabs(companies: Sequence[Company], wanted: str) -> list[dict[str, Any]]:
    every = {"word": _("Todas"), "count": len(companies), "is_open": not wanted, "query": ""}
    return [every] + [
        {
            "word": billing_shown.BADGES[standing].word,
            "count": count,
            "is_open": wanted == standing,
            "query": f"state={standing.value}",
        }
        for standing in Standing
        if (count := sum(each.standing is standing for each in companies))
    ]


def _confirmation(
    request: HttpRequest, companies: Sequence[Company], first: date, back: str, ready: int
) -> HttpResponse:
    context = frame(request, _("Emitir estados de cuenta {month}").format(month=f"{first:%m/%Y}"), first)
    context |= {
        "companies": companies,
        "totals": billing_shown.summed(companies, Standing.READY),
        "left": ready - len(companies),
        "back": back,
    }
    return TemplateResponse(request, "admin/reports/billing_issue.html", context)


def _issue_shown(
    request: HttpRequest, companies: Sequence[Company], first: date, staff: Staff, back: str
) -> HttpResponse:
    seen = dict(text.split(":", 1) for text in request.POST.getlist("seen") if ":" in text)
    shown = [each for each in companies if str(each.tenant.uid) in seen][:_MOST_AT_ONCE]
    issued, refused = 0, []
    for each in shown:
        try:
            issuing.issue_statement(each.tenant, first, seen=seen[str(each.tenant.uid)], actor=staff)
            issued += 1
        except RuleBroken as refusal:
            refused.append(f"{each.tenant}: {sentence(refusal)}")
    for text in refused[:_MOST_REFUSALS]:
        messages.error(request, text)
    if issued:
        done = ngettext("Estado de cuenta emitido: {n}.", "Estados de cuenta emitidos: {n}.", issued)
        messages.success(request, done.format(n=issued))
    elif not refused:
        messages.warning(request, _("No se emitió nada: ya no había nada por emitir de lo que usted vio."))
    return HttpResponseRedirect(back)
