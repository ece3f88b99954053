"""Addresses of the documents' pages, and what they said."""

import html
import re
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.models import Document

DOORS = ("change", "fragment", "review", "issue", "discard", "void", "refresh", "attach_pdf", "pdf")


def address(document: Document, page: str = "change", *args: Any) -> str:
    return reverse(f"admin:invoicing_{document.kind.lower()}_{page}", args=[document.uid, *args])


def list_address(query: str = "", kind: str = "invoice") -> str:
    return reverse(f"admin:invoicing_{kind}_changelist") + query


def text_of(response: Any) -> str:
    """What a reader sees: without tags, spaces folded."""
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def said(response: Any) -> list[str]:
    """The messages on the page."""
    return [str(message) for message in response.context["messages"]]


# Who is asking, what they may do and see, and the ribbon, kept for seconds: the same on every page of the staff site.
_FRAME = re.compile(
    r'FROM "(core_staffsession|auth_permission|tenants_staffgrant)"|FROM "core_staff" WHERE'
    r'|SELECT DISTINCT "tenants_tenant"."environment"'
)


def queries_of(browser: Client, url: str) -> int:
    """How many queries the page costs beyond session, person and rights."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return sum(1 for query in captured if not _FRAME.search(query["sql"].partition(" WHERE ")[0] + " WHERE"))
