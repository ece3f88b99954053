"""Books of documents, by issue date and number: a page is the rows next to a given one, so the last costs what the first does."""

import json
from abc import abstractmethod
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from invoicing.models import Document
from invoicing.models.document import DocumentQuerySet
from reports.services.books.shapes import PAGE, Book, Foot, Page, Period, Place, Row

ORDER = ("issue_date", "number", "pk")
_BACKWARDS = tuple(f"-{name}" for name in ORDER)
_ROWS_AT_ONCE = 2_000


class DocumentBook(Book):
    """A book whose rows are documents: streamed to a file, a hundred at a time on a screen."""

    @abstractmethod
    def documents(self, period: Period) -> DocumentQuerySet:
        """The documents of the book, with all that a row says."""

    @abstractmethod
    def row(self, period: Period, document: Document) -> Row:
        """The document's line."""

    @abstractmethod
    def foot(self, period: Period) -> Foot:
        """The sums of the whole book."""

    def rows(self, period: Period) -> Iterator[Row]:
        ordered = self.documents(period).order_by(*ORDER)
        return (self.row(period, each) for each in ordered.iterator(chunk_size=_ROWS_AT_ONCE))

    def is_longer_than(self, period: Period, most: int) -> bool:
        return self.documents(period).order_by()[: most + 1].values("pk").count() > most

    def page(self, period: Period, place: Place) -> Page:
        found, before, after = documents_at(self.documents(period), place)
        return Page([self.row(period, each) for each in found], self.foot(period), before, after)


def documents_at(rows: DocumentQuerySet, place: Place, size: int = PAGE) -> tuple[list[Document], str, str]:
    """The documents of a page and the places of its neighbours: one query, never a count.

    A place that is none of ours, or that nothing stands beyond any more, is the first page.
    """
    spot = _spot(place.before or place.after)
    if spot and place.before:
        found = list(rows.filter(_beyond(spot, "lt")).order_by(*_BACKWARDS)[: size + 1])
        if len(found) >= size:
            shown = found[:size][::-1]
            return shown, _token(shown[0]) if len(found) > size else "", _token(shown[-1])
    elif spot:
        found = list(rows.filter(_beyond(spot, "gt")).order_by(*ORDER)[: size + 1])
        if found:
            return found[:size], _token(found[0]), _token(found[size - 1]) if len(found) > size else ""
    found = list(rows.order_by(*ORDER)[: size + 1])
    return found[:size], "", _token(found[size - 1]) if len(found) > size else ""


def _beyond(spot: tuple[Any, ...], than: str) -> Q:
    moment, number, key = spot
    later = Q(**{f"issue_date__{than}": moment})
    same_moment = Q(issue_date=moment) & Q(**{f"number__{than}": number})
    same_number = Q(issue_date=moment, number=number) & Q(**{f"pk__{than}": key})
    return Q(**{f"issue_date__{than}e": moment}) & (later | same_moment | same_number)


def _token(document: Document) -> str:
    moment = document.issue_date.isoformat() if document.issue_date else ""
    text = json.dumps([moment, document.number, document.pk])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _spot(token: str) -> tuple[Any, ...] | None:
    try:
        moment, number, key = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        spot = datetime.fromisoformat(moment), str(number)[:20], int(key)
    except (Base64Error, ValueError, TypeError):
        return None
    is_sound = spot[0].tzinfo is not None and "\x00" not in spot[1] and 0 <= spot[2] < 2**63
    return spot if is_sound else None
