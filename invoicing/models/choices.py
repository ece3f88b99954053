"""The words staff see for statuses and kinds, beside the law's enums."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cifras.fiscal import document
from cifras.fiscal.lifecycle import BusinessStatus, LegalStatus, Submission, VoidStatus


class Kind(models.TextChoices):
    INVOICE = document.Kind.INVOICE.value, _("Factura")
    CREDIT = document.Kind.CREDIT.value, _("Nota de crédito")


class Mode(models.TextChoices):
    PROFORM = document.Mode.PROFORM.value, _("Proforma")
    DGI = document.Mode.DGI.value, _("Ante la DGI")
    DGI_IMPORT = document.Mode.DGI_IMPORT.value, _("Emitida en otro sistema")


class PaymentTime(models.TextChoices):
    CASH = document.PaymentTime.CASH.value, _("Al contado")
    CREDIT = document.PaymentTime.CREDIT.value, _("A crédito")
    MIXED = document.PaymentTime.MIXED.value, _("Mixto")


class Flag(models.TextChoices):
    """Why an unconfirmed document needs a person."""

    EXISTS_NO_ID = "EXISTS_NO_ID", _("Existe en el PAC, sin identificador")
    CONFLICT = "CONFLICT", _("El PAC tiene otro documento con este número")


class NumberFate(models.TextChoices):
    """What became of a number, where only a person could say it."""

    TAKEN = "taken", _("Ocupado por otro documento")
    NOT_CONSUMED = "rejected-not-consumed", _("Rechazado sin consumir el número")


class MoneyAnswer(models.TextChoices):
    """What becomes of the money already received when its document loses its effect."""

    REFUND = "refund", _("Devolverlo al cliente")
    MOVE = "move", _("Pasarlo al documento que lo reemplaza")
    BALANCE = "balance", _("Dejarlo como saldo a favor del cliente")


SUBMISSIONS = [
    (Submission.DRAFT.value, _("Borrador")),
    (Submission.QUEUED.value, _("En cola")),
    (Submission.SENDING.value, _("Enviando")),
    (Submission.UNKNOWN.value, _("Sin confirmar")),
    (Submission.ACCEPTED.value, _("Recibida por el PAC")),
    (Submission.REFUSED.value, _("Rechazada al enviar")),
    (Submission.RETURNED.value, _("No recibida: corregir")),
    (Submission.IMPORTED.value, _("Importada")),
    (Submission.DISCARDED.value, _("Descartada")),
]
LEGAL_STATUSES = [
    (LegalStatus.PAC_AUTHORIZED.value, _("Autorizada por PAC")),
    (LegalStatus.DGI_AUTHORIZED.value, _("Autorizada por DGI")),
    (LegalStatus.PAC_REJECTED.value, _("Rechazada por PAC")),
    (LegalStatus.DGI_REJECTED.value, _("Rechazada por DGI")),
]
VOID_STATUSES = [
    (VoidStatus.REQUESTED.value, _("Anulación pedida")),
    (VoidStatus.VOIDED.value, _("Anulada")),
    (VoidStatus.REFUSED.value, _("Anulación rechazada")),
    (VoidStatus.UNKNOWN.value, _("Anulación sin confirmar")),
]
BUSINESS_STATUSES = [
    (BusinessStatus.UNPAID.value, _("Por cobrar")),
    (BusinessStatus.PARTIALLY_PAID.value, _("Pago parcial")),
    (BusinessStatus.PAID.value, _("Pagada")),
    (BusinessStatus.OVERPAID.value, _("Pagada de más (saldo a favor)")),
    (BusinessStatus.PAST_DUE.value, _("Cobro vencido")),
    (BusinessStatus.PARTIALLY_CANCELED.value, _("Acreditada en parte")),
    (BusinessStatus.CANCELED.value, _("Acreditada por completo")),
    (BusinessStatus.VOID.value, _("Anulada")),
    (BusinessStatus.UNAPPLIED.value, _("Sin aplicar")),
    (BusinessStatus.APPLIED.value, _("Aplicada")),
]
