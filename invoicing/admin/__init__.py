"""The staff pages of this app."""

from invoicing.admin import (
    credit_notes,
    deliveries,
    documents,
    exchanges,
    incidents,
    invoices,
    receivers,
    timeline,
)

__all__ = [
    "credit_notes",
    "deliveries",
    "documents",
    "exchanges",
    "incidents",
    "invoices",
    "receivers",
    "timeline",
]
