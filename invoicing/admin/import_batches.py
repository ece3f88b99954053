"""Importing files: upload, rehearsal, report, import; and registering one document by its CUFE. The work is the workers'."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from cifras.core.admin.badges import Badge
from cifras.core.admin.big_list import ReadOnlyBigListAdmin
from cifras.core.admin.filters import VisibleAutocompleteFilter
from cifras.core.rights import may
from cifras.core.uploads import too_large
from invoicing.admin import exports, import_report
from invoicing.admin.assets import ASSETS
from invoicing.admin.deeds import actor_of
from invoicing.admin.dialogs import refusals_on
from invoicing.admin.figures import as_received, stamp
from invoicing.admin.import_forms import UploadForm
from invoicing.admin.import_register import RegisterDoorMixin
from invoicing.models import ImportBatch
from invoicing.services.importing import run
from invoicing.services.importing.finding import tenant_in
from invoicing.services.importing.samples import SAMPLES, sample_csv, sample_xlsx

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SAMPLES = {"csv": (sample_csv, "text/csv; charset=utf-8"), "xlsx": (sample_xlsx, _XLSX)}


@admin.register(ImportBatch)
class ImportBatchPage(RegisterDoorMixin, ReadOnlyBigListAdmin):
    """Files that were uploaded, newest first. Adding one is uploading it."""

    list_export = exports.BATCHES
    list_display = ("name", "tenant", "standing", "uploaded", "in_charge")
    list_display_links = ("name",)
    list_select_related = ("tenant", "created_by")
    list_filter = (("tenant", VisibleAutocompleteFilter), "stage")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("tenant", "created_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "invoicing.import_document")

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        views: dict[str, Any] = {
            page: self.guarded_view(getattr(self, f"{page}_view"))
            for page in ("fragment", "approve", "report")
        }
        sample: Any = self.guarded_view(self.sample_view)
        return [
            path("sample/<str:sample>.<str:form>", sample, name=f"{name}_sample"),
            *(path(f"<path:object_id>/{page}/", view, name=f"{name}_{page}") for page, view in views.items()),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page on which a file is uploaded. What cannot be read at all is said here; the rest is rehearsed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self._upload_form(request)
        if form.is_valid() and (batch := self._started(request, form)):
            return go_to(request, self.address_of(batch))
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
        samples = [
            (f"{sample}.{ending}", reverse(f"{name}_sample", args=[sample, ending]))
            for sample in SAMPLES
            for ending in _SAMPLES
        ]
        context = {"form": form, "samples": samples, "register_address": reverse(f"{name}_register")}
        return self.show(request, "upload", _("Importar un archivo"), context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        batch = self._seen(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        return self.show(request, "page", str(batch), self._context(request, batch))

    def fragment_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page's changing part, for following the workers."""
        batch = self._seen(request, object_id)
        return TemplateResponse(
            request, "admin/invoicing/import/fragment.html", self._context(request, batch)
        )

    def approve_view(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Import what the rehearsal found fit."""
        batch = self._seen(request, object_id)
        if not may(request.user, "invoicing.import_document"):
            raise PermissionDenied
        if request.method == "POST":
            run.approve(batch, actor=actor_of(request))
            messages.success(request, _("Se importa en seguida; la página sigue el avance."))
        return None

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The whole report as CSV."""
        batch = self._seen(request, object_id)
        response = StreamingHttpResponse(
            import_report.csv_lines(batch), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="importacion-{batch.uid}.csv"'
        return response

    def sample_view(self, request: HttpRequest, sample: str, form: str) -> HttpResponse:
        """A file to begin with."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if sample not in SAMPLES or form not in _SAMPLES:
            raise Http404
        make, content_type = _SAMPLES[form]
        response = HttpResponse(make(sample), content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="{sample}.{form}"'
        return response

    def show(self, request: HttpRequest, page: str, title: str, context: dict[str, Any]) -> HttpResponse:
        """One of the import pages."""
        request.current_app = self.admin_site.name
        frame = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "assets": ASSETS,
            "list_address": reverse(
                f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist"
            ),
        }
        return TemplateResponse(request, f"admin/invoicing/import/{page}.html", frame | context)

    def _upload_form(self, request: HttpRequest) -> UploadForm:
        if request.method != "POST":
            return UploadForm(actor_of(request))
        return UploadForm(actor_of(request), request.POST, request.FILES, too_large=too_large(request))

    def _started(self, request: HttpRequest, form: UploadForm) -> ImportBatch | None:
        file = form.cleaned_data["file"]
        with refusals_on(form):
            tenant = form.cleaned_data["tenant"] or tenant_in(file, actor=actor_of(request))
            return run.start(file, filename=file.name, tenant=tenant, actor=actor_of(request))
        return None

    def _seen(self, request: HttpRequest, object_id: str) -> Any:
        batch: Any = self.require_object(request, object_id)
        if not self.has_view_permission(request, batch):
            raise PermissionDenied
        return batch

    def _context(self, request: HttpRequest, batch: ImportBatch) -> dict[str, Any]:
        only = import_report.ERRORS if request.GET.get("only") == import_report.ERRORS else ""
        after = request.GET.get("after", "")
        shown = import_report.report(
            batch, only=only, after=int(after) if after.isdecimal() and len(after) < 9 else 0
        )
        return {
            **shown,
            "batch": batch,
            "original": batch,
            "filename": as_received(batch.filename, 200),
            "empty_text": import_report.no_rows_text(only),
            "may_import": may(request.user, "invoicing.import_document"),
            "page_address": self.address_of(batch),
            "fragment_address": self.address_of(batch, "fragment"),
            "approve_address": self.address_of(batch, "approve"),
            "report_address": self.address_of(batch, "report"),
        }

    @display(description=gettext_lazy("archivo"))
    def name(self, batch: ImportBatch) -> str:
        return as_received(batch.filename, 200)

    @display(description=gettext_lazy("estado"))
    def standing(self, batch: ImportBatch) -> Badge:
        return import_report.stage_badge(batch)

    @display(description=gettext_lazy("subido"))
    def uploaded(self, batch: ImportBatch) -> Any:
        return stamp(batch.created_at)

    @display(description=gettext_lazy("a cargo de"))
    def in_charge(self, batch: ImportBatch) -> str:
        return str(batch.created_by) if batch.created_by else _("comando")


def go_to(request: HttpRequest, address: str) -> HttpResponse:
    """There; a form that is sent in the background tells its page."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
