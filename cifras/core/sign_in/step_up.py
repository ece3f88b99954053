"""Step-up: an act that cannot be taken back asks for a second factor of the last ten minutes (OWASP ASVS 5.0, 7.5.3).

    step_up.require_fresh(request)      # in a door, after the right and the form, before the service call

It passes, or `StaffDoor` shows a page that asks for the code and posts what was posted again, together with it. Nothing is kept
on the way: passwords, secrets and files are not written into the page but asked for once more, each by its name.
"""

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import lazystr
from django.utils.translation import gettext as _

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.sign_in import factor
from cifras.core.sign_in.session_store import SessionStore
from cifras.core.sign_in.sessions import FACTOR_AT
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken

FRESH_SECONDS = 10 * 60
CODE_FIELD = "second_factor_code"


class StepUpNeeded(Exception):  # not an error: the way to the page that asks for the code
    """The act waits for a fresh second factor. `complaint` is what was wrong with the code that came along."""

    def __init__(self, complaint: str = "", retype: Mapping[str, Any] | None = None) -> None:
        super().__init__("a fresh second factor is needed")
        self.complaint, self.retype = complaint, retype or {}


def require_fresh(request: HttpRequest, *, retype: Mapping[str, Any] | None = None) -> None:
    """Pass when the second factor is fresh or comes along with the form; else StepUpNeeded.

    Outside of any transaction, so that a wrong code counts. `retype`: fields of the form that hold a secret, with their labels;
    those with "password" in their name and files are known to be.
    """
    if not factor.is_required() or is_fresh(request):
        return
    code = request.POST.get(CODE_FIELD, "")
    if not code:
        raise StepUpNeeded(retype=retype)
    try:
        pass_with(request, cast(Staff, request.user), code)
    except RuleBroken as refusal:
        raise StepUpNeeded(sentence(refusal), retype) from None


def is_fresh(request: HttpRequest) -> bool:
    """Whether the second factor was shown within the last ten minutes."""
    age: float = timezone.now().timestamp() - float(request.session.get(FACTOR_AT, 0))
    return age <= FRESH_SECONDS


def pass_with(request: HttpRequest, person: Staff, code: str) -> None:
    """Take a code and remember the moment, in a session with a new id. RuleBroken."""
    way = factor.check(person, code)
    audit.record("step_up.passed", actor=person, target=person, after={"with": way})
    mark(request)
    warn_of_recovery(request, person, way)


def mark(request: HttpRequest) -> None:
    """The second factor was shown now. The session gets a new id: at once at the door, later for who is in (`replace_key`)."""
    is_in = FACTOR_AT in request.session
    request.session[FACTOR_AT] = timezone.now().timestamp()
    if is_in:
        request.__dict__["_wants_new_key"] = True
    else:
        request.session.cycle_key()


def replace_key(request: HttpRequest) -> None:
    """When the answer leaves: the new id of a session whose person has stepped up.

    Not before the act is done: what the page fetches meanwhile comes with the former one, and after a failure, which keeps no
    session, the browser still has that one.
    """
    if request.__dict__.pop("_wants_new_key", False):
        cast(SessionStore, request.session).replace_key()


def warn_of_recovery(request: HttpRequest, person: Staff, way: str) -> None:
    """Say that a recovery code is gone, if it was one, and how many are left when it is read: the act may bring new ones."""
    if way == "recovery":
        messages.warning(request, lazystr(_CodesLeft(person)))


class _CodesLeft:
    def __init__(self, person: Staff) -> None:
        self.person = person

    def __str__(self) -> str:
        left = factor.recovery_codes_left(self.person)
        return _("Usó un código de recuperación, que ya no vale. Le quedan {left}.").format(left=left)


def has_passed(request: HttpRequest) -> bool:
    """Whether this session is the person's, and not only that of somebody who knows the password."""
    return not factor.is_required() or FACTOR_AT in request.session
