"""One table of documents, two faces: `Invoice` and `Credit`.

The row is the outbox: its `submission` and `due_at` say what is to be done, whatever happens to a broker or a worker. Moves
are compare-and-set updates made by the services; `legal_status` is the authority's word and is never guessed. Issuer,
office, receiver and amounts are copies: what was issued never changes.
"""

import uuid
from copy import copy
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cifras.fiscal.document import Comprobante
from cifras.fiscal.lifecycle import MENDABLE, LegalStatus, Submission, VoidStatus
from invoicing.models import choices
from invoicing.models.receiver import Receiver
from tenants.access import TenantScopedQuerySet
from tenants.models import Office, Tenant

SENT = (Submission.QUEUED, Submission.SENDING, Submission.UNKNOWN, Submission.ACCEPTED, Submission.REFUSED)

# What the name of a document and its address are made of, for who reads no more of it.
NAMED = ("uid", "kind", "mode", "number", "external_id", "is_received", "billing_point", "peru")
_REPORTED_WORDS = ("kind", "mode", "submission", "legal_status", "void_status", "environment", "currency")
_REPORTED_SUMS = ("net", "itbms", "isc", "oti", "total")


def money(label: Any, **options: Any) -> "models.DecimalField[Any, Any]":
    """An amount with two decimals in the document's currency."""
    return models.DecimalField(label, max_digits=16, decimal_places=2, default=Decimal(0), **options)


class DocumentQuerySet(TenantScopedQuerySet["Document"]):
    """Documents of every kind."""

    def issued_by_us(self) -> "DocumentQuerySet":
        """The tenants' own documents: what somebody else issued to them is kept apart."""
        return self.filter(is_received=False)


