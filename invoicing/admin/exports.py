"""What the files of this app's lists hold: at least what the list shows, and for documents whatever an accountant needs."""

from typing import Any

from django.db.models import F, Model, OuterRef, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from cifras.core.exports.lists import ListColumn, ListExport, columns_of
from cifras.core.exports.table import CellKind
from invoicing.models import (
    Correction,
    Document,
    DocumentMail,
    ImportBatch,
    Incident,
    NumberSeries,
    Receiver,
    TimelineEvent,
    WebhookDelivery,
)
from invoicing.models.choices import BUSINESS_STATUSES
from invoicing.services import listing
from tenants.models import Exchange, Tenant

RIGHT = "invoicing.export_document"


def _company(model: type[Model], path: str = "tenant") -> tuple[ListColumn, ...]:
    name, ruc = f"{path}__legal_name", f"{path}__ruc"
    return columns_of(model, name, ruc, **{name: _("Empresa"), ruc: _("RUC de la empresa")})


def _of_uid(model: type[Model], uid: str, value: str) -> Subquery:
    """A value of the row that a ledger names by its UUID."""
    return Subquery(model._base_manager.filter(uid=OuterRef(uid)).values(value)[:1])


def _json(path: str) -> Any:
    return Cast(F(path), TextField())


_DOCUMENT = columns_of(
    Document,
    "kind",
    "mode",
    "series",
    "number",
    "billing_point",
    "office__code",
    "issue_date",
    "due_date",
    "cufe",
    office__code=_("Sucursal"),
)
_AMOUNTS = columns_of(
    Document,
    "currency",
    "net",
    "discount_total",
    "itbms",
    "isc",
    "oti",
    "freight",
    "insurance",
    "total",
    "retention_code",
    "retention_amount",
    net=_("Base (subtotal)"),
)
_STATE = columns_of(
    Document,
    "submission",
    "legal_status",
    "raw_legal_status",
    "void_status",
    "voided_at",
    "void_reason",
    "void_deadline",
    "authorized_at",
    "protocol",
    "document_id",
    "external_id",
    "provider",
    "environment",
    "payment_time",
    "has_pdf",
    "notes",
    "created_by__username",
    "created_at",
    "uid",
    created_by__username=_("Creado por"),
)
_MONEY = (
    ListColumn(_("Acreditado"), "credited_total", CellKind.MONEY),
    ListColumn(_("Cobrado"), "settled_total", CellKind.MONEY),
    ListColumn(_("Saldo"), "balance", CellKind.MONEY),
    ListColumn(_("Estado del negocio"), "business_word", words=dict(BUSINESS_STATUSES)),
)
_CREDITED = columns_of(
    Document,
    "credited__number",
    "reference_cufe",
    "reference_date",
    credited__number=_("Número de la factura"),
)
_RECEIVER = columns_of(
    Document, "receiver_name", "receiver_ruc", receiver_name=_("Receptor"), receiver_ruc=_("RUC del receptor")
)

