"""Month end for the accountant: the companies of a month, and each company's books, on a screen and as files."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cifras.core.admin.badges import Badge
from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.exports.delivering import LONGEST_XLSX_AT_ONCE, deliver
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.zones import local_date
from invoicing.admin.figures import moment
from reports.models import MonthClosing, MonthlyFigure, RollupCursor
from reports.services.books.ageing import Ageing, AgeingOfReceiver
from reports.services.books.population import is_booked, sign_of
from reports.services.books.shapes import Book, Period, Place, table_of
from reports.services.books.shelf import BOOK_OF, BOOKS
from reports.services.books.unauthorised import Unauthorised
from reports.services.closing.usage import closings_of
from reports.views.books_shown import amount_text, badge, shown, sums_by_currency
from reports.views.closing_shown import STATES
from reports.views.documents import is_level, our_age
from reports.views.months import month_frame, month_of
from tenants.access import tenants_for
from tenants.models import Tenant

VIEW, EXPORT = "reports.view_books", "reports.export_books"
_TENANTS_A_PAGE = 100
_FORMS = ("csv", "csv-bom", "xlsx")


@dataclass(frozen=True, slots=True)
class CompanyLine:
    """One company of the month."""

    tenant: Tenant
    address: str
    sold: Sequence[str]
    unauthorised: int
    unauthorised_address: str
    closing: Badge


@require_safe
def month_end_now(request: HttpRequest) -> HttpResponse:
    """To the month that has just ended."""
    _require_reader(request)
    last = local_date(timezone.now()).replace(day=1) - timedelta(days=1)
    return HttpResponseRedirect(reverse("reports:month_end", args=[f"{last:%Y-%m}"]))


@require_safe
def month_end(request: HttpRequest, month: str) -> HttpResponse:
    """Every company of the month: what it sold, what is not authorised yet, whether the month is closed."""
    staff, first = _require_reader(request), month_of(month)
    page = Paginator(_tenants(staff).order_by("trade_name", "pk"), _TENANTS_A_PAGE).get_page(
        request.GET.get("page")
    )
    tenants = list(page.object_list)
    context = month_frame(request, _("Libros del mes {month}").format(month=f"{first:%m/%Y}"), first)
    context |= {
        "page": page,
        "lines": _company_lines(tenants, first),
        "age": our_age(tenants, is_rolled_up=True) if is_level(tenants) else "",
    }
    return TemplateResponse(request, "admin/reports/books_companies.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def month_end_book(request: HttpRequest, month: str, tenant: UUID, book: str = "") -> HttpResponseBase:
    """One book of one company; a POST answers with its file."""
    staff, first = _require_reader(request), month_of(month)
    whose = _with_closing(_tenants(staff).filter(uid=tenant), first).first()
    if whose is None:
        raise Http404
    chosen, period = _book(request, book), _period(request, whose, first)
    if request.method == "POST":
        return _file(request, chosen, period, staff)
    place = Place(request.GET.get("after", ""), request.GET.get("before", ""))
    title = f"{chosen.title_of(period)} {first:%m/%Y}: {whose}"
    context = month_frame(request, title, first)
    context |= {
        "tenant": whose,
        "book": chosen,
        "notes": chosen.notes(period),
        "shown": shown(chosen, period, chosen.page(period, place), staff),
        "tabs": _tabs(period, book),
        "states": _states(chosen, period),
        "unauthorised": _address(period, Unauthorised.slug),
        "month_page": reverse("reports:month_end", args=[month]),
        "before_page": _address(replace(period, month=(first - timedelta(days=1)).replace(day=1)), book),
        "after_page": _address(replace(period, month=(first + timedelta(days=32)).replace(day=1)), book),
        "closed_at": _closed_at(period),
        "closing_page": _closing_page(staff, whose, month),
        "is_sandbox": period.environment == Tenant.Environment.SANDBOX,
        "other_environment": _other_environment(period, book),
        "zone": period.zone,
        "age": our_age([whose], is_rolled_up=period.is_level),
        "may_export": may(staff, EXPORT),
        "query": _query(request),
    }
    return TemplateResponse(request, "admin/reports/books.html", context)


def _require_reader(request: HttpRequest) -> Staff:
    staff = request.user
    if not isinstance(staff, Staff) or not may(staff, VIEW):
        raise PermissionDenied
    return staff


def _tenants(staff: Staff) -> Any:
    """The companies in sight; each knows until when the roll-up was level with the documents (`rolled_up_at`)."""
    level = RollupCursor.objects.order_by("pk").values("caught_up_at")[:1]
    return tenants_for(staff).annotate(rolled_up_at=Subquery(level))


def _with_closing(tenants: Any, first: date) -> Any:
    """The companies with when the month was closed, as `closings_of` knows it; in the query that is asked anyhow."""
    closing = MonthClosing.objects.filter(tenant=OuterRef("pk"), month=first, state=MonthClosing.State.CLOSED)
    return tenants.annotate(month_closed_at=Subquery(closing.values("closed_at")[:1]))


def _closed_at(period: Period) -> str:
    """When the month was closed, if it is: the books of what was tried out are never closed with it."""
    is_own = period.environment == period.tenant.environment
    at = getattr(period.tenant, "month_closed_at", None) if is_own else None
    return moment(at) if at else ""


def _book(request: HttpRequest, slug: str) -> Book:
    if not slug:
        return BOOKS[0]
    found = BOOK_OF.get(slug)
    if found is None:
        raise Http404
    receiver, currency = request.GET.get("receiver", ""), request.GET.get("currency", "")
    if receiver and isinstance(found, Ageing):
        return AgeingOfReceiver(receiver=receiver[:200], currency=currency[:3])
    return found


def _period(request: HttpRequest, tenant: Tenant, first: date) -> Period:
    asked = request.GET.get("environment", "")
    environment = asked if asked in Tenant.Environment.values else tenant.environment
    return Period(tenant, first, environment, is_level([tenant]))


def _file(request: HttpRequest, book: Book, period: Period, staff: Staff) -> HttpResponseBase:
    if not may(staff, EXPORT):
        raise PermissionDenied
    form = request.POST.get("form", "")
    if form not in _FORMS:
        raise Http404
    with refusals_as_messages(request):
        if form == "xlsx" and book.is_longer_than(period, LONGEST_XLSX_AT_ONCE):
            raise RuleBroken(
                "book_too_long_for_xlsx",
                gettext_noop("El libro pasa de {limit} filas: descárguelo en CSV."),
                limit=LONGEST_XLSX_AT_ONCE,
            )
        return deliver(
            table_of(book, period),
            form.removesuffix("-bom"),
            actor=staff,
            filters=request.GET.urlencode(),
            bom=form == "csv-bom",
        )
    return HttpResponseRedirect(request.get_full_path())


def _states(book: Book, period: Period) -> list[dict[str, Any]]:
    """The states of what is not authorised, each with its count and its amount."""
    if not isinstance(book, Unauthorised):
        return []
    return [
        {
            "badge": badge(each.state),
            "documents": each.documents,
            "amount": amount_text(each.total, each.currency),
        }
        for each in book.states(period)
    ]


def _tabs(period: Period, chosen: str) -> list[dict[str, Any]]:
    return [
        {
            "word": book.tab or book.title_of(period),
            "address": _address(period, book.slug),
            "is_open": book.slug == (chosen or BOOKS[0].slug),
        }
        for book in BOOKS
    ]


def _address(period: Period, slug: str) -> str:
    where = [f"{period.month:%Y-%m}", period.tenant.uid]
    page = reverse("reports:month_end_book", args=[*where, slug or BOOKS[0].slug])
    is_own = period.environment == period.tenant.environment
    return page if is_own else f"{page}?{urlencode({'environment': period.environment})}"


def _other_environment(period: Period, slug: str) -> str:
    """A live company was tried out once: those documents stand apart."""
    if not period.tenant.is_live:
        return ""
    is_sandbox = period.environment == Tenant.Environment.SANDBOX
    other = Tenant.Environment.LIVE if is_sandbox else Tenant.Environment.SANDBOX
    return _address(replace(period, environment=other.value), slug)


def _query(request: HttpRequest) -> str:
    """What the address says beside the place, for the neighbours' addresses."""
    kept = {
        name: request.GET[name] for name in ("environment", "receiver", "currency") if request.GET.get(name)
    }
    return urlencode(kept)


