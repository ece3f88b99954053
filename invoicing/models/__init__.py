"""What they issue: documents with their two faces, numbering, money, files, news and the append-only ledger."""

from invoicing.models.attachment import Attachment
from invoicing.models.attempt import Attempt
from invoicing.models.correction import Correction
from invoicing.models.delivery import WebhookDelivery
from invoicing.models.document import Credit, Document, Invoice, Received
from invoicing.models.import_batch import ImportBatch, ImportRow
from invoicing.models.incident import Incident, ProviderHealth
from invoicing.models.lanes import LaneGrant
from invoicing.models.ledger import TimelineEvent
from invoicing.models.lines import Instalment, Line, Payment
from invoicing.models.mail import DocumentMail
from invoicing.models.mirror import Mirror, MirroredRow
from invoicing.models.numbering import NumberSeries
from invoicing.models.receiver import Receiver
from invoicing.models.settlement import Settlement
from invoicing.models.webhook_request import WebhookProbe, WebhookRequest

__all__ = [
    "Attachment",
    "Attempt",
    "Correction",
    "Credit",
    "Document",
    "DocumentMail",
    "ImportBatch",
    "ImportRow",
    "Incident",
    "Instalment",
    "Invoice",
    "LaneGrant",
    "Line",
    "Mirror",
    "MirroredRow",
    "NumberSeries",
    "Payment",
    "ProviderHealth",
    "Received",
    "Receiver",
    "Settlement",
    "TimelineEvent",
    "WebhookDelivery",
    "WebhookProbe",
    "WebhookRequest",
]
