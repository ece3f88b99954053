"""The tabs of a document's page. Each is an address of its own and reads only what it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.models import AuditEntry
from cifras.core.rights import may
from invoicing.admin.document_money import settlements
from invoicing.admin.document_summary import summary
from invoicing.admin.figures import as_received, moment, second
from invoicing.admin.happenings import told
from invoicing.admin.mail_shown import mails_of, rows_of
from invoicing.admin.words import words_of
from invoicing.models import Document, TimelineEvent
from tenants.models import Exchange

_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: its word in the address, its title, the right it needs beyond the page's own, and what it shows."""

    name: str
    title: Any
    icon: str
    permission: str
    read: Callable[[Document, Any], dict[str, Any]]


def tabs_for(staff: Any) -> list[Tab]:
    """The tabs that `staff` may open."""
    return [tab for tab in TABS if not tab.permission or may(staff, tab.permission)]


def timeline(document: Document, staff: Any) -> dict[str, Any]:
    """What happened, newest first."""
    events = TimelineEvent.objects.visible_to(staff).filter(document_uid=document.uid)[: _MOST_ROWS + 1]
    links = may(staff, "tenants.view_exchange")
    rows = [
        {
            "event": event,
            "told": told(event, document.currency, words_of(document).legal),
            "exchange": _exchange_address(document, event.exchange_uid)
            if links and event.exchange_uid
            else "",
        }
        for event in events
    ]
    return {"happenings": rows[:_MOST_ROWS], "is_cut": len(rows) > _MOST_ROWS}


def files(document: Document, staff: Any) -> dict[str, Any]:
    """PDF and XML, each with its hash; the mails that carried them; and the evidence, for those who may take it out."""
    rows = [
        {
            "row": row,
            "size": _("{kb} KB").format(kb=f"{max(row.size_bytes / 1024, 0.1):,.1f}"),
            "at": moment(row.created_at),
            "address": reverse("invoicing:file", args=[row.uid]),
        }
        for row in document.attachments.all()
    ]
    kind = document.face_name
    return {
        "files": rows,
        "mails": rows_of(mails_of(document), staff),
        "evidence": reverse(f"admin:invoicing_{kind}_evidence", args=[document.uid])
        if may(staff, "invoicing.export_document")
        else "",
    }


def exchanges(document: Document, staff: Any) -> dict[str, Any]:
    """What was said to the PAC, newest first; bodies are fetched one by one when they are opened."""
    rows = (
        Exchange.objects.visible_to(staff)
        .filter(document_uid=document.uid)
        .defer("request_body", "response_body", "request_headers", "response_headers")
    )
    return {
        "exchanges": [
            {
                "row": row,
                "at": second(row.started_at),
                "is_bad": row.status is None or row.status >= 400,
                "said": row.status or as_received(row.error, 60) or "—",
                "address": _exchange_address(document, row.uid),
            }
            for row in rows[:_MOST_ROWS]
        ]
    }


def audit_trail(document: Document, staff: Any) -> dict[str, Any]:
    """The acts on this document in the audit trail."""
    entries = AuditEntry.objects.visible_to(staff).filter(object_uid=document.uid)[:_MOST_ROWS]
    return {
        "entries": [
            {
                "row": entry,
                "at": second(entry.at),
                "address": reverse("admin:core_auditentry_change", args=[entry.pk]),
            }
            for entry in entries
        ]
    }


TABS = (
    Tab("summary", gettext_lazy("Resumen"), "receipt_long", "", summary),
    Tab("money", gettext_lazy("Cobros"), "payments", "invoicing.view_settlement", settlements),
    Tab("timeline", gettext_lazy("Línea de tiempo"), "timeline", "invoicing.view_timelineevent", timeline),
    Tab("files", gettext_lazy("Archivos"), "attach_file", "", files),
    Tab("exchanges", gettext_lazy("Intercambios PAC"), "swap_horiz", "tenants.view_exchange", exchanges),
    Tab("audit", gettext_lazy("Auditoría"), "policy", "core.view_auditentry", audit_trail),
)


def _exchange_address(document: Document, uid: Any) -> str:
    name = f"admin:invoicing_{document.face_name}_exchange"
    return reverse(name, args=[document.uid, uid])
