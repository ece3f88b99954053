"""Reconciliation: every company of a month with its progress, and one company's differences by class, cell by cell."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.models import Staff
from cifras.core.rights import may
from reports.models import Difference, MonthClosing
from reports.models.reconciliation import Decision, DifferenceClass
from reports.services.closing.open_months import to_close
from reports.services.reconciling import deciding, running
from reports.views.documents import require_reader
from reports.views.months import month_frame, month_of, to_last_month
from reports.views.reconciliation_lines import (
    Line,
    is_open,
    month_lines,
    summed_bridges,
    summed_classes,
)
from reports.views.reconciliation_shown import chosen_run, of_class, run_shown, runs_of, waiting_for
from reports.views.runs_compared import changes_between
from tenants.access import tenants_for
from tenants.models import Tenant

_TENANTS_A_PAGE = 100
_TO_CLOSE = "to_close"
_CLOSINGS: Mapping[str, Any] = {
    _TO_CLOSE: gettext_lazy("Por cerrar"),
    MonthClosing.State.PROPOSED.value: gettext_lazy("Cierre por aprobar"),
    MonthClosing.State.CLOSED.value: gettext_lazy("Cerrado"),
}


@require_safe
def reconciliation_now(request: HttpRequest) -> HttpResponse:
    """To the month that has just ended."""
    require_reader(request)
    return to_last_month("reports:reconciliation")


@require_http_methods(["GET", "HEAD", "POST"])
def reconciliation(request: HttpRequest, month: str) -> HttpResponse:
    """Every company of the month; a POST has them reconciled by the workers."""
    staff, first = require_reader(request), month_of(month)
    tenants = tenants_for(staff).exclude(pac_company_id=None).order_by("trade_name", "pk")
    here = reverse("reports:reconciliation", args=[month])
    if request.method == "POST":
        return _run_all(request, staff, tenants, first, here)
    context = frame(request, _("Conciliación {month}").format(month=f"{first:%m/%Y}"), first, staff)
    name = request.GET.get("class", "")
    if name in DifferenceClass.values:
        context |= {**of_class(list(tenants), first, name, request, staff), "month_page": here}
        return TemplateResponse(request, "admin/reports/reconciliation_class.html", context)
    every = month_lines(list(tenants), first, month)
    runs = [line.run for line in every if line.run and line.run.summary]
    context |= {
        "is_waiting": any(is_open(line.run) for line in every),
        "totals": {
            "companies": len(every),
            "reconciled": len(runs),
            "total": sum(line.total for line in every),
            "decided": sum(line.decided for line in every),
            "closed": sum(line.closing == MonthClosing.State.CLOSED for line in every),
        },
        "classes": summed_classes(runs),
        "bridges": summed_bridges(runs),
    }
    wanted = request.GET.get("closing", "")
    lines = _of_closing(every, wanted, tenants, first)
    context |= {
        "page": Paginator(lines, _TENANTS_A_PAGE).get_page(request.GET.get("page")),
        "page_query": urlencode({"closing": wanted}) if wanted in _CLOSINGS else "",
        "wanted": wanted,
        "closings": list(_CLOSINGS.items()),
    }
    return TemplateResponse(request, "admin/reports/reconciliation.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def reconciliation_of_tenant(request: HttpRequest, month: str, tenant: UUID) -> HttpResponse:
    """One company's month; a POST is an act of a person: reconcile, decide, assign, comment."""
    staff, first = require_reader(request), month_of(month)
    whose = tenants_for(staff).filter(uid=tenant).first()
    if whose is None:
        raise Http404
    if request.method == "POST":
        return _act(request, staff, whose, first)
    runs = runs_of(whose, first)
    run = chosen_run(runs, request.GET.get("run"))
    title = _("Conciliación {month}: {tenant}").format(month=f"{first:%m/%Y}", tenant=whose)
    context = frame(request, title, first, staff, whose)
    context |= {
        "tenant": whose,
        "runs": runs,
        "run": run,
        **waiting_for(runs),
        "month_page": reverse("reports:reconciliation", args=[month]),
        "reconciliation_page": reverse("reports:reconciliation_tenant", args=[month, whose.uid]),
        "closing_page": reverse("reports:closing", args=[month, whose.uid]),
        **(run_shown(request, run, runs, staff) if run else {}),
    }
    return TemplateResponse(request, "admin/reports/reconciliation_tenant.html", context)


