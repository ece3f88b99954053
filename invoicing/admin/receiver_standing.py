"""What is known about a receiver's RUC, side by side: as declared, as the DGI's formula says, as the provider answered."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from cifras.core.admin.badges import AMBER, GREEN, GREY, RED, Badge
from cifras.core.wording import sentence
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken
from cifras.fiscal.ruc import panama as ruc_rules
from invoicing.models import Receiver
from invoicing.services.parties import party_of
from invoicing.services.verifying import known_check, type_doubts, unknown_reasons


@dataclass(frozen=True, slots=True)
class Standing:
    """The three answers about one RUC. `asked_at` is None when nobody has asked the provider."""

    badge: Badge
    declared_dv: str
    computed_dv: str
    answered_dv: str
    declared_type: str
    answered_type: str
    doubts: tuple[str, ...]
    asked_at: datetime | None
    asked_by: str


def standing_of(receiver: Receiver) -> Standing | None:
    """What is known about the receiver's RUC; None for one without."""
    if not receiver.ruc:
        return None
    party = party_of(receiver)
    check = known_check(receiver.tenant, party)
    problems = unknown_reasons(check)
    doubts = type_doubts(check, party)
    computed = _computed(receiver)
    answered = check.dv if check and check.is_known else ""
    agree = {dv for dv in (receiver.dv, computed, answered) if dv}
    return Standing(
        badge=_badge(
            is_asked=check is not None, is_unknown=bool(problems), is_doubtful=bool(doubts) or len(agree) > 1
        ),
        declared_dv=receiver.dv,
        computed_dv=computed,
        answered_dv=answered,
        declared_type=receiver.get_type_display(),
        answered_type=check.receiver_word if check else "",
        doubts=tuple(sentence(each) for each in (*problems, *doubts)),
        asked_at=check.checked_at if check else None,
        asked_by=check.checked_by if check else "",
    )


def type_label(word: str) -> str:
    """A type of receiver as staff read it."""
    return str(Receiver.Type(word).label) if word in Receiver.Type.values else word


def _computed(receiver: Receiver) -> str:
    try:
        return ruc_rules.check_digit(receiver.ruc, receiver.contributor or "JURIDICO")
    except (CannotVerifyLocally, RuleBroken):
        return ""


def _badge(*, is_asked: bool, is_unknown: bool, is_doubtful: bool) -> Badge:
    if is_unknown:
        return Badge(_("El RUC no existe"), "cancel", RED)
    if is_doubtful:
        return Badge(_("No coincide"), "help", AMBER)
    if not is_asked:
        return Badge(_("Sin verificar en el PAC"), "pending", GREY)
    return Badge(_("Verificado"), "check_circle", GREEN)
