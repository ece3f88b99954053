"""Voiding: the authority learns that the operation did not take place. Permanent, and only inside a window.

Source: domain 9 and DGI contract 6. The window is the provider's and differs by document type: `Hours` counts from the issue
instant (182 at Alanube), `CalendarDays` lets the last local day run to its end (7 at Fabo, Lima). Whether a moment is inside
is `at <= deadline`. The provider's own answer is final.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.lifecycle import (
    REJECTED_LEGAL,
    VOID_IN_COURSE,
    LegalStatus,
    Submission,
    VoidStatus,
)
from cifras.fiscal.zones import local_date, require_aware, written


@dataclass(frozen=True, slots=True)
class Hours:
    """A window of hours after the instant of issue."""

    hours: int


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """A window of whole local days after the local date of issue; the last one counts until midnight.

    The zone may be given by its name.
    """

    days: int
    zone: tzinfo | str


Window = Hours | CalendarDays


class VoidWindowClosed(RuleBroken):
    """Too late to void: a credit note is the way now. `deadline` and `issued_at` are aware."""

    def __init__(self, issued_at: datetime, deadline: datetime) -> None:
        self.issued_at = issued_at
        self.deadline = deadline
        super().__init__(
            "void_window_closed",
            gettext_noop(
                "El plazo para anular venció el {deadline}. Emita una nota de crédito por lo que falte."
            ),
            "issue_date",
            deadline=written(deadline),
        )


def deadline(issued_at: datetime, window: Window) -> datetime:
    """The last instant at which a first void is allowed, in the zone of `issued_at` or of the window."""
    require_aware(issued_at, "issue_date")
    if isinstance(window, Hours):
        # Through UTC: an hour is an hour, even where the clock is moved.
        return (issued_at.astimezone(UTC) + timedelta(hours=window.hours)).astimezone(issued_at.tzinfo)
    zone = ZoneInfo(window.zone) if isinstance(window.zone, str) else window.zone
    last_day = local_date(issued_at, zone) + timedelta(days=window.days)
    return datetime.combine(last_day, time.max, tzinfo=zone)


def require_inside_window(issued_at: datetime, at: datetime, window: Window) -> datetime:
    """The deadline, when `at` is not after it; raises VoidWindowClosed otherwise."""
    last = deadline(issued_at, window)
    if require_aware(at) > last:
        raise VoidWindowClosed(issued_at, last)
    return last


def require_reason(text: str, minimum: int = 15, maximum: int = 1000) -> str:
    """The reason without blanks around it; raises RuleBroken when it then is too short or too long, in characters."""
    clean = text.strip()
    if len(clean) < minimum:
        raise RuleBroken(
            "void_reason_too_short",
            gettext_noop(
                "El motivo tiene {length} caracteres y la autoridad pide al menos {minimum}. Explique qué pasó."
            ),
            "reason",
            length=len(clean),
            minimum=minimum,
        )
    if len(clean) > maximum:
        raise RuleBroken(
            "void_reason_too_long",
            gettext_noop("El motivo tiene {length} caracteres y caben {maximum}. Acórtelo."),
            "reason",
            length=len(clean),
            maximum=maximum,
        )
    return clean


def may_be_voided(mode: Mode, legal: LegalStatus, void: VoidStatus) -> bool:
    """Whether the statuses allow a first void, the window aside."""
    is_authorized = mode is Mode.DGI and legal is LegalStatus.DGI_AUTHORIZED
    return is_authorized and void in {VoidStatus.NONE, VoidStatus.REFUSED}


def require_voidable(
    *,
    mode: Mode,
    submission: Submission,
    legal: LegalStatus,
    void: VoidStatus,
    live_credits: Sequence[str] = (),
) -> None:
    """Raises RuleBroken saying why a document can't be voided, window and reason aside, and what to do instead.

    `live_credits`: the numbers of the live credit notes that refer to it; they have to be voided first.
    """
    if void is VoidStatus.VOIDED:
        raise RuleBroken("already_voided", gettext_noop("El documento ya está anulado."))
    if void in VOID_IN_COURSE:
        raise RuleBroken(
            "void_in_course",
            gettext_noop("Ya hay una anulación en curso. Espere su resultado: se consulta por sí sola."),
        )
    if not may_be_voided(mode, legal, void):
        raise _not_authorized(mode, submission, legal)
    if live_credits:
        raise RuleBroken(
            "void_live_credits",
            gettext_noop(
                "Tiene notas de crédito vigentes: {credits}. Anúlelas primero y después el documento."
            ),
            credits=", ".join(live_credits),
        )


def _not_authorized(mode: Mode, submission: Submission, legal: LegalStatus) -> RuleBroken:
    if mode is Mode.PROFORM:
        return RuleBroken(
            "void_proforma", gettext_noop("Una proforma no se envía a la autoridad: descártela.")
        )
    if mode is Mode.DGI_IMPORT:
        return RuleBroken(
            "void_imported", gettext_noop("Se emitió fuera de aquí: anúlelo donde fue emitido.")
        )
    if legal in REJECTED_LEGAL:
        return RuleBroken(
            "void_rejected", gettext_noop("Fue rechazado y no tiene efecto: no hay nada que anular.")
        )
    if submission in {Submission.SENDING, Submission.UNKNOWN, Submission.ACCEPTED}:
        return RuleBroken(
            "void_not_yet",
            gettext_noop(
                "Aún no se puede anular: falta la autorización de la DGI. El plazo ya corre; siga su estado."
            ),
        )
    return RuleBroken(
        "void_never_sent", gettext_noop("Nunca llegó a la autoridad: descártelo en vez de anularlo.")
    )


def require_void(
    *,
    mode: Mode,
    submission: Submission,
    legal: LegalStatus,
    void: VoidStatus,
    reason: str,
    issued_at: datetime,
    at: datetime,
    window: Window,
    live_credits: Sequence[str] = (),
    minimum: int = 15,
    maximum: int = 1000,
) -> str:
    """The whole guard of a first void: the clean reason, or every refusal at once.

    Where the statuses already refuse, the window is not spoken of. A lone VoidWindowClosed is raised as itself, so that the
    credit note can be offered. A repeat that settles an UNKNOWN void does not pass here: it is allowed after the deadline.
    """
    require_voidable(mode=mode, submission=submission, legal=legal, void=void, live_credits=live_credits)
    reasons: list[RuleBroken] = []
    clean = ""
    try:
        require_inside_window(issued_at, at, window)
    except RuleBroken as error:
        reasons.append(error)
    try:
        clean = require_reason(reason, minimum, maximum)
    except RuleBroken as error:
        reasons.append(error)
    refuse(reasons)
    return clean