class Document(models.Model):
    """An invoice or a credit note, from its draft to its last status."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="documents"
    )
    office = models.ForeignKey(
        Office, verbose_name=_("sucursal"), on_delete=models.PROTECT, related_name="documents"
    )
    receiver = models.ForeignKey(
        Receiver, verbose_name=_("receptor registrado"), on_delete=models.PROTECT, null=True, blank=True
    )
    kind = models.CharField(_("clase"), max_length=7, choices=choices.Kind)
    mode = models.CharField(_("modo"), max_length=10, choices=choices.Mode, default=choices.Mode.DGI)
    external_id = models.CharField(_("referencia externa"), max_length=100, blank=True)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    replaces = models.ForeignKey(
        "self",
        verbose_name=_("reemplaza a"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replacements",
    )
    is_superseded = models.BooleanField(_("reemplazado"), default=False)
    is_received = models.BooleanField(_("recibido"), default=False, editable=False)
    is_mirrored = models.BooleanField(_("emitido en el PAC"), default=False, db_default=False, editable=False)

    billing_point = models.CharField(_("punto de facturación"), max_length=4, default="001")
    series = models.CharField(_("tipo de la autoridad"), max_length=2, blank=True)
    number = models.CharField(_("número"), max_length=12, blank=True)
    security_code = models.CharField(max_length=9, blank=True, editable=False)
    issue_date = models.DateTimeField(_("emisión"), null=True, blank=True)
    due_date = models.DateField(_("vencimiento"), null=True, blank=True)
    next_due_date = models.DateField(_("próximo vencimiento"), null=True, blank=True, editable=False)

    issuer_data = models.JSONField(_("emisor"), default=dict, editable=False)
    receiver_data = models.JSONField(_("receptor"), default=dict, editable=False)
    receiver_name = models.CharField(_("receptor"), max_length=200, blank=True)
    receiver_ruc = models.CharField(_("RUC del receptor"), max_length=20, blank=True)
    pac_office_id = models.CharField(max_length=50, blank=True, editable=False)
    notes = models.TextField(_("notas"), blank=True)
    currency = models.CharField(_("moneda"), max_length=3, default="PAB")
    payment_time = models.CharField(
        _("momento de pago"), max_length=6, choices=choices.PaymentTime, default=choices.PaymentTime.CASH
    )
    global_discounts = models.JSONField(_("descuentos globales"), default=list, blank=True)
    exportation = models.JSONField(_("exportación"), null=True, blank=True)
    peru = models.JSONField(_("datos del Perú"), null=True, blank=True, editable=False)
    freight = money(_("flete"))
    insurance = money(_("seguro"))
    change = money(_("vuelto"))
    retention_code = models.CharField(_("código de retención"), max_length=1, blank=True)
    retention_amount = models.DecimalField(
        _("retención"), max_digits=16, decimal_places=2, null=True, blank=True
    )
    net = money(_("subtotal"))
    itbms = money(_("ITBMS"))
    isc = money(_("ISC"))
    oti = money(_("otros impuestos"))
    discount_total = money(_("descuentos"))
    total = money(_("total"))
    totals_by_rate = models.JSONField(default=list, editable=False)

    credited = models.ForeignKey(
        "self",
        verbose_name=_("factura"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="credits",
    )
    reference_cufe = models.CharField(_("CUFE de la factura"), max_length=66, blank=True)
    reference_date = models.DateTimeField(_("fecha de la factura"), null=True, blank=True)
    modification_code = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    credited_total = money(_("acreditado"), editable=False)
    settled_total = money(_("cobrado"), editable=False)
    open_before = models.DecimalField(
        _("saldo antes de la nota"), max_digits=16, decimal_places=2, null=True, editable=False
    )

    provider = models.CharField(_("proveedor"), max_length=20, blank=True)
    environment = models.CharField(_("ambiente"), max_length=8, choices=Tenant.Environment)
    pac_company_id = models.CharField(max_length=255, blank=True, editable=False)
    submission = models.CharField(
        _("envío"), max_length=10, choices=choices.SUBMISSIONS, default=Submission.DRAFT.value
    )
    legal_status = models.CharField(
        _("estado legal"), max_length=14, choices=choices.LEGAL_STATUSES, blank=True, default=""
    )
    raw_legal_status = models.CharField(_("palabra del PAC"), max_length=60, blank=True)
    document_id = models.CharField(_("identificador en el PAC"), max_length=255, blank=True)
    cufe = models.CharField(_("CUFE"), max_length=66, blank=True)
    local_cufe = models.CharField(_("CUFE calculado"), max_length=66, blank=True, editable=False)
    protocol = models.CharField(_("protocolo de autorización"), max_length=100, blank=True)
    qr = models.TextField(_("QR"), blank=True)
    payload = models.BinaryField(null=True, editable=False)
    pac_response = models.JSONField(_("última respuesta"), null=True, blank=True, editable=False)
    problems = models.JSONField(_("problemas"), default=list, editable=False)
    warnings = models.JSONField(_("advertencias"), default=list, editable=False)

    flag = models.CharField(_("aviso"), max_length=12, choices=choices.Flag, blank=True, default="")
    conflict = models.JSONField(null=True, editable=False)
    legal_conflict = models.CharField(_("noticia contraria"), max_length=60, blank=True)
    legal_kept = models.CharField(_("noticia contraria desoída"), max_length=60, blank=True, editable=False)
    cufe_differs = models.BooleanField(_("CUFE distinto del calculado"), default=False)
    settled_by_person = models.BooleanField(_("decidido por personas"), default=False, editable=False)
    legal_settled_by_person = models.BooleanField(
        _("estado legal decidido por personas"), default=False, editable=False
    )
    number_fate = models.CharField(
        _("qué fue del número"),
        max_length=24,
        choices=choices.NumberFate,
        blank=True,
        default="",
        editable=False,
    )
    held_reason = models.CharField(_("retenida por"), max_length=200, blank=True)
    due_at = models.DateTimeField(_("próximo paso"), null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts_made = models.PositiveIntegerField(_("intentos"), default=0)
    asks_made = models.PositiveIntegerField(_("consultas"), default=0)
    last_attempt_at = models.DateTimeField(_("último intento"), null=True, blank=True)
    send_by = models.DateTimeField(_("enviar antes de"), null=True, blank=True)
    queued_at = models.DateTimeField(_("en cola desde"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("recibido por el PAC"), null=True, blank=True)
    authorized_at = models.DateTimeField(_("autorizado"), null=True, blank=True)
    has_pdf = models.BooleanField(_("tiene PDF"), default=False)

    void_status = models.CharField(
        _("anulación"), max_length=9, choices=choices.VOID_STATUSES, blank=True, default=""
    )
    void_reason = models.TextField(_("motivo de anulación"), blank=True)
    void_money = models.CharField(
        _("dinero recibido"), max_length=7, choices=choices.MoneyAnswer, blank=True, default=""
    )
    void_deadline = models.DateTimeField(_("plazo de anulación"), null=True, blank=True)
    void_requested_at = models.DateTimeField(null=True, blank=True)
    void_requested_by = models.UUIDField(null=True, blank=True)
    void_called_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(_("anulado"), null=True, blank=True)
    void_due_at = models.DateTimeField(null=True, blank=True)
    void_leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    void_attempts = models.PositiveIntegerField(default=0)
    void_answer = models.JSONField(null=True, blank=True)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("creado por"),
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
    )
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modificado"), auto_now=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("documento")
        verbose_name_plural = _("documentos")
        ordering = ["-id"]
        permissions = [
            ("export_document", _("Puede exportar documentos y su expediente")),
            ("import_document", _("Puede importar y registrar documentos emitidos en otro sistema")),
            (
                "verify_document",
                _("Puede dar por verificado, o borrar, un documento emitido en otro sistema"),
            ),
            ("decide_document", _("Puede proponer y aprobar qué pasó con un documento dudoso")),
            ("overrule_document", _("Puede cambiar el estado legal por el que dice la autoridad")),
            ("catch_up_document", _("Puede poner al día los documentos después de una caída")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["office", "billing_point", "series", "number"],
                # What the provider rejected there has not used its number.
                condition=~Q(number="")
                & Q(is_received=False)
                & ~Q(is_mirrored=True, legal_status=LegalStatus.PAC_REJECTED),
                name="number_once",
            ),
            models.UniqueConstraint(
                fields=["tenant", "kind", "external_id"],
                condition=~Q(external_id="") & Q(is_superseded=False),
                name="external_id_once",
            ),
            models.UniqueConstraint(fields=["tenant", "cufe"], condition=~Q(cufe=""), name="cufe_once"),
            models.UniqueConstraint(
                fields=["provider", "environment", "document_id"],
                condition=~Q(document_id=""),
                name="pac_document_once",
            ),
            models.UniqueConstraint(
                fields=["replaces"], condition=Q(replaces__isnull=False), name="replaced_once"
            ),
            models.CheckConstraint(
                condition=~Q(mode=choices.Mode.PROFORM)
                | Q(submission__in=[Submission.DRAFT, Submission.DISCARDED]),
                name="proforma_is_never_sent",
            ),
            models.CheckConstraint(
                condition=Q(mode=choices.Mode.DGI_IMPORT, submission=Submission.IMPORTED)
                | (
                    ~Q(mode=choices.Mode.DGI_IMPORT)
                    & ~Q(submission=Submission.IMPORTED)
                    & Q(is_received=False)
                ),
                name="imported_stays_imported",
            ),
            models.CheckConstraint(
                condition=~Q(submission__in=SENT)
                | (~Q(number="") & ~Q(security_code="") & Q(payload__isnull=False))
                | (~Q(number="") & Q(is_mirrored=True)),
                name="sent_has_number_and_payload",
            ),
            models.CheckConstraint(
                condition=Q(is_mirrored=False)
                | (
                    Q(mode=choices.Mode.DGI, submission__in=[Submission.ACCEPTED, Submission.REFUSED])
                    & ~Q(document_id="")
                ),
                name="mirrored_is_held_there",
            ),
            models.CheckConstraint(
                condition=Q(legal_status="")
                | Q(submission__in=[Submission.ACCEPTED, Submission.IMPORTED])
                | Q(
                    submission__in=[Submission.REFUSED, Submission.DISCARDED],
                    legal_status=LegalStatus.PAC_REJECTED,
                ),
                name="legal_status_needs_an_answer",
            ),
            models.CheckConstraint(
                condition=Q(void_status="")
                | Q(mode=choices.Mode.DGI, legal_status=LegalStatus.DGI_AUTHORIZED),
                name="only_authorised_is_voided",
            ),
            models.CheckConstraint(
                condition=Q(credited_total__gte=0) & Q(credited_total__lte=F("total")),
                name="credited_within_total",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="document_due"),
            models.Index(
                fields=["provider", "environment", "tenant", "send_by", "due_at"],
                condition=Q(submission=Submission.QUEUED, held_reason=""),
                name="document_queue",
            ),
            models.Index(
                fields=["provider", "environment", "send_by"],
                condition=Q(submission=Submission.QUEUED, held_reason="", send_by__isnull=False),
                name="document_send_by",
            ),
            models.Index(
                fields=["void_due_at"], condition=Q(void_due_at__isnull=False), name="document_void_due"
            ),
            models.Index(fields=["-id"], condition=Q(is_received=True), name="document_received"),
            models.Index(fields=["-id"], condition=Q(is_mirrored=True), name="document_mirrored"),
            models.Index(fields=["kind", "-id"], name="document_kind"),
            models.Index(fields=["tenant", "kind", "-id"], name="document_tenant"),
            models.Index(fields=["legal_status", "kind", "-id"], name="document_legal"),
            models.Index(fields=["submission", "kind", "-id"], name="document_submission"),
            models.Index(fields=["tenant", "issue_date"], name="document_tenant_issued"),
            models.Index(fields=["issue_date"], name="document_issued"),
            # The reports over the running month read the index alone.
            models.Index(
                fields=["tenant", "issue_date"],
                include=[*_REPORTED_WORDS, *_REPORTED_SUMS],
                condition=Q(is_received=False),
                name="document_report",
            ),
            models.Index(fields=["number"], name="document_number"),
            models.Index(fields=["cufe"], name="document_cufe"),
            models.Index(fields=["document_id"], name="document_pac_id"),
            models.Index(fields=["external_id"], name="document_external"),
            models.Index(fields=["receiver_ruc"], name="document_receiver_ruc"),
            models.Index(fields=["tenant"], condition=~Q(legal_conflict=""), name="document_legal_conflict"),
            models.Index(
                fields=["tenant"], condition=Q(void_status=VoidStatus.UNKNOWN), name="document_void_unknown"
            ),
            models.Index(
                fields=["void_deadline"],
                condition=Q(void_status="", void_deadline__isnull=False),
                name="document_void_deadline",
            ),
        ]

    def __str__(self) -> str:
        label = self.kind_label if self.mode != choices.Mode.PROFORM else str(_("Proforma"))
        return f"{label} {self.printed_number or self.external_id or self.uid}"

    @property
    def kind_label(self) -> str:
        """What it is called in its country: of Peru's two sales documents one is a boleta."""
        is_boleta = (self.peru or {}).get("document_kind") == Comprobante.BOLETA
        is_sale = self.kind == choices.Kind.INVOICE
        return str(_("Boleta")) if is_sale and is_boleta else self.get_kind_display()

    @property
    def printed_number(self) -> str:
        """The number as the authority writes it: SUNAT's with its series, F001-12; empty where there is none yet."""
        bare = self.number.lstrip("0")
        return f"{self.billing_point}-{bare}" if self.peru and bare.isdecimal() else self.number

    @property
    def face(self) -> "Invoice | Credit | Received":
        """The same row as the proxy of its kind."""
        row = copy(self)
        if self.is_received:
            row.__class__ = Received
        else:
            row.__class__ = Invoice if self.kind == choices.Kind.INVOICE else Credit
        return row  # type: ignore[return-value]

    @property
    def face_name(self) -> str:
        """The name of the proxy of its kind, as permissions and addresses write it."""
        return "received" if self.is_received else self.kind.lower()

    @property
    def is_mendable(self) -> bool:
        """Whether it may be rewritten and queued: a draft, or what the authority returned, under the same number."""
        return self.submission in MENDABLE

    @property
    def is_voided(self) -> bool:
        """Whether the authority knows it as void."""
        return self.void_status == VoidStatus.VOIDED


