"""What they issue: documents with their two faces, numbering, money, files, news and the append-only ledger."""

from invoicing.models.attachment import Attachment
from invoicing.models.attempt import Attempt
from invoicing.models.delivery import WebhookDelivery
from invoicing.models.document import Credit, Document, Invoice
from invoicing.models.incident import Incident, ProviderHealth
from invoicing.models.ledger import TimelineEvent
from invoicing.models.lines import Instalment, Line, Payment
from invoicing.models.numbering import NumberSeries
from invoicing.models.receiver import Receiver
from invoicing.models.settlement import Settlement

__all__ = [
    "Attachment",
    "Attempt",
    "Credit",
    "Document",
    "Incident",
    "Instalment",
    "Invoice",
    "Line",
    "NumberSeries",
    "Payment",
    "ProviderHealth",
    "Receiver",
    "Settlement",
    "TimelineEvent",
    "WebhookDelivery",
]
