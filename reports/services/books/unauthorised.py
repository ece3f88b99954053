"""Ventas del mes sin autorizar: what was issued in the month and is not authorised by the DGI, how old it is, what helps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy

from cifras.core.exports import CellKind
from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.fiscal.zones import local_date
from invoicing.models import Document
from invoicing.models.choices import SUBMISSIONS, Flag
from invoicing.models.document import DocumentQuerySet
from reports.services.books.paging import DocumentBook
from reports.services.books.population import of_period
from reports.services.books.shapes import Column, Foot, Mark, Period, Row, amount, foot_of
from reports.services.books.words import Words, words_of
from reports.services.rollups import cents

_SAID = (
    "uid", "kind", "mode", "series", "number", "billing_point", "peru", "issue_date", "receiver_name", "receiver_ruc",
    "currency", "total", "submission", "legal_status", "flag", "held_reason", "is_superseded", "legal_conflict", "is_received",
)  # fmt: skip
_COLUMNS = (
    Column(gettext_lazy("Fecha de emisión"), CellKind.DATE),
    Column(gettext_lazy("Días"), CellKind.INTEGER),
    Column(gettext_lazy("Clase")),
    Column(gettext_lazy("Número"), is_link=True),
    Column(gettext_lazy("Estado")),
    Column(gettext_lazy("Qué hacer"), is_wide=True),
    amount(gettext_lazy("Total"), "total"),
    Column(gettext_lazy("Moneda")),
    Column(gettext_lazy("RUC o identificación")),
    Column(gettext_lazy("Receptor"), is_wide=True),
)
_SUBMISSION_WORDS: Mapping[str, Any] = dict(SUBMISSIONS)
_ICONS: Mapping[str, tuple[str, str]] = {
    LegalStatus.PAC_AUTHORIZED: ("hourglass_top", "amber"),
    LegalStatus.PAC_REJECTED: ("cancel", "red"),
    LegalStatus.DGI_REJECTED: ("cancel", "red"),
    Submission.QUEUED: ("schedule", "grey"),
    Submission.SENDING: ("sync", "blue"),
    Submission.UNKNOWN: ("help", "amber"),
    Submission.ACCEPTED: ("hourglass_top", "amber"),
    Submission.REFUSED: ("cancel", "red"),
    Submission.RETURNED: ("undo", "red"),
    Submission.IMPORTED: ("help", "amber"),
}
# What moves a document on, by its legal word or, without one, by how far it has come.
_WAYS: Mapping[str, Any] = {
    LegalStatus.PAC_AUTHORIZED: gettext_lazy(
        "Espera la palabra de la {authority}: consulte el estado en el documento."
    ),
    LegalStatus.PAC_REJECTED: gettext_lazy("Corregir y reemitir, o descartar."),
    LegalStatus.DGI_REJECTED: gettext_lazy("Sin efecto: corregir y reemitir con otro número."),
    Submission.QUEUED: gettext_lazy("Está en cola: sale solo."),
    Submission.SENDING: gettext_lazy("Se está enviando: espere la respuesta."),
    Submission.UNKNOWN: gettext_lazy(
        "Sin confirmar: se le pregunta al PAC; si nadie responde, decide una persona."
    ),
    Submission.ACCEPTED: gettext_lazy(
        "Recibida por el PAC, sin palabra aún: consulte el estado en el documento."
    ),
    Submission.REFUSED: gettext_lazy("Corregir y reemitir, o descartar."),
    Submission.RETURNED: gettext_lazy("No recibida: corregir y enviar con el mismo número."),
    Submission.IMPORTED: gettext_lazy(
        "Emitida en otro sistema: verifíquela; ya figura en el libro de ventas."
    ),
}
_HELD = gettext_lazy("Retenida: resuelva la incidencia de la empresa y reanude la cola.")
_CONFLICT = gettext_lazy("El PAC tiene otro documento con este número: decide una persona, con evidencia.")
_REPLACED = gettext_lazy("Ya se reemitió: lo que vale es el documento que lo reemplaza.")


@dataclass(frozen=True, slots=True)
class StateSum:
    """How many documents of the month stand in a state, and what they come to, without a sign per kind."""

    state: Mark
    documents: int
    total: Any
    currency: str


class Unauthorised(DocumentBook):
    """Ventas del mes sin autorizar."""

    slug = "unauthorised"
    title = gettext_lazy("Ventas del mes sin autorizar")
    tab = gettext_lazy("Sin autorizar")
    lead = gettext_lazy(
        "Todo lo emitido en el mes que la {authority} no ha autorizado, rechazado incluido, con sus días desde la emisión y el "
        "camino de cada uno. Los totales no llevan signo."
    )

    def columns(self, period: Period) -> tuple[Column, ...]:
        return _COLUMNS

    def documents(self, period: Period) -> DocumentQuerySet:
        rows = of_period(period).exclude(legal_status=LegalStatus.DGI_AUTHORIZED)
        return rows.only(*_SAID)

    def row(self, period: Period, document: Document) -> Row:
        currency, words = period.currency_of(document.currency), words_of(period.tenant)
        issued = local_date(document.issue_date) if document.issue_date else None
        cells = (
            issued,
            (local_date(timezone.now()) - issued).days if issued else None,
            document.kind_label,
            document.printed_number,
            state_of(document.legal_status, document.submission, words),
            way_forward(document, words),
            document.total,
            currency,
            document.receiver_ruc,
            document.receiver_name,
        )
        return Row(cells, currency, document)

    def foot(self, period: Period) -> Foot:
        totals: dict[str, Any] = {}
        for each in self.states(period):
            totals[each.currency] = totals.get(each.currency, 0) + each.total
        return Foot([foot_of(_COLUMNS, each, {"total": total}) for each, total in sorted(totals.items())])

    def states(self, period: Period) -> list[StateSum]:
        """The month by state, the most documents first."""
        rows: Iterable[Mapping[str, Any]] = (
            self.documents(period)
            .order_by()
            .values("legal_status", "submission", "currency")
            .annotate(documents=Count("*"), total_sum=Sum("total"))
        )
        found = [
            StateSum(
                state_of(row["legal_status"], row["submission"], words_of(period.tenant)),
                row["documents"],
                cents(row["total_sum"]),
                period.currency_of(row["currency"]),
            )
            for row in rows
        ]
        return sorted(found, key=lambda each: -each.documents)


def state_of(legal_status: str, submission: str, words: Words) -> Mark:
    """The authority's word, or how far the document has come without one."""
    icon, tone = _ICONS.get(legal_status or submission, ("help", "grey"))
    word = words.legal.get(legal_status) or _SUBMISSION_WORDS.get(submission, submission)
    return Mark(word, icon, tone)


def way_forward(document: Document, words: Words) -> str:
    """What moves the document on."""
    if document.is_superseded:
        return str(_REPLACED)
    if document.flag == Flag.CONFLICT or document.legal_conflict:
        return str(_CONFLICT)
    if document.held_reason and not document.legal_status:
        return str(_HELD)
    way = str(_WAYS.get(document.legal_status or document.submission, ""))
    return way.format(authority=words.authority)
