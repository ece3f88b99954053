"""The second factor: an authenticator app (TOTP, RFC 6238) and recovery codes.

A code is taken once, one step of 30 seconds early or late at most, and after some wrong ones in a row none is taken for a while.
Rules: OWASP ASVS 5.0, 6.5.1 to 6.5.5. Time-outs and counters are committed before a refusal is raised.
"""

import re
import secrets
from base64 import b32encode
from datetime import timedelta
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp.oath import hotp

from cifras.core import audit
from cifras.core.models import RecoveryCode, SecondFactor, Staff
from cifras.core.rights import may
from cifras.core.sign_in import sessions
from cifras.core.sign_in.people import FACTOR_RESET, require_other, require_password_kept
from cifras.fiscal.errors import RuleBroken, gettext_noop

RESET = "core.reset_second_factor"
ISSUER = "Cifras"
STEP_SECONDS, TOLERANCE, DIGITS, SEED_BYTES = 30, 1, 6, 20
RECOVERY_CODES = 10
# The wrong code in a row that costs the first wait; each further one doubles it.
CLOSING_FAILURE, FIRST_WAIT, LONGEST_WAIT = 5, timedelta(seconds=30), timedelta(minutes=15)
# Without letters and digits that are mistaken for one another: 31 signs, so ten of them are 49 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LABEL, _REST = 4, 10


def is_required() -> bool:
    """Whether staff need a second factor (CIFRAS_SECOND_FACTOR; only the demo turns it off)."""
    return bool(settings.CIFRAS_SECOND_FACTOR)


def has_factor(person: Staff) -> bool:
    """Whether the person has an app that has shown its first code."""
    return SecondFactor.objects.filter(staff=person, confirmed_at__isnull=False).exists()


def waiting_factor(person: Staff) -> SecondFactor | None:
    """The seed that waits for its first code."""
    return SecondFactor.objects.filter(staff=person, confirmed_at=None).first()


def begin_set_up(person: Staff) -> SecondFactor:
    """A new seed, which counts once `confirm` has seen a code of it. RuleBroken while another one is in use."""
    with transaction.atomic():
        SecondFactor.objects.filter(staff=person, confirmed_at=None).delete()
        if has_factor(person):
            raise RuleBroken("has_factor", gettext_noop("Ya tiene un segundo factor en uso."))
        return SecondFactor.objects.create(staff=person, seed=secrets.token_bytes(SEED_BYTES))


def confirm(person: Staff, code: str) -> list[str]:
    """Take the first code of the app: from now on it is asked for. Answers the recovery codes, which nobody can read again."""
    with transaction.atomic(durable=True):
        factor = SecondFactor.objects.select_for_update().filter(staff=person, confirmed_at=None).first()
        if factor is None:
            raise RuleBroken("no_seed", gettext_noop("Empiece de nuevo: no hay ningún código QR pendiente."))
        step = _step_of(factor, _plain(code))
        if step:
            factor.confirmed_at, factor.last_step = timezone.now(), step
            factor.save(update_fields=["confirmed_at", "last_step"])
            audit.record("second_factor.set_up", actor=person, target=person)
    if not step:
        raise _wrong_code()
    return _new_codes(person)


def check(person: Staff, code: str) -> str:
    """Take a code of the app ("app") or a recovery code ("recovery"). RuleBroken when it is wrong, or too many were."""
    with transaction.atomic(durable=True):
        factor = (
            SecondFactor.objects.select_for_update().filter(staff=person, confirmed_at__isnull=False).first()
        )
        if factor is None:
            raise RuleBroken("no_factor", gettext_noop("Esta cuenta aún no tiene segundo factor."))
        is_closed = bool(factor.closed_until and factor.closed_until > timezone.now())
        way = "" if is_closed else _way_in(factor, _plain(code))
        if not is_closed:
            _count(factor, is_right=bool(way))
        if not is_closed and not way:
            audit.record(
                "second_factor.refused", actor=person, target=person, after={"in a row": factor.failures}
            )
    if is_closed:
        raise RuleBroken(
            "factor_closed",
            gettext_noop("Hubo demasiados códigos equivocados: espere unos minutos e intente de nuevo."),
            "code",
        )
    if not way:
        raise _wrong_code()
    return way


def renew_recovery_codes(person: Staff) -> list[str]:
    """Ten new recovery codes; the former ones are void. Nobody can read them again."""
    codes = _new_codes(person)
    audit.record("second_factor.codes_renewed", actor=person, target=person)
    return codes


