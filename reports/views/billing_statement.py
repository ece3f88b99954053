"""One company's statement of a month, or its draft, and the documents of each of its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.exports import Table
from cifras.core.models import Staff
from cifras.core.proposals import open_proposal
from cifras.core.rights import may
from invoicing.admin.figures import moment, money
from invoicing.admin.words import words_of
from reports.models import BillingDraft, BillingLine, BillingStatement, MonthClosing
from reports.services.billing import issuing
from reports.services.billing.drafting import documents_of
from reports.services.billing.papers import Draft, draft_issued, draft_of
from reports.services.closing.usage import closed
from reports.services.facts import zone_of
from reports.views import billing_files, billing_shown
from reports.views.billing_frame import as_file, frame, require_billing, wants_file
from reports.views.billing_shown import Company, Standing, is_standing
from reports.views.months import month_of
from tenants.access import tenants_for
from tenants.models import Tenant

_DOCUMENTS_A_PAGE = 50
_SHOWN = (
    "uid",
    "kind",
    "mode",
    "number",
    "billing_point",
    "peru",
    "provider",
    "external_id",
    "issue_date",
    "legal_status",
    "void_status",
    "receiver_name",
    "receiver_ruc",
    "cufe",
    "currency",
    "total",
)


@dataclass(frozen=True, slots=True)
class CompanyMonth:
    """Everything that is known about what a company owes for a month; the newest statement first."""

    tenant: Tenant
    first: date
    closing: MonthClosing | None
    kept: BillingDraft | None
    statements: Sequence[BillingStatement]

    @property
    def company(self) -> Company:
        """As the month's list shows it."""
        newest = self.statements[0] if self.statements else None
        return billing_shown.company(self.tenant, self.first, self.closing, self.kept, newest)

    def chosen(self, wanted: str | None) -> BillingStatement | None:
        """The statement that was asked for by its UUID, else the one that holds. Raises Http404."""
        if not wanted:
            return next((each for each in self.statements if is_standing(each)), None)
        found = next((each for each in self.statements if str(each.uid) == wanted), None)
        if found is None:
            raise Http404
        return found

    def paper(self, statement: BillingStatement | None) -> Draft | None:
        """What the statement says, or without one the draft of the closing that stands."""
        if statement is not None:
            return draft_issued(statement, list(BillingLine.objects.filter(statement=statement)))
        is_shown = self.kept is not None and self.company.standing is Standing.READY
        return draft_of(self.kept.content) if self.kept and is_shown else None

    def opens_documents(self, draft: Draft) -> bool:
        """Whether the closing that it was reckoned from still stands: only then its lines have documents to show."""
        return self.closing is not None and self.closing.uid == draft.closing_uid


def month_of_company(staff: Staff, uid: UUID, first: date) -> CompanyMonth:
    """The month of a company that the person sees. Raises Http404."""
    tenant = tenants_for(staff).filter(uid=uid).first()
    if tenant is None:
        raise Http404
    rows = BillingStatement.objects.filter(tenant=tenant, month=first)
    statements = list(rows.select_related("withdrawal", "replaces", "tenant").order_by("-version"))
    kept = None
    if not any(is_standing(each) for each in statements):
        kept = BillingDraft.objects.filter(tenant=tenant, month=first).first()
    return CompanyMonth(tenant, first, closed(tenant, first), kept, statements)


