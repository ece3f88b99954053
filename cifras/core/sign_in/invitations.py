"""Invitations: a signed link, good for three days and once, with which a person sets their password.

It opens the first step only: the second factor is set up, or asked for, as at every sign-in.
"""

import uuid
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core import audit
from cifras.core.models import Invitation, Staff
from cifras.core.rights import may
from cifras.core.sign_in import mails, sessions
from cifras.core.sign_in.people import INVITED, require_factor_kept, require_other
from cifras.fiscal.errors import RuleBroken, gettext_noop

INVITE = "core.invite_staff"
GOOD_FOR = timedelta(days=3)
_SALT = "cifras.core.invitation"


def invite(person: Staff, *, actor: Staff) -> Invitation:
    """A new invitation, which ends the former one.

    RuleBroken without the right, on oneself, for who cannot sign in, and for whose second factor `actor` has just reset.
    """
    if not may(actor, INVITE):
        raise RuleBroken("no_right", gettext_noop("Su rol no permite este acto."))
    require_other(person, actor)
    if not person.is_active or not person.is_staff:
        raise RuleBroken(
            "not_staff", gettext_noop("{person} no puede entrar: actívela antes."), person=str(person)
        )
    with transaction.atomic():
        require_factor_kept(person, actor)
        _open_ones(person).update(ended_at=timezone.now())
        invitation = Invitation.objects.create(
            staff=person, invited_by=actor, expires_at=timezone.now() + GOOD_FOR
        )
        audit.record(INVITED, actor=actor, target=person, after={"expires_at": invitation.expires_at})
    return invitation


def token_of(invitation: Invitation) -> str:
    """What the link carries."""
    return signing.dumps(str(invitation.uid), salt=_SALT)


def invitation_of(token: str) -> Invitation | None:
    """The open invitation of a link; None when it is forged, expired or used, or its person was made inactive."""
    try:
        uid = uuid.UUID(signing.loads(token, salt=_SALT, max_age=GOOD_FOR))
    except (signing.BadSignature, ValueError):
        return None
    open_ones = Invitation.objects.filter(ended_at=None, expires_at__gt=timezone.now(), staff__is_active=True)
    return open_ones.select_related("staff").filter(uid=uid).first()


def accept(invitation: Invitation, password: str) -> Staff:
    """Set the password and use the invitation up; other sessions end. RuleBroken for the second of two who come at once.

    Raises ValidationError for a password that the rules refuse.
    """
    person = invitation.staff
    validate_password(password, person)
    with transaction.atomic():
        if not _open_ones(person).filter(pk=invitation.pk).update(ended_at=timezone.now()):
            raise RuleBroken("invitation_used", gettext_noop("Esta invitación ya se usó: pida otra."))
        person.set_password(password)
        person.save(update_fields=["password"])
        sessions.drop_all(person, actor=person)
        audit.record("staff.invitation_accepted", actor=person, target=person)
    return person


def mail(invitation: Invitation, link: str) -> bool:
    """Send the link; answers whether a server took it. Where none is configured nobody is written to."""
    context = {"link": link, "days": GOOD_FOR.days}
    return mails.send(invitation.staff, _("Su acceso a Cifras"), "mail/invitation.txt", context)


def _open_ones(person: Staff) -> QuerySet[Invitation]:
    return Invitation.objects.filter(staff=person, ended_at=None)