def _closing_page(staff: Staff, tenant: Tenant, month: str) -> str:
    if not may(staff, "reports.view_report"):
        return ""
    return reverse("reports:closing", args=[month, tenant.uid])


def _company_lines(tenants: Sequence[Tenant], first: date) -> list[CompanyLine]:
    figures: defaultdict[int, list[MonthlyFigure]] = defaultdict(list)
    for figure in MonthlyFigure.objects.filter(tenant__in=tenants, month=first):
        figures[figure.tenant_id].append(figure)
    closings = closings_of(first, tenants)
    return [_company_line(each, first, figures[each.pk], closings.get(each.pk)) for each in tenants]


def _company_line(
    tenant: Tenant, first: date, figures: Iterable[MonthlyFigure], closing: MonthClosing | None
) -> CompanyLine:
    period = Period(tenant, first, tenant.environment)
    own = [row for row in figures if row.environment == tenant.environment]
    pairs = [
        (period.currency_of(row.currency), sign_of(row.kind, is_voided=row.is_voided) * row.total)
        for row in own
        if is_booked(row, tenant.environment)
    ]
    waiting = sum(row.count for row in own if row.legal_status != LegalStatus.DGI_AUTHORIZED)
    state = STATES[closing.state if closing else ""]
    return CompanyLine(
        tenant,
        _address(period, ""),
        sums_by_currency(pairs),
        waiting,
        _address(period, Unauthorised.slug),
        state,
    )
