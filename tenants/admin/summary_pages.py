"""A company on paper: a page to print, the same as a file, and who may see it."""

import csv
import io
import json
import re
from typing import Any

from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.fiscal.zones import written
from tenants.admin.act_page import ASSETS, ActPageMixin
from tenants.admin.actors import actor_of
from tenants.admin.badges import affiliation_badge, environment_badge, expiry, registration_badge, state_badge
from tenants.models import Tenant
from tenants.services import pending_steps
from tenants.services.sight import seers_of
from tenants.services.summary import FORMATS, export_summary, rows_of

VIEW, VIEW_GRANTS = "tenants.view_tenant", "tenants.view_staffgrant"
_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
_ON_PAPER = Media(css={"print": ("cifras/print.css",)})
_UNSAFE = re.compile(r"[^0-9A-Za-z-]")
# What a spreadsheet would run as a formula, also behind blanks.
_FORMULA = re.compile(r"^[\s\x00]*[=+\-@]|^[\t\r\x00]")


class SummaryPagesMixin(ActPageMixin):
    """The paper, its files, and who sees the company."""

    def summary_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page to print."""
        tenant = self.permitted(request, object_id, VIEW)
        may_know = request.user.has_perm(VIEW_GRANTS)
        return self._paper(
            request,
            tenant,
            "admin/tenants/tenant/summary.html",
            title=_("Resumen de la empresa"),
            badges=[state_badge(tenant), environment_badge(tenant), affiliation_badge(tenant)],
            pending=pending_steps(tenant),
            offices=[(office, registration_badge(office)) for office in tenant.offices.all()],
            certificates=[(row, expiry(row)) for row in tenant.certificates.all()],
            seers=seers_of(tenant) if may_know else None,
            formats=FORMATS if may_know else (),
            download=self.address_of(tenant, "summary_file"),
            printed_at=written(timezone.now()),
        )

    def summary_file_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The same as a file, which the audit trail remembers: so it takes a POST."""
        tenant = self.permitted(request, object_id, VIEW, VIEW_GRANTS)
        return self._file(request, tenant)

    def who_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everybody who sees the company now, and through what."""
        tenant = self.permitted(request, object_id, VIEW, VIEW_GRANTS)
        return self._paper(
            request,
            tenant,
            "admin/tenants/tenant/who.html",
            title=_("Quién puede ver esta empresa"),
            seers=seers_of(tenant),
        )

    def _file(self, request: HttpRequest, tenant: Tenant) -> HttpResponse:
        wanted = request.POST.get("format", "")
        if request.method != "POST" or wanted not in FORMATS:
            raise Http404
        summary = export_summary(tenant, wanted, actor=actor_of(request))
        content = (
            json.dumps(summary, ensure_ascii=False, indent=2)
            if wanted == "json"
            else _as_csv(rows_of(summary))
        )
        name = _UNSAFE.sub("_", f"{tenant.ruc}-{tenant.environment}")
        response = HttpResponse(content, content_type=_TYPES[wanted])
        response["Content-Disposition"] = f'attachment; filename="{name}.{wanted}"'
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "no-store"
        return response

    def _paper(self, request: HttpRequest, tenant: Tenant, template: str, **context: Any) -> HttpResponse:
        request.current_app = self.admin_site.name
        frame = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": tenant,
            "tenant": tenant,
            "assets": ASSETS + _ON_PAPER,
            "back": self.address_of(tenant),
        }
        return TemplateResponse(request, template, frame | context)


def _as_csv(rows: Any) -> str:
    written_rows = io.StringIO()
    writer = csv.writer(written_rows)
    writer.writerow(["field", "value"])
    writer.writerows((name, f"'{value}" if _FORMULA.match(value) else value) for name, value in rows)
    return "\ufeff" + written_rows.getvalue()
