"""The staff pages of this app."""

from invoicing.admin import (
    correction_page,
    credit_notes,
    deliveries,
    documents,
    exchanges,
    import_batches,
    incidents,
    invoices,
    mail_pages,
    mirrors,
    number_series,
    received,
    receivers,
    timeline,
)

__all__ = [
    "correction_page",
    "credit_notes",
    "deliveries",
    "documents",
    "exchanges",
    "import_batches",
    "incidents",
    "invoices",
    "mail_pages",
    "mirrors",
    "number_series",
    "received",
    "receivers",
    "timeline",
]
