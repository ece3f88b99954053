"""What the head of a document's page says: who, how much, until when, what is wrong and what happens next."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.admin.badges import AMBER, GREY, RED
from cifras.fiscal.lifecycle import REJECTED_LEGAL, TERMINAL_LEGAL, LegalStatus, Submission, VoidStatus
from cifras.pac.errors import Problem
from invoicing.admin.comparison import shown_body
from invoicing.admin.figures import as_received, moment, money, spoken
from invoicing.admin.members import member_name
from invoicing.admin.words import words_of
from invoicing.models import Document, TimelineEvent
from invoicing.models.choices import Flag
from invoicing.services.incidents import SUSPENDED, TOO_LATE
from tenants.services.accounts import provider_spec

_LONGEST_RAW = 20_000
_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint of the provider: where, its words as received, what to do."""

    where: str
    said: str
    code: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something on top of the page that somebody should read."""

    tone: str
    icon: str
    title: str
    text: str = ""
    complaints: list[Complaint] = field(default_factory=list)
    ours: list[tuple[str, str]] = field(default_factory=list)
    theirs: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when a void may be asked for: absolute first, what is left beside it."""

    at: datetime
    absolute: str
    left: str
    tone: str
    icon: str


def deadline_of(document: Document, now: datetime | None = None) -> Deadline | None:
    """The void deadline where it still says something: not for drafts, nor for what is void, rejected or discarded."""
    at = document.void_deadline
    is_over = document.legal_status in REJECTED_LEGAL or document.void_status == VoidStatus.VOIDED
    if at is None or is_over or document.is_mendable or document.submission == Submission.DISCARDED:
        return None
    left = at - (now or timezone.now())
    hours = left.total_seconds() / 3600
    if hours < 0:
        return Deadline(at, moment(at), _("plazo vencido"), GREY, "timer_off")
    word = _("vence en {span}").format(span=spoken(left))
    if document.legal_status != LegalStatus.DGI_AUTHORIZED:
        word = _("aún no anulable, {when}").format(when=word)
    tone = RED if hours < 6 else AMBER if hours < 24 else GREY
    return Deadline(at, moment(at), word, tone, "timer" if tone != GREY else "schedule")


def notices_of(document: Document) -> list[Notice]:
    """Everything on top, the gravest first."""
    found = [*_rejection(document), *_returned(document), *_uncertainty(document), *_contradictions(document)]
    return [*found, *_held(document), *_void_refusal(document), *_settled_by_person(document)]


def next_step(document: Document) -> str:
    """What happens by itself, and when; empty when nothing more is expected."""
    if document.void_status in {VoidStatus.REQUESTED, VoidStatus.UNKNOWN}:
        return _next_of_void(document)
    when = _clock(document.due_at)
    if document.submission == Submission.QUEUED and not document.held_reason:
        again = _("Se intenta de nuevo a las {time}.").format(time=when)
        return again if document.attempts_made else _("Espera su turno para enviarse al PAC.")
    if document.submission == Submission.SENDING:
        return _("Se está enviando al PAC.")
    if document.submission == Submission.UNKNOWN and document.due_at:
        return _("Se le pregunta al PAC a las {time} (consultas hechas: {count}).").format(
            time=when, count=document.asks_made
        )
    if document.submission == Submission.ACCEPTED and document.due_at:
        waits = words_of(document).waits_for if document.legal_status not in TERMINAL_LEGAL else _("el PDF")
        if document.due_at - timezone.now() < _SOON:
            return _("Falta {what}; se consulta al PAC cada pocos segundos.").format(what=waits)
        return _("Falta {what}; se consulta al PAC a las {time}.").format(what=waits, time=when)
    return ""


def is_moving(document: Document) -> bool:
    """Whether background work is under way, so that the page should follow it."""
    return bool(next_step(document))


def state_of(document: Document, last_event: int | None) -> str:
    """A text that changes whenever the page would look different."""
    seen = (
        document.submission, document.legal_status, document.raw_legal_status, document.void_status, document.flag,
        document.held_reason, document.has_pdf, document.credited_total, document.settled_total,
        next_step(document), last_event,
    )  # fmt: skip
    return "|".join(str(part) for part in seen)