INVOICES = ListExport(
    "facturas",
    (*_company(Document), *_DOCUMENT, *_RECEIVER, *_AMOUNTS, *_MONEY, *_STATE),
    prepare=listing.with_words,
)
CREDITS = ListExport(
    "notas-de-credito",
    (*_company(Document), *_DOCUMENT, *_RECEIVER, *_CREDITED, *_AMOUNTS, *_MONEY, *_STATE),
    prepare=listing.with_words,
)
RECEIVED = ListExport(
    "recibidos",
    (
        *_company(Document),
        *_DOCUMENT,
        ListColumn(_("Emisor"), KT("issuer_data__name")),
        ListColumn(_("RUC del emisor"), KT("issuer_data__ruc")),
        *_CREDITED,
        *_AMOUNTS,
        *_STATE,
    ),
)
RECEIVERS = ListExport(
    "receptores",
    (
        *_company(Receiver),
        *columns_of(
            Receiver,
            "code",
            "name",
            "type",
            "contributor",
            "ruc",
            "dv",
            "address",
            "location",
            "country",
            "foreign_number",
            "foreign_country",
            "withholds",
            "retention_code",
        ),
        ListColumn(_("Teléfonos"), _json("telephones")),
        ListColumn(_("Correos"), _json("emails")),
        *columns_of(Receiver, "created_at", "uid"),
    ),
)
NUMBER_SERIES = ListExport(
    "numeracion",
    (
        *_company(NumberSeries, "office__tenant"),
        *columns_of(
            NumberSeries,
            "office__code",
            "billing_point",
            "series",
            "next_number",
            "gap_count",
            "checked_to",
            "checked_at",
            office__code=_("Sucursal"),
        ),
    ),
)
CORRECTIONS = ListExport(
    "correcciones",
    (
        *_company(Correction),
        *columns_of(
            Correction,
            "original__number",
            "way",
            "state",
            "reason",
            "money",
            "credit__number",
            "replacement__number",
            "issues_itself",
            "started_by__username",
            "started_at",
            "ended_at",
            "ended_by",
            "end_reason",
            "uid",
            original__number=_("Factura"),
            credit__number=_("Nota de crédito"),
            replacement__number=_("La que la reemplaza"),
            started_by__username=_("Iniciada por"),
        ),
    ),
)
INCIDENTS = ListExport(
    "incidencias",
    (
        *_company(Incident),
        *columns_of(
            Incident,
            "code",
            "message",
            "provider_words",
            "http_status",
            "times_seen",
            "opened_at",
            "released_at",
            "released_by",
            "uid",
        ),
    ),
)
DELIVERIES = ListExport(
    "entregas-de-webhooks",
    (
        *_company(WebhookDelivery),
        *columns_of(
            WebhookDelivery,
            "received_at",
            "verdict",
            "state",
            "effect",
            "raw_legal_status",
            "pac_document_id",
            "document_uid",
            "ip",
            "attempts",
            "processed_at",
            "uid",
        ),
    ),
)
MAILS = ListExport(
    "correos",
    (
        *_company(DocumentMail),
        *columns_of(
            DocumentMail,
            "created_at",
            "requested_name",
            "document__number",
            "purpose",
            "channel",
            "address",
            "is_automatic",
            "state",
            "attempts",
            "sent_at",
            "error",
            "uid",
            document__number=_("Documento"),
        ),
    ),
)
BATCHES = ListExport(
    "importaciones",
    (
        *_company(ImportBatch),
        *columns_of(
            ImportBatch,
            "filename",
            "sha256",
            "size_bytes",
            "stage",
            "created_by__username",
            "created_at",
            "finished_at",
            "uid",
            created_by__username=_("Subido por"),
        ),
    ),
)
_LEDGER = (
    ListColumn(_("Empresa"), _of_uid(Tenant, "tenant_uid", "legal_name")),
    ListColumn(_("Documento"), _of_uid(Document, "document_uid", "number")),
)
# Without the bodies and headers: those are read one by one.
EXCHANGES = ListExport(
    "intercambios-pac",
    (
        *columns_of(
            Exchange,
            "started_at",
            "provider",
            "operation",
            "attempt",
            "method",
            "url",
            "status",
            "error",
            "duration_ms",
        ),
        *_LEDGER,
        *columns_of(Exchange, "tenant_uid", "document_uid", "correlation_id", "uid"),
    ),
)
TIMELINE = ListExport(
    "linea-de-tiempo",
    (
        *columns_of(TimelineEvent, "at", "code"),
        ListColumn(_("Detalle"), _json("detail")),
        *_LEDGER,
        *columns_of(
            TimelineEvent,
            "actor_name",
            "tenant_uid",
            "document_uid",
            "exchange_uid",
            "correlation_id",
            "uid",
        ),
    ),
)
