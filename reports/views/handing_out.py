"""The same as a file: asked for by a POST to the page that shows it, within the person's hourly limit, and audited."""

from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect

from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.exports import Table
from cifras.core.exports.delivering import deliver
from cifras.core.models import Staff

_FORMS = ("csv", "csv-bom", "xlsx")


def hand_out(
    request: HttpRequest, table: Table, form: str, *, staff: Staff, filters: str, back: str
) -> HttpResponseBase:
    """The table as a download; back to the page, with the reason, where it is refused. Raises Http404 for an unknown form."""
    if form not in _FORMS:
        raise Http404
    with refusals_as_messages(request):
        return deliver(table, form.removesuffix("-bom"), actor=staff, filters=filters, bom=form == "csv-bom")
    return HttpResponseRedirect(back)