def recovery_codes_left(person: Staff) -> int:
    """How many recovery codes have not been used."""
    return RecoveryCode.objects.filter(staff=person, used_at=None).count()


def reset(person: Staff, *, actor: Staff | None, reason: str = "") -> None:
    """Take app and codes away, and end the person's sessions: the next sign-in sets up another app.

    `actor` None is the command at the terminal. RuleBroken without the right, on oneself, on a superuser by somebody else, and
    for who has just given the person a new password.
    """
    if actor is not None:
        if not may(actor, RESET):
            raise RuleBroken("no_right", gettext_noop("Su rol no permite este acto."))
        require_other(person, actor)
    with transaction.atomic():
        if actor is not None and has_factor(person):
            require_password_kept(person, actor)
        SecondFactor.objects.filter(staff=person).delete()
        RecoveryCode.objects.filter(staff=person).delete()
        sessions.drop_all(person, actor=actor)
        audit.record(FACTOR_RESET, actor=actor, target=person, reason=reason)


def address_for_app(factor: SecondFactor) -> str:
    """The otpauth address that the QR holds."""
    label = quote(f"{ISSUER}:{factor.staff.username}")
    return f"otpauth://totp/{label}?{urlencode({'secret': seed_as_text(factor), 'issuer': ISSUER})}"


def seed_as_text(factor: SecondFactor) -> str:
    """The seed for typing into an app that cannot see the QR (base 32)."""
    return b32encode(factor.seed.reveal_bytes()).decode()


def _way_in(factor: SecondFactor, code: str) -> str:
    step = _step_of(factor, code)
    if step:
        factor.last_step = step
        return "app"
    return "recovery" if _takes_recovery_code(factor.staff, code) else ""


def _step_of(factor: SecondFactor, code: str) -> int:
    """The time step whose code this is, if it is later than the last one taken; else 0."""
    if not (code.isascii() and code.isdecimal() and len(code) == DIGITS):
        return 0
    seed, now = factor.seed.reveal_bytes(), int(timezone.now().timestamp()) // STEP_SECONDS
    for step in range(now - TOLERANCE, now + TOLERANCE + 1):
        is_right = constant_time_compare(f"{hotp(seed, step, DIGITS):0{DIGITS}}", code)
        if is_right and step > factor.last_step:
            return step
    return 0


def _takes_recovery_code(person: Staff, code: str) -> bool:
    if len(code) != _LABEL + _REST:
        return False
    open_ones = RecoveryCode.objects.filter(staff=person, used_at=None)
    row = open_ones.filter(label=code[:_LABEL]).first()
    if row is None or not check_password(code[_LABEL:], row.digest):
        return False
    if not open_ones.filter(pk=row.pk).update(used_at=timezone.now()):
        return False
    audit.record("second_factor.recovery_code_used", actor=person, target=person, after={"code": row.label})
    return True


def _count(factor: SecondFactor, *, is_right: bool) -> None:
    factor.failures = 0 if is_right else factor.failures + 1
    too_many = factor.failures - CLOSING_FAILURE
    wait = min(FIRST_WAIT * 2 ** min(max(too_many, 0), 10), LONGEST_WAIT)
    factor.closed_until = timezone.now() + wait if too_many >= 0 and not is_right else None
    factor.save(update_fields=["failures", "closed_until", "last_step"])


def _new_codes(person: Staff) -> list[str]:
    codes: dict[str, str] = {}
    while len(codes) < RECOVERY_CODES:
        codes.setdefault(_signs(_LABEL), _signs(_REST))
    rows = [
        RecoveryCode(staff=person, label=label, digest=make_password(rest)) for label, rest in codes.items()
    ]
    with transaction.atomic():
        RecoveryCode.objects.filter(staff=person).delete()
        RecoveryCode.objects.bulk_create(rows)
    half = _REST // 2
    return [f"{label}-{rest[:half]}-{rest[half:]}" for label, rest in codes.items()]


def _signs(count: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))


def _plain(code: str) -> str:
    """What was typed, without the blanks and dashes that make it readable."""
    return re.sub(r"[\s-]", "", code[:64]).lower()


def _wrong_code() -> RuleBroken:
    return RuleBroken(
        "wrong_code",
        gettext_noop("Ese código no vale: puede haber vencido o haberse usado ya. Escriba el siguiente."),
        "code",
    )
