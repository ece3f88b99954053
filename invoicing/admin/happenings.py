"""The timeline in sentences: one per code, with the figures of its detail, and the provider's words apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED
from invoicing.admin.figures import as_received, money, second
from invoicing.models import DocumentMail, TimelineEvent
from invoicing.models.choices import LEGAL_STATUSES, Flag
from invoicing.models.settlement import Settlement
from invoicing.services.verdicts import RULINGS, Verdict

_SOURCES: Mapping[str, Any] = {
    "answer": _("respuesta al envío"),
    "lookup": _("consulta por número"),
    "manual": _("consulta a mano"),
    "poll": _("consulta periódica"),
    "webhook": _("webhook"),
    "person": _("decisión de una persona"),
    "mirror": _("lista del PAC"),
}
_PROOFS: Mapping[str, Any] = {
    "absent": _("el PAC respondió que no tiene ese número"),
    "repeat_is_refused": _("el PAC rechaza los números repetidos"),
}
# code: (icon, tone, sentence). `{names}` are filled in from the event's detail by `_values`.
_HAPPENINGS: Mapping[str, tuple[str, str, Any]] = {
    "created": ("note_add", GREY, _("Se creó el documento.")),
    "edited": ("edit", GREY, _("Se modificó el borrador.")),
    "queued": ("schedule_send", BLUE, _("Se puso en cola con el número {number}.")),
    "registered": ("input", GREY, _("Se registró por su CUFE: se emitió en otro sistema.")),
    "verified": ("verified", GREEN, _("Alguien comprobó que consta autorizada en la DGI. {reason}")),
    "import_deleted": ("delete", AMBER, _("Se borró el registro. {reason}")),
    "discarded": ("delete", GREY, _("Se descartó. {reason}")),
    "accepted": (
        "mark_email_read",
        BLUE,
        _("El PAC lo recibió ({source}) con el identificador {document_id}."),
    ),
    "refused": ("cancel", RED, _("El PAC lo rechazó: no quedó emitido.")),
    "refused_on_resend": (
        "help",
        AMBER,
        _("El PAC objetó el reenvío; eso no dice qué pasó con el primer envío: decide una persona."),
    ),
    "unknown": ("help", AMBER, _("No se sabe si el PAC lo recibió; se le pregunta antes de repetir.")),
    "attempt_lost": ("help", AMBER, _("El envío quedó a medias sin respuesta; se le pregunta al PAC.")),
    "not_done": (
        "replay",
        AMBER,
        _("Con certeza no llegó al PAC: sigue en cola y se intenta de nuevo. {message}"),
    ),
    "returned": (
        "undo",
        AMBER,
        _("La autoridad lo devolvió sin registrarlo: corríjalo y envíelo con el mismo número."),
    ),
    "number_taken": ("warning", RED, _("El PAC dice que el número ya se usó: {flag}.")),
    "issued_before": (
        "verified",
        GREEN,
        _(
            "La autoridad ya lo tenía: el envío anterior, del que no hubo respuesta, lo emitió como {document_id}."
        ),
    ),
    "conflict": ("warning", RED, _("El número pertenece a otro documento en el PAC: decide una persona.")),
    "asked": ("search", BLUE, _("Se pidió consultar al PAC sin esperar su turno.")),
    "absence_proven": (
        "replay",
        BLUE,
        _("Consta que no llegó ({proof}): se envían de nuevo los mismos bytes con el mismo número."),
    ),
    "nobody_to_ask": (
        "help",
        AMBER,
        _("El PAC no ofrece consulta por número: se espera un webhook o la decisión de una persona."),
    ),
    "legal_status": ("gavel", GREEN, _("{to}, según {source}.")),
    "legal_conflict": (
        "warning",
        RED,
        _("El PAC dice ahora «{news}», contrario a lo que consta ({kept}). No se cambió nada."),
    ),
    "cufe_differs": ("warning", AMBER, _("El CUFE del PAC difiere del calculado; se guardó el del PAC.")),
    "webhook_received": ("webhook", BLUE, _("Llegó un webhook.")),
    "webhook_requested": ("webhook", GREY, _("Se pidió que el PAC repita el webhook.")),
    "webhook_asked": ("webhook", BLUE, _("El PAC aceptó repetir el webhook.")),
    "webhook_request_failed": (
        "webhook",
        AMBER,
        _("El PAC no repitió el webhook; se le sigue consultando. {message}"),
    ),
    "mail_queued": ("schedule_send", GREY, _("Correo en cola para {address}, {channel}.")),
    "mail_retried": ("replay", GREY, _("Se pidió repetir el correo a {address}, {channel}.")),
    "mail_sent": ("mark_email_read", GREEN, _("Salió el correo a {address}, {channel}.")),
    "mail_unknown": (
        "help",
        AMBER,
        _("No se sabe si salió el correo a {address}; si se repite, puede llegar dos veces."),
    ),
    "mail_failed": ("unsubscribe", RED, _("No salió el correo a {address}. {message}")),
    "mail_without_address": (
        "alternate_email",
        AMBER,
        _("No se envió correo: el receptor no tiene una dirección válida."),
    ),
    "notice_queued": (
        "campaign",
        AMBER,
        _("Aviso en cola para {address}: el documento quedó sin validez."),
    ),
    "notice_sent": ("campaign", GREEN, _("Se avisó a {address} que el documento quedó sin validez.")),
    "notice_elsewhere": (
        "campaign",
        GREEN,
        _("Consta que el receptor sabe por otro medio que no tiene validez. {reason}"),
    ),
    "pdf_attached": ("picture_as_pdf", GREEN, _("Se guardó el PDF ({source}).")),
    "xml_attached": ("code", GREEN, _("Se guardó el XML ({source}).")),
    "cdr_attached": ("receipt", GREEN, _("Se guardó el CDR ({source}).")),
    "mirrored": ("cloud_download", BLUE, _("Se trajo del PAC, donde se emitió sin Cifras ({source}).")),
    "note_linked": ("link", GREY, _("Se enlazó con su factura {invoice}.")),
    "note_not_linked": (
        "link_off",
        AMBER,
        _("No se enlazó con su factura {invoice}: sus notas sumarían más que su total."),
    ),
    "file_failed": ("link_off", AMBER, _("No se pudo traer el archivo {kind}; se pide de nuevo. {message}")),
    "settled": ("payments", GREEN, _("{settlement}: {amount} con fecha {date}.")),
    "settlement_reversed": ("undo", AMBER, _("Se revirtió {settlement}: {amount}. {reason}")),
    "certificate_received": ("fact_check", GREEN, _("Se registró el certificado de retención {number}.")),
    "money_moved": ("move_down", BLUE, _("{amount} pasaron entre este documento y {document}.")),
    "money_left_as_balance": ("savings", AMBER, _("{amount} quedan como saldo a favor del cliente.")),
    "withdrawn": ("undo", AMBER, _("Se retiró de la cola; conserva el número {number}. {reason}")),
    "redated": ("edit_calendar", AMBER, _("Se cambió la fecha de emisión; conserva su número.")),
    "reissue_prepared": ("edit", BLUE, _("Se preparó el documento que lo reemplaza.")),
    "correction_started": ("rule", AMBER, _("Empezó su corrección. Motivo: {reason}")),
    "correction_again": ("replay", BLUE, _("Se intentó de nuevo el paso de la corrección que falló.")),
    "correction_automatic": ("bolt", BLUE, _("Se decidió si la nueva se emite por sí sola.")),
    "correction_ready": ("task_alt", GREEN, _("Quedó sin efecto: ya puede emitirse {document}.")),
    "correction_done": ("task_alt", GREEN, _("La corrección terminó: la nueva está autorizada.")),
    "correction_stopped": ("front_hand", GREY, _("Se detuvo su corrección. {reason}")),
    "void_requested": ("block", AMBER, _("Se pidió la anulación. Motivo: {reason}")),
    "void_proposed": (
        "how_to_reg",
        AMBER,
        _("Se propuso la anulación: la aprueba otra persona. Motivo: {reason}"),
    ),
    "void_approved": (
        "block",
        AMBER,
        _("Se aprobó y se pidió la anulación que propuso {proposed_by}. Motivo: {reason}"),
    ),
    "void_not_approved": ("undo", GREY, _("La anulación propuesta no se aprobó. {reason}")),
    "void_withdrawn": ("undo", GREY, _("Se retiró la anulación propuesta.")),
    "voided": ("block", GREEN, _("La anulación quedó hecha ante la autoridad.")),
    "void_refused": ("cancel", RED, _("El PAC rechazó la anulación; el documento sigue vigente.")),
    "void_too_late": ("timer_off", RED, _("El plazo venció antes de la primera llamada: no se anuló.")),
    "void_unknown": ("help", AMBER, _("No se sabe si quedó anulado; se repite la misma anulación.")),
    "void_in_course": (
        "hourglass_top",
        AMBER,
        _("La autoridad recibió la anulación y aún no dice que esté hecha."),
    ),
    "void_not_done": ("replay", AMBER, _("La anulación no llegó al PAC; se intenta de nuevo.")),
    "void_held": ("pause_circle", AMBER, _("La anulación espera: hay una incidencia con la cuenta del PAC.")),
    "too_late_to_send": ("timer_off", RED, _("El plazo legal para enviarlo venció: no se envía de nuevo.")),
    "evidence_attached": ("attach_file", GREY, _("Se guardó una prueba: {filename}.")),
    "pointed_out": ("person_search", BLUE, _("Una persona dijo con qué identificador existe. {reason}")),
    "verdict_proposed": ("how_to_reg", AMBER, _("Se propuso a otra persona: {verdict}. {reason}")),
    "verdict_given": ("front_hand", AMBER, _("Decidido por personas: {verdict}. {reason}")),
    "verdict_put_aside": ("undo", GREY, _("Se dejó sin efecto la propuesta: {verdict}. {reason}")),
    "legal_kept": ("gavel", AMBER, _("Se mantuvo «{kept}» contra la noticia «{news}». {reason}")),
    "void_registered": ("block", GREEN, _("La anulación quedó registrada con pruebas. {reason}")),
    "void_settled_as_not_done": ("cancel", AMBER, _("Se estableció que la anulación no se hizo. {reason}")),
    "void_needs_a_person": (
        "front_hand",
        RED,
        _("El PAC negó la repetición y eso no prueba nada: decide una persona."),
    ),
}


_LEGAL: Mapping[str, Any] = dict(LEGAL_STATUSES)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened, in words. `said` is the provider's own text, as received."""

    icon: str
    tone: str
    sentence: str
    said: str
    at: str


