"""Handing a document's file to the staff who may see its tenant.

What a provider sent is never shown inside our pages: it leaves as a download, under a name made here, with nothing in it
allowed to run.
"""

import logging
import re
import uuid
from collections.abc import Mapping

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cifras.core.rights import may
from invoicing.models import Attachment

logger = logging.getLogger(__name__)

_UNSAFE = re.compile(r"[^\w.() -]")
_CONTENT_TYPES: Mapping[str, str] = {
    Attachment.Kind.PDF: "application/pdf",
    Attachment.Kind.XML: "application/xml",
}


@never_cache
@require_safe
def download(request: HttpRequest, uid: uuid.UUID) -> HttpResponseBase:
    """The file itself. Unknown files, those of other tenants and of documents one may not look at are 404 alike."""
    if not admin.site.has_permission(request):
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    attachment = (
        Attachment.objects.visible_to(request.user).select_related("document").filter(uid=uid).first()
    )
    if attachment is None or not may(request.user, f"invoicing.view_{attachment.document.face_name}"):
        raise Http404
    try:
        stored = attachment.file.open("rb")
    except FileNotFoundError:
        logger.error("The stored file of attachment %s is missing", attachment.uid)
        raise Http404 from None
    response = FileResponse(
        stored,
        as_attachment=True,
        filename=_UNSAFE.sub("_", attachment.filename),
        content_type=_CONTENT_TYPES.get(attachment.kind, "application/octet-stream"),
    )
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response
