"""On whom an administrator may act, and how far one alone."""

from django.db.models import Q

from cifras.core import audit, scopes
from cifras.core.models import AuditEntry, Staff
from cifras.core.sign_in.lockout import SIGNED_IN
from cifras.fiscal.errors import RuleBroken, gettext_noop

INVITED, FACTOR_RESET = "staff.invited", "second_factor.reset"
# A password that somebody set for somebody else stands in the trail as a change of that member, by hand.
_NEW_PASSWORD = Q(action=INVITED) | Q(action="core.staff.changed", after__has_key="password")
_NEW_FACTOR = Q(action=FACTOR_RESET)


def require_other(person: Staff, actor: Staff) -> None:
    """RuleBroken on oneself, and on a superuser by somebody who is none."""
    if person.pk == actor.pk:
        raise RuleBroken("own_account", gettext_noop("En su propia cuenta no: pídalo a otra persona."))
    if person.is_superuser and not actor.is_superuser:
        raise RuleBroken(
            "superuser_account",
            gettext_noop("La cuenta de un superusuario solo la toca otro superusuario."),
        )


def require_factor_kept(person: Staff, actor: Staff) -> None:
    """Before `actor` gives `person` a new password, by hand or by invitation.

    Whoever renews both halves of somebody's way in could come in as that person, and be the second one of their own four
    eyes. So one person renews one half, and the other one only after its owner has signed in since. RuleBroken. Call it in the
    transaction of the act: whoever does both at the same moment waits for oneself.
    """
    if _has_done(actor, person, _NEW_FACTOR):
        raise RuleBroken(
            "other_half",
            gettext_noop(
                "Usted repuso el segundo factor de {person}, que no ha entrado desde entonces: la contraseña nueva se la da "
                "otra persona."
            ),
            person=str(person),
        )


def require_password_kept(person: Staff, actor: Staff) -> None:
    """Before `actor` takes `person`'s second factor away: the other direction of `require_factor_kept`. RuleBroken."""
    if _has_done(actor, person, _NEW_PASSWORD):
        raise RuleBroken(
            "other_half",
            gettext_noop(
                "Usted le dio una contraseña nueva a {person}, que no ha entrado desde entonces: el segundo factor lo repone "
                "otra persona."
            ),
            person=str(person),
        )


def _has_done(actor: Staff, person: Staff, what: Q) -> bool:
    """Whether `actor` has done this to `person` since that one last signed in; nothing else is done to anybody meanwhile."""
    audit.lock_chain(None)
    with scopes.all_tenants(reason="who renewed somebody's way in since they last signed in"):
        trail = AuditEntry.objects.filter(chain=None).order_by("-at", "-id")
        done = trail.filter(what, actor_uid=actor.uid, object_uid=person.uid).first()
        if done is None:
            return False
        return not trail.filter(actor_uid=person.uid, action=SIGNED_IN, sequence__gt=done.sequence).exists()
