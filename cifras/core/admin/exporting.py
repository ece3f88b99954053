"""A list as a file: the page that asks for the form, and the rows behind it.

Every list says what its file holds (`list_export`), or why it has none. The rows are those of the screen: the same
permissions, filters, search and order, all pages of them.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.doors import GuardedDoorsMixin
from cifras.core.exports.delivering import LONGEST_AT_ONCE, LONGEST_XLSX_AT_ONCE, deliver_list, rows_up_to
from cifras.core.exports.lists import ListExport, NotExported
from cifras.core.exports.source import Source
from cifras.core.models import ExportJob, Staff
from cifras.core.models.export import EXPORT_LISTS
from cifras.core.rights import may

# What an address says about pages and not about rows. The names of the big lists' own paging are with them, too.
_NOT_ABOUT_ROWS = (PAGE_VAR, ALL_VAR, ERROR_FLAG, IS_POPUP_VAR, TO_FIELD_VAR, "after", "before")


class FormChoice(forms.Form):
    """Which form the file shall have."""

    form = forms.ChoiceField(
        choices=[
            (ExportJob.Form.CSV, gettext_lazy("CSV: texto separado por comas, UTF-8")),
            (
                ExportJob.Form.CSV_BOM,
                gettext_lazy("CSV para abrir con Excel: con marca de orden de bytes (BOM)"),
            ),
            (ExportJob.Form.XLSX, gettext_lazy("Excel (XLSX): montos como números, fechas como fechas")),
        ],
        initial=ExportJob.Form.CSV,
        widget=forms.RadioSelect,
        label=gettext_lazy("Formato"),
    )


class ExportDoorMixin(GuardedDoorsMixin):
    """The list's file. `export_right` is asked for besides the right to look at the list."""

    list_export: ClassVar[ListExport | NotExported] = NotExported("nobody has said yet what its file holds")
    export_right: ClassVar[str] = EXPORT_LISTS

    def get_urls(self) -> list[Any]:
        if not isinstance(self.list_export, ListExport):
            return super().get_urls()
        export: Any = self.guarded_view(self.export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", export, name=name), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whether the person may have the list as a file."""
        return (
            isinstance(self.list_export, ListExport)
            and self.has_view_or_change_permission(request)
            and may(request.user, self.export_right)
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {}
        if IS_POPUP_VAR not in request.GET and self.has_export_permission(request):
            more["export_address"] = self._export_address(request.GET.copy())
        return super().changelist_view(request, more | (extra_context or {}))

    def export_view(self, request: HttpRequest) -> HttpResponseBase | None:
        """Asks for the form; a POST answers with the file, or with the page of the job that makes it."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        staff: Any = request.user
        query = _about_rows(request.GET)
        try:
            source = self.export_source(staff, query)
        except IncorrectLookupParameters:
            messages.error(request, _("Los filtros de esta dirección no son válidos: vuelva a elegirlos."))
            return HttpResponseRedirect(self._exported_list_address())
        form = FormChoice(request.POST if request.method == "POST" else None)
        if form.is_valid():
            answer = deliver_list(source, form.cleaned_data["form"], actor=staff)
            return self._to_export_job(request, answer) if isinstance(answer, ExportJob) else answer
        return self._export_page(request, source, form)

    def export_source(self, staff: Staff, query: str) -> Source:
        """The list's rows as `staff` sees them under `query`. Raises PermissionDenied."""
        request = _as_seen_by(staff, query)
        if not isinstance(self.list_export, ListExport) or not self.has_export_permission(request):
            raise PermissionDenied
        rows = self.get_changelist_instance(request).queryset
        return Source(
            self.opts.label_lower, capfirst(self.opts.verbose_name_plural), self.list_export, rows, query
        )

    def _export_page(self, request: HttpRequest, source: Source, form: FormChoice) -> HttpResponse:
        request.current_app = self.admin_site.name
        rows = rows_up_to(source, LONGEST_AT_ONCE + 1)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Exportar {list}").format(list=self.opts.verbose_name_plural),
            "opts": self.opts,
            "form": form,
            "rows": rows,
            "longest": LONGEST_AT_ONCE,
            "longest_xlsx": LONGEST_XLSX_AT_ONCE,
            "is_long": rows > LONGEST_AT_ONCE,
            "is_long_for_xlsx": rows > LONGEST_XLSX_AT_ONCE,
            "is_filtered": bool(source.query),
            "columns": [column.heading for column in source.export.table("").columns],
            "back": f"{self._exported_list_address()}?{source.query}"
            if source.query
            else self._exported_list_address(),
            "jobs_address": reverse(f"{self.admin_site.name}:core_exportjob_changelist"),
        }
        return TemplateResponse(request, "admin/core/export.html", context)

    def _to_export_job(self, request: HttpRequest, job: ExportJob) -> HttpResponse:
        messages.success(request, _("El archivo es largo: se prepara aparte y esta página sigue el avance."))
        name = f"{self.admin_site.name}:core_exportjob_change"
        return HttpResponseRedirect(reverse(name, args=[job.uid]))

    def _export_address(self, asked: QueryDict) -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_export"
        query = _about_rows(asked)
        return f"{reverse(name)}?{query}" if query else reverse(name)

    def _exported_list_address(self) -> str:
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist")


def _about_rows(asked: QueryDict) -> str:
    """The part of an address that says which rows."""
    kept = asked.copy()
    for name in _NOT_ABOUT_ROWS:
        kept.pop(name, None)
    return kept.urlencode()


def _as_seen_by(staff: Staff, query: str) -> HttpRequest:
    """A look at the list by `staff`, whoever makes the file and whenever."""
    request = HttpRequest()
    request.method, request.user, request.GET = "GET", staff, QueryDict(query)
    return request
