"""What the audit trail learns at the door: who came in, who was turned away, who left (OWASP ASVS 5.0, 16.3.1).

A name that no account bears is not recorded: people type their password into the wrong field.
"""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.sign_in import places, sessions
from cifras.core.sign_in.lockout import SIGNED_IN

_HERE = "cifras.core.sign_in"


def connect() -> None:
    """Listen from now on."""
    user_logged_in.connect(sessions.begin, dispatch_uid=_HERE)
    user_login_failed.connect(_failed, dispatch_uid=_HERE)
    user_locked_out.connect(_closed, dispatch_uid=_HERE)
    user_logged_out.connect(_left, dispatch_uid=_HERE)


def entered(request: HttpRequest, person: Staff, *, way: str) -> None:
    """Somebody is in. `way` says with what: password, app, recovery, set_up, invitation."""
    places.remember(request, person)
    audit.record(SIGNED_IN, actor=person, target=person, after={"with": way})


def knew_the_password(person: Staff) -> None:
    """Somebody has taken the first of two steps."""
    audit.record("sign_in.password_accepted", actor=person, target=person)


def _failed(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    if request is None or getattr(request, "sign_in_closed", False):
        return
    audit.record("sign_in.failed", actor=None, target=_account(credentials))


def _closed(*, request: HttpRequest, **_: Any) -> None:
    """Once per closing: a try that is turned away changes nothing and is not recorded."""
    if not getattr(request, "sign_in_closed", False):
        audit.record(
            "sign_in.closed", actor=None, target=_account({"username": request.POST.get("username")})
        )


def _left(*, user: Any, **_: Any) -> None:
    if isinstance(user, Staff):
        audit.record("sign_in.left", actor=user, target=user)


def _account(credentials: dict[str, Any]) -> Staff | None:
    name = str(credentials.get("username") or "").replace("\x00", "")
    return Staff.objects.filter(username=name).first() if name else None
