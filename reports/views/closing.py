"""The closing of a company's month: its gates as a checklist, the figures as they were frozen, adjustments, and the two acts."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cifras.core.admin.proposal_pages import waiting_on
from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.models import Staff
from cifras.core.proposals import is_open_about
from cifras.core.rights import may
from cifras.core.sign_in.step_up import require_fresh
from invoicing.admin.figures import moment, money
from invoicing.models import Document
from invoicing.models.choices import LEGAL_STATUSES, Kind
from reports.models import Adjustment, Cause, ClosedDocument, MonthClosing, Origin
from reports.services.closing import acts, gates
from reports.services.queries import currencies_of
from reports.services.reconciling.fingerprint import groups_of
from reports.views import cells
from reports.views.closing_shown import (
    STATES,
    adjustments_shown,
    effect_of,
    gates_shown,
    legal_word,
    lines_of,
    standing_adjustments,
)
from reports.views.documents import require_reader
from reports.views.months import month_of
from reports.views.reconciliation import frame
from tenants.access import tenants_for
from tenants.models import Tenant

_ROWS_A_PAGE = 100
_STANDING = (MonthClosing.State.PROPOSED, MonthClosing.State.CLOSED)


@require_http_methods(["GET", "HEAD", "POST"])
def closing(request: HttpRequest, month: str, tenant: UUID) -> HttpResponse:
    """The page; a POST proposes to close the month, or to open it again."""
    staff, first, whose = _asked(request, month, tenant)
    if request.method == "POST":
        return _act(request, staff, whose, first)
    closings = list(
        MonthClosing.objects.filter(tenant=whose, month=first, environment=whose.environment)
        .select_related("proposed_by", "closed_by", "reopened_by")
        .annotate(has_proposal=is_open_about("uid"))
        .order_by("-number")
    )
    current = next((each for each in closings if each.state in _STANDING), None)
    frozen = current if current and current.is_closed else None
    title = _("Cierre {month}: {tenant}").format(month=f"{first:%m/%Y}", tenant=whose)
    context = frame(request, title, first, staff, whose)
    if frozen:
        groups: Any = groups_of(whose.pk, first, whose.environment)
    else:
        standing = gates.look(whose, first)
        groups = standing.groups
        is_compared = gates.has_figures_to_compare(whose)
        context |= {"gates": gates_shown(standing, staff, is_compared=is_compared), "run": standing.run}
    booked, from_here = adjustments_shown(whose, first)
    context |= {
        "tenant": whose,
        "current": current,
        "badge": STATES[current.state if current else ""],
        "closings": [(each, STATES[each.state]) for each in closings],
        "closed_at": moment(current.closed_at) if current else "",
        "mailed_at": moment(current.mailed_at) if current and current.mailed_at else "",
        "lines": lines_of(whose, first, groups, frozen, staff),
        "booked": booked,
        "from_here": from_here,
        "may_close": may(staff, acts.CLOSE_RIGHT),
        "may_reopen": may(staff, acts.REOPEN_RIGHT),
        "may_decide": may(staff, acts.CLOSE_RIGHT if not frozen else acts.REOPEN_RIGHT),
        **(waiting_on(current) if current else {}),
        **_addresses(month, whose),
    }
    return TemplateResponse(request, "admin/reports/closing.html", context)


@require_safe
def closing_documents(request: HttpRequest, month: str, tenant: UUID) -> HttpResponse:
    """The documents behind a frozen figure, as they were frozen."""
    staff, first, whose = _asked(request, month, tenant)
    current = MonthClosing.objects.filter(
        tenant=whose, month=first, environment=whose.environment, state=MonthClosing.State.CLOSED
    ).first()
    if current is None:
        raise Http404
    asked = request.GET
    every = ClosedDocument.objects.filter(closing=current).order_by("pk")
    rows = _narrowed(every, asked, origin=Origin.values, kind=Kind.values)
    if currency := asked.get("currency"):
        rows = rows.filter(currency__in=currencies_of(currency[:3], whose.country))
    if asked.get("legal") in {*dict(LEGAL_STATUSES), "none"}:
        rows = rows.filter(legal_status="" if asked["legal"] == "none" else asked["legal"])
    if asked.get("void") == "yes":
        rows = rows.filter(is_voided=True)
    title = _("Documentos cerrados {month}: {tenant}").format(month=f"{first:%m/%Y}", tenant=whose)
    return _rows_page(request, staff, whose, month, title, rows, _frozen_row)


@require_safe
def closing_adjustments(request: HttpRequest, month: str, tenant: UUID) -> HttpResponse:
    """The adjustments behind a figure: those booked in the month, or those that come from it."""
    staff, first, whose = _asked(request, month, tenant)
    asked = request.GET
    here, other = (
        ("origin_month", "booked_month")
        if asked.get("side") == "origin"
        else ("booked_month", "origin_month")
    )
    rows = standing_adjustments(whose, first).filter(**{here: first}).order_by("pk")
    rows = _narrowed(rows, asked, cause=Cause.values, kind=Kind.values)
    if currency := asked.get("currency"):
        rows = rows.filter(currency=currency[:3])
    if asked.get("month"):
        rows = rows.filter(**{other: month_of(asked["month"])})
    title = _("Ajustes {month}: {tenant}").format(month=f"{first:%m/%Y}", tenant=whose)
    return _rows_page(request, staff, whose, month, title, rows, _adjustment_row)


def _asked(request: HttpRequest, month: str, tenant: UUID) -> tuple[Staff, date, Tenant]:
    staff, first = require_reader(request), month_of(month)
    whose = tenants_for(staff).filter(uid=tenant).first()
    if whose is None:
        raise Http404
    return staff, first, whose


def _addresses(month: str, tenant: Tenant) -> dict[str, str]:
    return {
        "month_page": reverse("reports:reconciliation", args=[month]),
        "reconciliation_page": reverse("reports:reconciliation_tenant", args=[month, tenant.uid]),
        "closing_page": reverse("reports:closing", args=[month, tenant.uid]),
    }


def _act(request: HttpRequest, staff: Staff, tenant: Tenant, first: date) -> HttpResponse:
    act = request.POST.get("act", "")
    rights = {"propose": acts.CLOSE_RIGHT, "reopen": acts.REOPEN_RIGHT}
    if act not in rights:
        raise Http404
    if not may(staff, rights[act]):
        raise PermissionDenied
    require_fresh(request)
    reason = request.POST.get("reason", "")
    with refusals_as_messages(request):
        if act == "propose":
            acts.propose_closing(
                tenant, first, overridden=request.POST.getlist("override"), reason=reason, actor=staff
            )
            messages.success(
                request, _("Propuesto: otra persona lo aprueba, y entonces se congelan las cifras.")
            )
        else:
            acts.propose_reopening(_closed(tenant, first), reason=reason, actor=staff)
            messages.success(request, _("Propuesto: otra persona lo aprueba, y entonces el mes se abre."))
    return HttpResponseRedirect(reverse("reports:closing", args=[f"{first:%Y-%m}", tenant.uid]))


def _closed(tenant: Tenant, first: date) -> MonthClosing:
    rows = MonthClosing.objects.select_related("tenant").filter(
        tenant=tenant, month=first, environment=tenant.environment, state=MonthClosing.State.CLOSED
    )
    found = rows.first()
    if found is None:
        raise Http404
    return found


def _narrowed(rows: QuerySet[Any], asked: Mapping[str, str], **known: list[str]) -> QuerySet[Any]:
    for name, values in known.items():
        if asked.get(name) in values:
            rows = rows.filter(**{name: asked[name]})
    return rows


def _rows_page(
    request: HttpRequest,
    staff: Staff,
    tenant: Tenant,
    month: str,
    title: str,
    rows: QuerySet[Any],
    shown: Any,
) -> HttpResponse:
    page = Paginator(rows, _ROWS_A_PAGE).get_page(request.GET.get("page"))
    found = list(page.object_list)
    documents = Document.objects.filter(tenant=tenant, uid__in=[row.document_uid for row in found])
    numbers = dict(documents.values_list("uid", "number"))
    query = request.GET.copy()
    query.pop("page", None)
    context = frame(request, title, month_of(month), staff, tenant)
    context |= {
        "tenant": tenant,
        "page": page,
        "page_query": query.urlencode(),
        "count": page.paginator.count,
        "rows": [_named(shown(row), row, numbers, staff) for row in found],
        **_addresses(month, tenant),
    }
    return TemplateResponse(request, "admin/reports/closing_rows.html", context)


def _named(line: dict[str, Any], row: Any, numbers: Mapping[UUID, str], staff: Staff) -> dict[str, Any]:
    is_there = row.document_uid in numbers and may(staff, f"invoicing.view_{row.kind.lower()}")
    address = (
        reverse(f"admin:invoicing_{row.kind.lower()}_change", args=[row.document_uid]) if is_there else ""
    )
    return {**line, "number": numbers.get(row.document_uid) or str(row.document_uid), "address": address}


def _frozen_row(row: ClosedDocument) -> dict[str, Any]:
    return {
        "kind": row.get_kind_display(),
        "before": _state(row.legal_status, row.is_voided),
        "amount": money(row.total, row.currency),
    }


def _adjustment_row(row: Adjustment) -> dict[str, Any]:
    return {
        "kind": row.get_kind_display(),
        "cause": row.get_cause_display(),
        "at": moment(row.at),
        "origin_month": row.origin_month,
        "booked_month": row.booked_month,
        "before": _state(row.legal_before, row.voided_before) if row.was_counted else _("No contaba"),
        "after": _state(row.legal_after, row.voided_after) if row.is_counted else _("No cuenta"),
        "amount": money(row.total_after, row.currency),
        "difference": cells.signed_money(effect_of(row), row.currency),
    }


def _state(legal_status: str, is_voided: bool) -> str:
    return f"{legal_word(legal_status)}, {_('anulada')}" if is_voided else legal_word(legal_status)
