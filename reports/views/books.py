"""Month end for the accountant: the companies of a month, and each company's books, on a screen and as files."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cifras.core.admin.badges import Badge
from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.exports.delivering import LONGEST_XLSX_AT_ONCE
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import LegalStatus
from invoicing.admin.figures import moment
from reports.models import MonthClosing, MonthlyFigure
from reports.services.books.ageing import Ageing, AgeingOfReceiver
from reports.services.books.population import is_booked, sign_of
from reports.services.books.shapes import Book, Period, Place, table_of
from reports.services.books.shelf import BOOK_OF, BOOKS
from reports.services.books.soles import said
from reports.services.books.unauthorised import Unauthorised
from reports.services.closing.usage import closings_of
from reports.services.exchange_rates import MANAGE as MANAGE_RATES
from reports.services.rollups import with_age
from reports.views.books_shown import Shown, amount_text, badge, shown, sums_by_currency
from reports.views.closing_shown import STATES
from reports.views.documents import is_level, our_age
from reports.views.doors import require
from reports.views.handing_out import hand_out
from reports.views.months import month_frame, month_of, to_last_month
from tenants.access import tenants_for
from tenants.models import Tenant

VIEW, EXPORT = "reports.view_books", "reports.export_books"
LATER_FACTS = gettext_lazy(
    "Este es el libro de hoy: puede incluir hechos posteriores al cierre, que se registran como ajustes en un mes abierto."
)
_TENANTS_A_PAGE = 100


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
    require(request, VIEW)
    return to_last_month("reports:month_end")


@require_safe
def month_end(request: HttpRequest, month: str) -> HttpResponse:
    """Every company of the month: what it sold, what is not authorised yet, whether the month is closed."""
    staff, first = require(request, VIEW), month_of(month)
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
    staff, first = require(request, VIEW), month_of(month)
    whose = _with_closing(_tenants(staff).filter(uid=tenant), first).first()
    if whose is None:
        raise Http404
    chosen, period = _book(request, book), Period(whose, first, whose.environment, is_level([whose]))
    if request.method == "POST":
        return _file(request, chosen, period, staff)
    place = Place(request.GET.get("after", ""), request.GET.get("before", ""))
    page = shown(chosen, period, chosen.page(period, place), staff)
    title = f"{chosen.title_of(period)} {first:%m/%Y}: {whose}"
    context = month_frame(request, title, first)
    context |= {
        "tenant": whose,
        "book": chosen,
        "notes": chosen.notes(period),
        "shown": page,
        "tabs": _tabs(period, book),
        "states": _states(chosen, period),
        "unauthorised": _address(period, Unauthorised.slug),
        "month_page": reverse("reports:month_end", args=[month]),
        "before_page": _address(replace(period, month=(first - timedelta(days=1)).replace(day=1)), book),
        "after_page": _address(replace(period, month=(first + timedelta(days=32)).replace(day=1)), book),
        "closed_at": moment(closed_at) if (closed_at := _closed_at(whose)) else "",
        "later_facts": LATER_FACTS,
        "closing_page": _closing_page(staff, whose, month),
        "is_sandbox": period.environment == Tenant.Environment.SANDBOX,
        "unrated": _unrated(page, staff),
        "zone": period.zone,
        "age": our_age([whose], is_rolled_up=period.is_level and chosen.is_rolled_up),
        "may_export": may(staff, EXPORT),
        "query": urlencode(
            {name: request.GET[name] for name in ("receiver", "currency") if request.GET.get(name)}
        ),
    }
    return TemplateResponse(request, "admin/reports/books.html", context)


def _tenants(staff: Staff) -> Any:
    """The companies in sight; each knows until when the roll-up was level with the documents (`rolled_up_at`)."""
    return with_age(tenants_for(staff))


def _with_closing(tenants: Any, first: date) -> Any:
    """The companies with when the month was closed, as `closings_of` knows it; in the query that is asked anyhow."""
    closing = MonthClosing.objects.filter(tenant=OuterRef("pk"), month=first, state=MonthClosing.State.CLOSED)
    return tenants.annotate(month_closed_at=Subquery(closing.values("closed_at")[:1]))


def _closed_at(tenant: Tenant) -> datetime | None:
    """When the month was closed, if it is."""
    return getattr(tenant, "month_closed_at", None)


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


def _file(request: HttpRequest, book: Book, period: Period, staff: Staff) -> HttpResponseBase:
    require(request, EXPORT)
    form = request.POST.get("form", "")
    with refusals_as_messages(request):
        if form == "xlsx" and book.is_longer_than(period, LONGEST_XLSX_AT_ONCE):
            raise RuleBroken(
                "book_too_long_for_xlsx",
                gettext_noop("El libro pasa de {limit} filas: descárguelo en CSV."),
                limit=LONGEST_XLSX_AT_ONCE,
            )
        filters, back = request.GET.urlencode(), request.get_full_path()
        return hand_out(
            request,
            table_of(book, period, *_as_of(book, period)),
            form,
            staff=staff,
            filters=filters,
            back=back,
        )
    return HttpResponseRedirect(request.get_full_path())


def _as_of(book: Book, period: Period) -> list[str]:
    """What the page says about its moment, for the file."""
    is_rolled_up = book.is_rolled_up and period.is_level
    at = getattr(period.tenant, "rolled_up_at", None) if is_rolled_up else timezone.now()
    facts = [_("Cifras del {moment}.").format(moment=moment(at))]
    if closed_at := _closed_at(period.tenant):
        facts.append(_("Mes cerrado el {moment}.").format(moment=moment(closed_at)) + f" {LATER_FACTS}")
    return facts


def _unrated(page: Shown, staff: Staff) -> list[tuple[str, str]]:
    """The days that lack an exchange rate, each with where it is entered, for whoever may."""
    add = reverse("admin:reports_exchangerate_add") if page.unrated and may(staff, MANAGE_RATES) else ""
    return [
        (
            said(each),
            f"{add}?{urlencode({'date': each.day.isoformat(), 'currency': each.currency})}"
            if add and each.day
            else "",
        )
        for each in page.unrated
    ]


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
    return reverse("reports:month_end_book", args=[*where, slug or BOOKS[0].slug])


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
