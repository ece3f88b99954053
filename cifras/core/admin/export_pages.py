"""My exports: the long files that a person has asked for, how far they are, and the link to each."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.forms import Media
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from cifras.core.admin.exporting import ExportDoorMixin
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from cifras.core.exports import jobs
from cifras.core.exports.downloads import attached
from cifras.core.exports.lists import NotExported
from cifras.core.models import ExportJob
from cifras.core.rights import may

ASSETS = Media(css={"all": ("cifras/documents.css", "cifras/pages.css")})
State = ExportJob.State
_LOOKS = {
    State.QUEUED: ("schedule", BLUE),
    State.RUNNING: ("sync", BLUE),
    State.DONE: ("check_circle", GREEN),
    State.FAILED: ("error", RED),
    State.EXPIRED: ("hourglass_disabled", GREY),
}


@admin.register(ExportJob)
class ExportJobPage(ReadOnlyStaffAdmin):
    """A person's own files; those of others are not there."""

    list_display = ("what", "condition", "form", "rows_shown", "created_at", "expires_at")
    list_filter = ("state",)
    list_filter_submit = True
    ordering = ("-id",)
    list_export = NotExported("it is the list of the files themselves")

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.owned_by(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_have_files(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        file: Any = self.guarded_view(self.file_view)
        fragment: Any = self.guarded_view(self.fragment_view)
        return [
            path("<path:object_id>/file/", file, name=f"{name}_file"),
            path("<path:object_id>/fragment/", fragment, name=f"{name}_fragment"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = self._seen(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | self._context(job)
        return TemplateResponse(request, "admin/core/export_job/page.html", context)

    def fragment_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page's changing part, for following the workers."""
        job = self._seen(request, object_id)
        return TemplateResponse(request, "admin/core/export_job/fragment.html", self._context(job))

    def file_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The file, for its owner, who may still have the list and sees every tenant it may speak of."""
        job = self._seen(request, object_id)
        staff: Any = request.user
        jobs.require_still_allowed(job, staff)
        if job.state != State.DONE:
            raise Http404
        try:
            stored = default_storage.open(job.file.name, "rb")
        except FileNotFoundError:
            raise Http404 from None
        jobs.downloaded(job, staff)
        return attached(FileResponse(stored), _file_name(self.admin_site, job), _ending(job))

    def _seen(self, request: HttpRequest, object_id: str) -> Any:
        job: Any = self.require_object(request, object_id)
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return job

    def _context(self, job: ExportJob) -> dict[str, Any]:
        return {
            "title": job.title,
            "opts": self.opts,
            "original": job,
            "assets": ASSETS,
            "job": job,
            "badge": self.condition(job),
            "filters": [f"{name}: {', '.join(values)}" for name, values in QueryDict(job.query).lists()],
            "file_address": self.address_of(job, "file"),
            "fragment_address": self.address_of(job, "fragment"),
            "list_address": reverse(f"{self.admin_site.name}:core_exportjob_changelist"),
        }

    @display(description=_("lista"))
    def what(self, job: ExportJob) -> str:
        return job.title

    @display(description=_("estado"), ordering="state")
    def condition(self, job: ExportJob) -> Badge:
        icon, tone = _LOOKS.get(State(job.state), ("help", AMBER))
        return Badge(job.get_state_display(), icon, tone)

    @display(description=_("filas"))
    def rows_shown(self, job: ExportJob) -> str:
        return f"{job.rows_written:,}" if job.rows_written or job.state == State.DONE else "—"


def may_have_files(request: HttpRequest) -> bool:
    """Whether the person may have any list of the staff site as a file: the rule of the page and of the menu."""
    pages = admin.site._registry.values()
    rights = {page.export_right for page in pages if isinstance(page, ExportDoorMixin)}
    return any(may(request.user, right) for right in rights)


def _file_name(site: admin.AdminSite, job: ExportJob) -> str:
    page: Any = site._registry[apps.get_model(job.list_name)]
    return f"{page.list_export.name}-{job.created_at:%Y-%m-%d}"


def _ending(job: ExportJob) -> str:
    return "xlsx" if job.form == ExportJob.Form.XLSX else "csv"