@require_http_methods(["GET", "HEAD", "POST"])
def billing_of_tenant(request: HttpRequest, month: str, tenant: UUID) -> HttpResponseBase:
    """The statement or its draft; a POST answers with it as a file, or proposes that a statement be withdrawn."""
    staff, first = require_billing(request), month_of(month)
    whose = month_of_company(staff, tenant, first)
    here = reverse("reports:billing_tenant", args=[month, whose.tenant.uid])
    if request.method == "POST" and not wants_file(request):
        return _propose_withdrawal(request, whose, staff, here)
    shown, company = whose.chosen(request.GET.get("statement")), whose.company
    draft = whose.paper(shown)
    if wants_file(request):
        if draft is None:
            raise Http404
        return as_file(request, _table(whose, draft, shown))
    query = f"?statement={shown.uid}" if shown else ""
    context = frame(request, _title(whose, shown), first, whose.tenant)
    context |= {
        "tenant": whose.tenant,
        "company": company,
        "statement": shown,
        "statements": whose.statements,
        "is_standing": is_standing(shown),
        "issued_at": moment(shown.issued_at) if shown else "",
        "statement_query": query.removeprefix("?"),
        "draft": draft,
        "lines": _lines(whose, draft, here, query),
        "totals": billing_shown.amounts(draft.totals) if draft else [],
        "usage": billing_shown.usage_cells(draft.usage) if draft else [],
        "is_waiting": company.standing is Standing.PENDING,
        "may_issue": may(staff, issuing.ISSUE),
        "waiting": open_proposal(shown.uid) if shown and is_standing(shown) else None,
        "may_approve": may(staff, "core.view_proposal"),
        "here": here,
    }
    return TemplateResponse(request, "admin/reports/billing_tenant.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def billing_documents(request: HttpRequest, month: str, tenant: UUID, position: int) -> HttpResponseBase:
    """Exactly the documents of a line; a POST answers with them as a file."""
    staff, first = require_billing(request), month_of(month)
    whose = month_of_company(staff, tenant, first)
    shown = whose.chosen(request.GET.get("statement"))
    draft = whose.paper(shown)
    if draft is None or not whose.opens_documents(draft) or not 0 < position <= len(draft.lines):
        raise Http404
    line = draft.lines[position - 1]
    if not line.kind:
        raise Http404
    if not may(staff, f"invoicing.view_{line.kind.lower()}"):
        raise PermissionDenied
    rows = documents_of(whose.tenant, first, line, whose.closing).visible_to(staff)
    rows = rows.only(*_SHOWN).order_by("issue_date", "pk")
    title = f"{billing_shown.what(line)}: {whose.tenant}, {first:%m/%Y}"
    if request.method == "POST":
        name = f"facturacion-{first:%Y-%m}-{position}"
        table = billing_files.documents_table(rows, name=name, title=title, zone=zone_of(whose.tenant))
        return as_file(request, table)
    paginator = Paginator(rows, _DOCUMENTS_A_PAGE)
    paginator.count = abs(line.documents)
    page = paginator.get_page(request.GET.get("page"))
    query = f"statement={shown.uid}" if shown else ""
    context = frame(request, title, first, whose.tenant)
    context |= {
        "page": page,
        "page_query": query,
        "count": paginator.count,
        "detail": billing_shown.detail(line),
        "rows": [
            (
                row,
                moment(row.issue_date),
                money(row.total, row.currency),
                words_of(row).legal.get(row.legal_status, ""),
            )
            for row in page.object_list
        ],
        "back": reverse("reports:billing_tenant", args=[month, whose.tenant.uid])
        + (f"?{query}" if query else ""),
        "document_page": f"admin:invoicing_{line.kind.lower()}_change",
    }
    return TemplateResponse(request, "admin/reports/billing_documents.html", context)


def _lines(whose: CompanyMonth, draft: Draft | None, here: str, query: str) -> list[billing_shown.LineShown]:
    if draft is None:
        return []
    return billing_shown.lines_shown(draft, here if whose.opens_documents(draft) else "", query)


def _propose_withdrawal(request: HttpRequest, whose: CompanyMonth, staff: Staff, here: str) -> HttpResponse:
    require_billing(request, issuing.ISSUE)
    statement = whose.chosen(request.POST.get("statement"))
    if statement is None:
        raise Http404
    with refusals_as_messages(request):
        issuing.propose_withdrawal(statement, reason=request.POST.get("reason", ""), actor=staff)
        messages.success(request, _("Propuesto: lo aprueba otra persona."))
    return HttpResponseRedirect(here)


def _title(whose: CompanyMonth, shown: BillingStatement | None) -> str:
    name = _("Estado de cuenta {number}").format(number=shown.number) if shown else _("Estado de cuenta")
    return f"{name}: {whose.tenant}, {whose.first:%m/%Y}"


def _table(whose: CompanyMonth, draft: Draft, shown: BillingStatement | None) -> Table:
    tenant, month = whose.tenant, f"{whose.first:%Y-%m}"
    facts: list[Any] = [_("Borrador: aún no se ha emitido."), f"{tenant.legal_name}, {tenant.ruc}"]
    if shown:
        facts = [
            _("{number}, emitido el {moment}.").format(number=shown.number, moment=moment(shown.issued_at)),
            f"{shown.tenant_name}, {shown.tenant_tax_id}",
            f"sha256 {shown.sha256}",
        ]
        if not is_standing(shown):
            facts.insert(0, _("Retirado: ya no vale."))
    return billing_files.statement_table(
        draft,
        name=shown.number if shown else f"borrador-{month}-{tenant.ruc}",
        title=_title(whose, shown),
        facts=[*facts, *billing_files.usage_note(draft)],
    )
