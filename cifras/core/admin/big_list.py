"""Lists of millions of rows that open as fast as lists of a hundred.

Never a count, never OFFSET, never `icontains`: pages by key, orders and filters over indexed columns, and a search that looks
at the shape of what was typed and asks the one index that knows it. An identifier that names a single row opens its page.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, SEARCH_VAR
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.paginator import InfinitePaginator

from cifras.core.admin.keyset import Order, page_of
from cifras.core.admin.scoping import AddressedChangeList
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin, StaffAdmin

AFTER_VAR, BEFORE_VAR = "after", "before"


class SearchRoute(NamedTuple):
    """What is typed in this shape (the whole of it) is looked up so. `opens`: a single hit opens its page at once."""

    pattern: re.Pattern[str]
    lookup: str
    opens: bool = False


class UncountedPaginator(InfinitePaginator):
    """Neither the list nor the autocomplete box counts. The list draws its own previous and next."""

    template_name = "admin/big_list/pagination.html"


class KeysetChangeList(AddressedChangeList):
    """A page of the list by key. `previous_url` and `next_url` are empty at the ends."""

    previous_url = next_url = ""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet:
        for name in (AFTER_VAR, BEFORE_VAR, ALL_VAR):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        page = page_of(
            self.queryset,
            self.keyset_order(),
            self.list_per_page,
            after=request.GET.get(AFTER_VAR, ""),
            before=request.GET.get(BEFORE_VAR, ""),
        )
        self.result_list = page.rows
        self.previous_url = self.get_query_string({BEFORE_VAR: page.before}) if page.before else ""
        self.next_url = self.get_query_string({AFTER_VAR: page.after}) if page.after else ""
        self.result_count = self.full_result_count = len(page.rows)  # alike, so that the theme shows neither
        self.show_full_result_count, self.show_admin_actions = False, True
        self.can_show_all, self.show_all, self.multi_page = (
            False,
            False,
            bool(self.previous_url or self.next_url),
        )
        self.paginator = UncountedPaginator(self.queryset, self.list_per_page)

    def get_ordering(self, request: HttpRequest, queryset: models.QuerySet) -> list[str]:
        return self.keyset_order().ordering()

    def get_ordering_field_columns(self) -> dict[int, str]:
        order = self.keyset_order()
        for index, name in enumerate(self.list_display):
            if self.get_ordering_field(name) == order.column:
                return {index: "desc" if order.descending else "asc"}
        return {}

    def keyset_order(self) -> Order:
        """The column that was asked for, if it is an allowed one, else the page's own order."""
        _before, minus, index = self.params.get(ORDER_VAR, "").split(".")[0].rpartition("-")
        if index.isdecimal() and int(index) < len(self.list_display):
            column = self.get_ordering_field(self.list_display[int(index)])
            if column in self.model_admin.indexed_ordering:
                return Order(self.model, column, descending=bool(minus))
        first = self.model_admin.ordering[0]
        return Order(self.model, first.lstrip("-"), descending=first.startswith("-"))


class BigListMixin(StaffAdmin):
    """The list of a large table.

    `indexed_ordering`: columns, never NULL, with an index on (column, id); `ordering` names one of them and is the default.
    `search_routes`: tried in turn; the first whose shape fits and that finds anything answers.
    """

    indexed_ordering: tuple[str, ...] = ("id",)
    ordering = ("-id",)
    search_routes: tuple[SearchRoute, ...] = ()

    paginator = UncountedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    date_hierarchy = None
    list_disable_select_all = True
    list_filter_submit = True

    def __init__(self, model: type[models.Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        self.search_fields = tuple(route.lookup for route in self.search_routes)  # type: ignore[misc]
        for column in {*self.indexed_ordering, self.ordering[0].lstrip("-")} - {"pk"}:
            if column not in self.indexed_ordering or model._meta.get_field(column).null:
                raise ImproperlyConfigured(f"{type(self).__name__} cannot be ordered by {column}.")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> Paginator:
        kind = self.paginator if getattr(queryset, "model", None) is self.model else Paginator
        return kind(queryset, per_page, *args, **kwargs)

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        return [
            name
            for name in self.get_list_display(request)
            if self._column_behind(name) in self.indexed_ordering
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        hit = self._direct_hit(request)
        return (
            HttpResponseRedirect(self.address_of(hit))
            if hit
            else super().changelist_view(request, extra_context)
        )

    def response_action(
        self, request: HttpRequest, queryset: models.QuerySet, *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        posted = request.POST.copy()
        posted["select_across"] = "0"  # an act on "all of them" has no place among millions
        request.POST = posted  # type: ignore[assignment]
        return super().response_action(request, queryset, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        for lookup in self._lookups_for(search_term):
            found = queryset.filter(**lookup)
            if found.order_by().exists():
                return found, False
        return queryset.none(), False

    def _direct_hit(self, request: HttpRequest) -> models.Model | None:
        term = request.GET.get(SEARCH_VAR, "")
        if request.method != "GET" or not term or IS_POPUP_VAR in request.GET:
            return None
        if not self.has_view_or_change_permission(request):
            return None
        # What an address needs; the page reads the rest.
        names = ("pk", "uid") if self._uid_field() else ("pk",)
        for lookup in self._lookups_for(term, only_opening=True):
            hits = list(self.get_queryset(request).filter(**lookup).order_by().values(*names)[:2])
            if len(hits) == 1:
                return self.model(**hits[0])
        return None

    def _lookups_for(self, term: str, *, only_opening: bool = False) -> Iterator[dict[str, str]]:
        text = term.strip()
        for route in self.search_routes:
            if (route.opens or not only_opening) and "\x00" not in text and route.pattern.fullmatch(text):
                yield {route.lookup: text}

    def _column_behind(self, name: Any) -> str:
        """The column that a list column is ordered by: itself, or what its `ordering` says."""
        shown = name if callable(name) else getattr(self, name, None)
        return getattr(shown, "admin_order_field", name) if shown is not None else name


class BigListAdmin(BigListMixin):
    """A page with a big list."""


class ReadOnlyBigListAdmin(BigListMixin, ReadOnlyStaffAdmin):
    """A big list to look at."""
