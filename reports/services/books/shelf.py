"""Every book of the month end, in the order in which an accountant takes them."""

from collections.abc import Mapping

from reports.services.books.advances import Advances
from reports.services.books.ageing import Ageing
from reports.services.books.rates import SummaryByRate
from reports.services.books.refunds import Refunds
from reports.services.books.sales import SalesBook
from reports.services.books.sequences import NumberFates, Sequences
from reports.services.books.shapes import Book
from reports.services.books.unauthorised import Unauthorised
from reports.services.books.withholdings import Withholdings

BOOKS: tuple[Book, ...] = (
    SummaryByRate(),
    SalesBook(),
    Withholdings(),
    Advances(),
    Refunds(),
    Sequences(),
    NumberFates(),
    Ageing(),
    Unauthorised(),
)
BOOK_OF: Mapping[str, Book] = {book.slug: book for book in BOOKS}