@require_safe
def reconciliation_runs(request: HttpRequest, month: str, tenant: UUID) -> HttpResponse:
    """What changed between two runs of a company's month."""
    staff, first = require_reader(request), month_of(month)
    whose = tenants_for(staff).filter(uid=tenant).first()
    if whose is None:
        raise Http404
    runs = [run for run in runs_of(whose, first) if run.summary]
    after = chosen_run(runs, request.GET.get("after"))
    older = [run for run in runs if after and run.run < after.run]
    before = chosen_run(older, request.GET.get("before")) if older or request.GET.get("before") else None
    title = _("Corridas {month}: {tenant}").format(month=f"{first:%m/%Y}", tenant=whose)
    context = frame(request, title, first, staff, whose)
    context |= {
        "tenant": whose,
        "runs": runs,
        "before": before,
        "after": after,
        "parts": changes_between(before, after, staff) if before and after else [],
        "reconciliation_page": reverse("reports:reconciliation_tenant", args=[month, whose.uid]),
        "closing_page": reverse("reports:closing", args=[month, whose.uid]),
    }
    return TemplateResponse(request, "admin/reports/reconciliation_runs.html", context)


def frame(
    request: HttpRequest, title: str, first: date, staff: Staff, tenant: Tenant | None = None
) -> dict[str, Any]:
    """What every page of a month's reconciliation has around it."""
    return {**month_frame(request, title, first, tenant), "may_reconcile": may(staff, deciding.RECONCILE)}


def _of_closing(lines: list[Line], wanted: str, tenants: QuerySet[Tenant], first: date) -> list[Line]:
    if wanted == _TO_CLOSE:
        waiting = set(to_close(tenants, first).order_by().values_list("pk", flat=True))
        return [line for line in lines if line.tenant.pk in waiting]
    return [line for line in lines if line.closing == wanted] if wanted in _CLOSINGS else lines


def _run_all(
    request: HttpRequest, staff: Staff, tenants: Iterable[Tenant], first: date, here: str
) -> HttpResponse:
    if not may(staff, deciding.RECONCILE):
        raise PermissionDenied
    asked = running.request_month(tenants, first, actor=staff)
    messages.info(request, _("Empresas en cola para conciliar: {n}.").format(n=asked))
    return HttpResponseRedirect(here)


def _act(request: HttpRequest, staff: Staff, tenant: Tenant, first: date) -> HttpResponse:
    if not may(staff, deciding.RECONCILE):
        raise PermissionDenied
    act = request.POST.get("act", "")
    back = reverse("reports:reconciliation_tenant", args=[f"{first:%Y-%m}", tenant.uid])
    if act == "run":
        with refusals_as_messages(request):
            running.request_run(tenant, first, actor=staff)
            messages.info(request, _("En cola: la página sigue el resultado."))
        return HttpResponseRedirect(back)
    difference = _difference(request, tenant, first)
    with refusals_as_messages(request):
        _on_difference(request, act, difference, staff)
    tab = request.POST.get("class", "")
    query = f"?class={tab}" if tab in DifferenceClass.values else ""
    return HttpResponseRedirect(f"{back}{query}#d-{difference.uid}")


def _on_difference(request: HttpRequest, act: str, difference: Difference, staff: Staff) -> None:
    text = request.POST.get("reason", "")
    if act == "comment":
        deciding.comment(difference, text, actor=staff)
    elif act == "assign":
        deciding.assign(difference, _person(request.POST.get("assignee", "")), actor=staff)
    elif act in Decision.values and act != Decision.OPEN:
        deciding.decide(difference, Decision(act), reason=text, actor=staff)
    else:
        raise Http404
    messages.success(request, _("Guardado."))


def _difference(request: HttpRequest, tenant: Tenant, first: date) -> Difference:
    rows = Difference.objects.select_related("reconciliation", "tenant").filter(
        tenant=tenant, reconciliation__month=first
    )
    found = rows.filter(uid=_uuid(request.POST.get("difference", ""))).first()
    if found is None:
        raise Http404
    return found


def _person(text: str) -> Staff | None:
    if not text:
        return None
    found = Staff.objects.filter(uid=_uuid(text), is_active=True).first()
    if found is None:
        raise Http404
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
