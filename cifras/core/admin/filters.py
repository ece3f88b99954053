"""Filters for the lists of the staff site: scoped, and kind to indexes."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter, RelatedDropdownFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm, SearchForm

DATE_INPUT = forms.DateField(required=False)


def visible(rows: models.QuerySet, staff: Any) -> models.QuerySet:
    """The rows that `staff` may see, where the model's queryset knows how to tell (`visible_to`); else all."""
    scope = getattr(rows, "visible_to", None)
    return scope(staff) if scope else rows


class VisibleRelatedFilter(RelatedDropdownFilter):
    """A foreign key's values, of those that the person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        rows = visible(field.remote_field.model._default_manager.all(), request.user)
        ordering = self.field_admin_ordering(field, request, model_admin)
        if ordering:
            rows = rows.order_by(*ordering)
        return [(row.pk, str(row)) for row in rows]


class VisibleAutocompleteForm(AutocompleteDropdownForm):
    """The theme's form, whose selected value may only be one that the person may see."""

    def __init__(self, request: HttpRequest, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, name, *args, **kwargs)
        self.fields[name].queryset = visible(self.fields[name].queryset.all(), request.user)


class VisibleAutocompleteFilter(AutocompleteSelectFilter, VisibleRelatedFilter):
    """A foreign key with too many values to list: typed, looked up, and scoped."""

    form_class = VisibleAutocompleteForm


class DayRangeFilter(RangeDateFilter):
    """From a day to a day, both included, in the site's zone: `>=` the first midnight and `<` the last, so an index serves."""

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        first, last = self._day("from"), self._day("to")
        if first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": self._start_of(first)})
        if last and last < date.max:
            queryset = queryset.filter(**{f"{self.field_path}__lt": self._start_of(last + timedelta(days=1))})
        return queryset

    def _day(self, end: str) -> date | None:
        return day_in(self.used_parameters.get(f"{self.field_path}_{end}"))

    def _start_of(self, day: date) -> date | datetime:
        if isinstance(self.field, models.DateTimeField):
            return timezone.make_aware(datetime.combine(day, time.min))
        return day


def day_in(typed: Any) -> date | None:
    """The day that somebody typed; None for anything else, of which the filter's own form tells beside the field."""
    try:
        day: date | None = DATE_INPUT.clean(typed)
    except ValidationError:
        return None
    return day


class ExactTextFilter(admin.FieldListFilter):
    """A typed value that the column must equal."""

    template = "unfold/filters/filters_field.html"

    def __init__(self, field: Any, request: HttpRequest, params: dict, *args: Any, **kwargs: Any) -> None:
        self.lookup_kwarg = f"{kwargs['field_path']}__exact"
        super().__init__(field, request, params, *args, **kwargs)

    def expected_parameters(self) -> list[str | None]:
        return [self.lookup_kwarg]

    def value(self) -> str:
        """What was typed; empty when nothing was."""
        typed: Any = self.used_parameters.get(self.lookup_kwarg) or [""]
        return str(typed[-1]).strip().replace("\x00", "")

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(**{self.lookup_kwarg: self.value()}) if self.value() else queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        label = _("Por %(filter_title)s") % {"filter_title": self.title}
        yield {
            "form": SearchForm(name=self.lookup_kwarg, label=label, data={self.lookup_kwarg: self.value()})
        }