def last_event(document: Document) -> int | None:
    """The key of the newest line of the timeline."""
    return TimelineEvent.objects.filter(document_uid=document.uid).values_list("pk", flat=True).first()


def complaints_of(document: Document) -> list[Complaint]:
    """What the provider said about the document, with our remedy beside each complaint that we know."""
    remedy = provider_spec(document.provider).remedy
    rows = document.problems if isinstance(document.problems, list) else []
    found = [
        Problem(*(str(row.get(name, "")) for name in ("message", "code", "field")))
        for row in rows
        if isinstance(row, dict)
    ]
    return [
        Complaint(
            where=as_received(member_name(problem.field), 100),
            said=as_received(problem.message),
            code=as_received(problem.code, 40),
            remedy=_(text) if (text := remedy(problem)) else "",
        )
        for problem in found
    ]


def _rejection(document: Document) -> list[Notice]:
    if document.legal_status not in REJECTED_LEGAL or document.number_fate:
        return []
    if document.submission in {Submission.REFUSED, Submission.DISCARDED}:
        text = _(
            "No quedó emitido y su número no se vuelve a usar. Corrija lo señalado y emítalo como documento nuevo con la "
            "misma referencia: los dos quedan enlazados."
        )
    else:
        text = _(
            "El PAC lo recibió y después fue rechazado: queda sin efecto y a la vista. Corrija lo señalado y emita otro."
        )
    title = str(words_of(document).legal.get(document.legal_status, ""))
    return [Notice(RED, "cancel", title, text, complaints_of(document) or [_silence()])]


def _returned(document: Document) -> list[Notice]:
    if document.submission != Submission.RETURNED:
        return []
    text = _(
        "No quedó emitido y conserva su número {number}. Corrija lo señalado y vuelva a enviarlo: sale con el mismo número."
    ).format(number=document.printed_number)
    title = document.get_submission_display()
    return [Notice(AMBER, "undo", title, text, complaints_of(document) or [_silence()])]


def _silence() -> Complaint:
    return Complaint("", "", "", _("El PAC no dijo por qué: vea su respuesta completa en Intercambios PAC."))


def _uncertainty(document: Document) -> list[Notice]:
    if document.submission != Submission.UNKNOWN:
        return []
    if document.flag == Flag.CONFLICT:
        text = _(
            "El número de este documento pertenece en el PAC a otra venta. No se envía nada más hasta que una persona decida; "
            "compare los dos y revise si la empresa también emite por otro sistema."
        )
        theirs = (
            raw(shown_body(document.conflict))
            if document.conflict
            else _("El PAC no mostró su documento todavía.")
        )
        title = document.get_flag_display()
        return [Notice(RED, "warning", title, text, complaints_of(document), _own_facts(document), theirs)]
    if document.flag == Flag.EXISTS_NO_ID:
        text = _(
            "El PAC ya tiene este número y aún no dio su identificador. El plazo de anulación corre desde la emisión. "
            "Se sigue preguntando; el CUFE calculado es {cufe}."
        ).format(cufe=document.local_cufe)
        return [Notice(AMBER, "help", document.get_flag_display(), text, complaints_of(document))]
    text = _(
        "El PAC no contestó con claridad, así que puede haberlo recibido. No se envía otra vez sin antes preguntarle, y nunca "
        "con otro número. Mientras tanto no se puede editar, descartar ni anular."
    )
    if not document.due_at:
        text += " " + _("Ya no hay a quién preguntar: decide una persona.")
    return [Notice(AMBER, "help", _("Sin confirmar"), text, complaints_of(document))]


def _contradictions(document: Document) -> list[Notice]:
    found = []
    if document.legal_conflict:
        text = _(
            "El PAC dice ahora «{news}», contrario a «{held}». Se conserva lo que consta hasta que dos personas decidan."
        )
        news = as_received(document.legal_conflict, 60)
        title = _("Noticia contraria del PAC")
        found.append(
            Notice(
                RED,
                "warning",
                title,
                text.format(news=news, held=words_of(document).legal.get(document.legal_status, "")),
            )
        )
    if document.cufe_differs:
        rows = [(_("Calculado aquí"), document.local_cufe), (_("Del PAC (vale)"), as_received(document.cufe))]
        found.append(Notice(AMBER, "warning", _("El CUFE del PAC difiere del calculado"), ours=rows))
    return found


