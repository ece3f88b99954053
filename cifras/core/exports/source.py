"""What a list's file is made of: the list as somebody sees it under an address, without its pages."""

from dataclasses import dataclass
from typing import Any, Protocol, cast

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from cifras.core.exports.lists import ListExport
from cifras.core.models import Staff


@dataclass(frozen=True)
class Source:
    """The rows of a list, in its order, with all its filters; `list_name` is the model's ("invoicing.invoice")."""

    list_name: str
    title: Any
    export: ListExport
    rows: "QuerySet[Any]"
    query: str


class ExportingPage(Protocol):
    """A page of the staff site whose list may be had as a file."""

    def export_source(self, staff: Staff, query: str) -> Source:
        """The rows that `staff` sees on the list under `query`. Raises PermissionDenied."""


def source_of(list_name: str, *, staff: Staff, query: str) -> Source:
    """The list's rows for `staff`. Raises PermissionDenied, also for a list that is there no more or has no file."""
    try:
        page = admin.site._registry.get(apps.get_model(list_name))
    except LookupError:
        page = None
    if not hasattr(page, "export_source"):
        raise PermissionDenied
    return cast(ExportingPage, page).export_source(staff, query)
