"""How long a session lives, and how it is ended: by its person, by an administrator, by time.

What a session holds beside Django's own: `began`, `seen` and `factor_at` (moments in seconds), `ip` and `device`.
Idle and absolute limit: OWASP ASVS 5.0, 7.3.1 and 7.3.2.
"""

from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from cifras.core import audit
from cifras.core.context import client_ip
from cifras.core.models import Staff, StaffSession
from cifras.core.rights import may
from cifras.core.sign_in.people import require_other
from cifras.core.sign_in.session_store import FORMER_LIVES, SessionStore
from cifras.fiscal.errors import RuleBroken, gettext_noop

END_SESSIONS = "core.end_sessions"
FACTOR_AT = "factor_at"
# A password alone opens the second step for this long.
HALF_SECONDS = 10 * 60
# A use is written down once in this while, so that reading pages costs no writes.
_TOUCH_SECONDS = 60
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def begin(*, request: HttpRequest, **_: Any) -> None:
    """A new session, by password alone so far (Django's user_logged_in)."""
    now = _now()
    request.session.pop(FACTOR_AT, None)
    device = device_of(request.headers.get("User-Agent", ""))
    request.session.update({"began": now, "seen": now, "ip": client_ip(), "device": device})


def why_over(request: HttpRequest, *, is_half: bool) -> str:
    """Why the session is over ("idle", "too_long", "half_way"); empty while it is not."""
    session, now = request.session, _now()
    began, seen = float(session.get("began", 0)), float(session.get("seen", 0))
    if now - began > settings.SESSION_COOKIE_AGE:
        return "too_long"
    if now - seen > settings.CIFRAS_IDLE_MINUTES * 60:
        return "idle"
    return "half_way" if is_half and now - began > HALF_SECONDS else ""


def touch(request: HttpRequest) -> None:
    """Somebody is there. What a page fetches by itself, to follow background work, does not count."""
    now = _now()
    is_recent = now - float(request.session.get("seen", 0)) <= _TOUCH_SECONDS
    is_former = cast(SessionStore, request.session).is_former
    if not (is_recent or is_former or _is_background(request)):
        request.session.update({"seen": now, "ip": client_ip()})


def open_sessions(person: Staff) -> models.QuerySet[StaffSession]:
    """Those that would still be let in, the latest used first; the former id of one that goes on is none."""
    lasting = StaffSession.objects.filter(staff=person, expire_date__gt=timezone.now() + FORMER_LIVES)
    return lasting.exclude(_is_over()).order_by("-seen_at")


def end_own(request: HttpRequest, person: Staff, *, handle: str = "") -> int:
    """End the person's other sessions, or the one that `handle` names; answers how many. The one at hand stays."""
    others = StaffSession.objects.filter(staff=person).exclude(session_key=request.session.session_key)
    keys = [row.session_key for row in others if not handle or constant_time_compare(row.handle, handle)]
    return _end(StaffSession.objects.filter(session_key__in=keys), person, actor=person)


def end_all(person: Staff, *, actor: Staff) -> int:
    """An administrator ends whatever sessions somebody has. RuleBroken without the right, or on a superuser by somebody else."""
    if not may(actor, END_SESSIONS):
        raise RuleBroken("no_right", gettext_noop("Su rol no permite este acto."))
    require_other(person, actor)
    return drop_all(person, actor=actor)


def drop_all(person: Staff, *, actor: Staff | None) -> int:
    """End them all, as part of an act that was judged already."""
    return _end(StaffSession.objects.filter(staff=person), person, actor=actor)


def forget_expired() -> int:
    """Remove those that would not be let in any more; answers how many."""
    return StaffSession.objects.filter(_is_over()).delete()[0]


def device_of(user_agent: str) -> str:
    """Browser and system in words, as far as the browser tells."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part)


def _end(rows: models.QuerySet[StaffSession], person: Staff, *, actor: Staff | None) -> int:
    ended, _by_model = rows.delete()
    if ended:
        audit.record("session.ended", actor=actor, target=person, after={"sessions": ended})
    return ended


def _is_over() -> models.Q:
    now = timezone.now()
    return (
        models.Q(expire_date__lte=now)
        | models.Q(began_at__lte=now - timedelta(seconds=settings.SESSION_COOKIE_AGE))
        | models.Q(seen_at__lte=now - timedelta(minutes=settings.CIFRAS_IDLE_MINUTES))
    )


def _is_background(request: HttpRequest) -> bool:
    """Browsers name a page's own requests; a page that somebody opens is a navigation."""
    asked_by_page = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    return request.method == "GET" and (asked_by_page or "HX-Request" in request.headers)


def _now() -> float:
    return timezone.now().timestamp()