class InvoiceManager(models.Manager.from_queryset(DocumentQuerySet)):  # type: ignore[misc]
    """Only invoices."""

    def get_queryset(self) -> DocumentQuerySet:
        queryset: DocumentQuerySet = super().get_queryset()
        return queryset.issued_by_us().filter(kind=choices.Kind.INVOICE)


class CreditManager(models.Manager.from_queryset(DocumentQuerySet)):  # type: ignore[misc]
    """Only credit notes."""

    def get_queryset(self) -> DocumentQuerySet:
        queryset: DocumentQuerySet = super().get_queryset()
        return queryset.issued_by_us().filter(kind=choices.Kind.CREDIT)


class ReceivedManager(models.Manager.from_queryset(DocumentQuerySet)):  # type: ignore[misc]
    """Only what others issued to our tenants."""

    def get_queryset(self) -> DocumentQuerySet:
        queryset: DocumentQuerySet = super().get_queryset()
        return queryset.filter(is_received=True)


class Invoice(Document):
    """A document that sells."""

    objects: ClassVar[InvoiceManager] = InvoiceManager()

    class Meta:
        proxy = True
        verbose_name = _("factura")
        verbose_name_plural = _("facturas")
        permissions = [
            ("issue_invoice", _("Puede emitir facturas")),
            ("void_invoice", _("Puede anular facturas ante la autoridad")),
            ("discard_invoice", _("Puede descartar facturas")),
            ("settle_invoice", _("Puede registrar cobros")),
        ]


class Credit(Document):
    """A document that takes back a sale, wholly or in part."""

    objects: ClassVar[CreditManager] = CreditManager()

    class Meta:
        proxy = True
        verbose_name = _("nota de crédito")
        verbose_name_plural = _("notas de crédito")
        permissions = [
            ("issue_credit", _("Puede emitir notas de crédito")),
            ("void_credit", _("Puede anular notas de crédito ante la autoridad")),
            ("discard_credit", _("Puede descartar notas de crédito")),
        ]


class Received(Document):
    """A document of another issuer, registered by its CUFE: a purchase of the tenant's, never a sale."""

    objects: ClassVar[ReceivedManager] = ReceivedManager()

    class Meta:
        proxy = True
        verbose_name = _("documento recibido")
        verbose_name_plural = _("documentos recibidos")