def told(event: TimelineEvent, currency: str = "", legal: Mapping[str, Any] = _LEGAL) -> Happening:
    """The event in words, its amounts in `currency`; one whose code is new is shown by its code.

    `legal`: how its country calls the authority's word.
    """
    icon, tone, template = _HAPPENINGS.get(event.code, ("circle", GREY, event.code))
    detail = event.detail if isinstance(event.detail, dict) else {}
    return Happening(
        icon=icon,
        tone=_tone(tone, detail),
        sentence=str(template).format_map(_Values(_values(detail, currency, legal))).strip(),
        said=_said(detail),
        at=second(event.at),
    )


class _Values(dict[str, str]):
    """What an older event did not record is left out of its sentence."""

    def __missing__(self, name: str) -> str:
        return "—"


def _values(detail: dict[str, Any], currency: str, legal: Mapping[str, Any]) -> dict[str, str]:
    kinds = dict(Settlement.Kind.choices)
    values = {name: as_received(value, 300) for name, value in detail.items()}
    values |= {
        name: str(legal.get(detail[name], values[name])) for name in ("to", "kept", "news") if name in detail
    }
    values["source"] = str(_SOURCES.get(values.get("source", ""), values.get("source", "—")))
    values["proof"] = str(_PROOFS.get(values.get("proof", ""), "—"))
    values["flag"] = str(dict(Flag.choices).get(values.get("flag", ""), "—"))
    values["verdict"] = verdict_word(values.get("verdict", ""))
    values["settlement"] = str(kinds.get(values.get("kind", ""), "—"))
    values["amount"] = _amount(values.get("amount", "—"), currency)
    values["date"] = _day(values.get("date", "—"))
    values["channel"] = str(dict(DocumentMail.Channel.choices).get(values.get("channel", ""), "—"))
    values.setdefault("reason", "")
    values.setdefault("message", "")
    return values


def _amount(text: str, currency: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return text
    if not amount.is_finite():
        return text
    return money(amount, currency) if currency else f"{amount:,.2f}"


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text):%d/%m/%Y}"
    except ValueError:
        return text


def verdict_word(word: str) -> str:
    """What persons decided, as its page calls it."""
    return str(RULINGS[Verdict(word)].label) if word in set(Verdict) else "—"


def _tone(tone: str, detail: dict[str, Any]) -> str:
    return RED if str(detail.get("to", "")).endswith("_REJECTED") else tone


def _said(detail: dict[str, Any]) -> str:
    """The provider's words: those of its complaints, or of its refusal."""
    problems = detail.get("problems")
    if isinstance(problems, list) and problems:
        return as_received(
            "; ".join(str(row.get("message", "")) for row in problems if isinstance(row, dict))
        )
    return as_received(detail.get("provider") or "")