def _settled_by_person(document: Document) -> list[Notice]:
    """What the provider did not prove but two persons decided stays marked."""
    if document.number_fate:
        text = _(
            "Dos personas, o una con la respuesta del PAC a la vista, decidieron que este documento no quedó emitido. Su número "
            "no se vuelve a usar: si la venta existe, corríjala y reemítala con otro. El porqué está en la línea de tiempo."
        )
        return [Notice(AMBER, "front_hand", document.get_number_fate_display(), text)]
    if document.legal_settled_by_person:
        text = _(
            "Lo que consta no es lo primero que dijo la autoridad. El porqué y las pruebas están en su historia."
        )
        return [Notice(AMBER, "front_hand", _("Estado legal decidido por personas"), text)]
    if document.settled_by_person:
        text = _("El porqué, quién lo decidió y las pruebas están en su línea de tiempo y en sus archivos.")
        return [Notice(AMBER, "front_hand", _("Decidido por personas"), text)]
    return []


def _held(document: Document) -> list[Notice]:
    if document.submission != Submission.QUEUED or not document.held_reason:
        return []
    if document.held_reason == TOO_LATE:
        text = _(
            "El plazo legal para enviarlo venció el {time}: ya no se envía. Descártelo y emítalo de nuevo."
        ).format(time=moment(document.send_by))
    elif document.held_reason == SUSPENDED:
        text = _("La empresa está suspendida o cerrada: se enviará cuando vuelva a estar activa.")
    else:
        text = _(
            "Hay una incidencia con la cuenta de la empresa en el PAC ({code}). No se envió nada; la cola sigue cuando "
            "alguien reanude la incidencia."
        ).format(code=document.held_reason)
    return [Notice(AMBER, "pause_circle", _("Retenida en cola"), text)]


def _void_refusal(document: Document) -> list[Notice]:
    answer = document.void_answer if isinstance(document.void_answer, dict) else {}
    said = as_received(answer.get("provider") or "")
    if document.void_status == VoidStatus.REFUSED:
        text = _("El documento sigue vigente. Si el plazo aún corre, puede pedir la anulación de nuevo.")
        complaints = [Complaint("", said, "", "")] if said else []
        return [Notice(RED, "block", _("Anulación rechazada"), text, complaints)]
    if document.void_status == VoidStatus.UNKNOWN and not document.void_due_at:
        text = str(words_of(document).void_portal)
        complaints = [Complaint("", said, "", "")] if said else []
        return [Notice(RED, "front_hand", _("Anulación sin confirmar: decide una persona"), text, complaints)]
    return []


def _next_of_void(document: Document) -> str:
    if document.void_status == VoidStatus.REQUESTED and not document.void_attempts:
        return str(words_of(document).void_next)
    if not document.void_due_at:
        return ""
    return _("La anulación se repite a las {time}.").format(time=_clock(document.void_due_at))


def _own_facts(document: Document) -> list[tuple[str, str]]:
    return [
        (_("Número"), document.printed_number),
        (_("CUFE calculado"), document.local_cufe),
        (_("Emisión"), moment(document.issue_date)),
        (_("Receptor"), f"{document.receiver_name} {document.receiver_ruc}".strip()),
        (_("Total"), money(document.total, document.currency)),
    ]


def raw(data: Any) -> str:
    """A provider's answer as received, indented, cut where it is endless."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, indent=2)
    return as_received(text, _LONGEST_RAW)


def _clock(at: datetime | None) -> str:
    """The time of today's moment, to the second; another day's with its date."""
    if at is None:
        return "—"
    local = timezone.localtime(at)
    today = timezone.localdate()
    return local.strftime("%H:%M:%S" if local.date() == today else "%d/%m/%Y %H:%M")
