"""How many wrong passwords are taken, and from where (django-axes keeps the count).

Three limits, each of which lifts itself: for one account from one network, for one network, and for one account from networks
that it never signed in from. The last one leaves its owner the usual way in, so nobody locks an account out for good.
A try that is turned away changes nothing. Source: OWASP ASVS 5.0, 6.1.1 and 6.3.1.
"""

import unicodedata
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.exceptions import AxesBackendPermissionDenied
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from cifras.core import scopes
from cifras.core.context import client_ip
from cifras.core.models import AuditEntry, Staff

SIGNED_IN = "sign_in.succeeded"
# The failure that costs the first wait; each further one doubles it, up to LONGEST_WAIT.
PAIR_FAILURES, NETWORK_FAILURES, ACCOUNT_FAILURES = 5, 30, 50
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=15)
# How long a sign-in makes its network a usual one of the account.
_USUAL_FOR = timedelta(days=90)
_IPV6_PREFIX = 64


def forgotten_after(_request: HttpRequest | None = None) -> timedelta:
    """Failures are forgotten when none was added for this long (AXES_COOLOFF_TIME)."""
    return timedelta(hours=1)


def network_of(_request: HttpRequest) -> str | None:
    """What counts as one address (AXES_CLIENT_IP_CALLABLE): an IPv4 address, an IPv6 network of 64 bits."""
    return _network(client_ip())


def account_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The account as axes knows it (AXES_USERNAME_CALLABLE): a digest, for people type passwords into the wrong field."""
    typed = (credentials or {}).get("username") or request.POST.get("username") or ""
    plain = unicodedata.normalize("NFKC", str(typed)).casefold().strip()
    return salted_hmac("cifras.sign_in", plain[:254]).hexdigest()


class LockoutHandler(AxesDatabaseHandler):  # type: ignore[misc]  # axes ships no types
    """Counts as axes does; closed or not is decided by the three limits (AXES_FAILURE_LIMIT is 1)."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        account, network = account_of(request, credentials), request.axes_ip_address
        recent = AccessAttempt.objects.filter(attempt_time__gt=timezone.now() - forgotten_after())
        is_closed = (
            _is_closed(recent.filter(username=account, ip_address=network), PAIR_FAILURES)
            or _is_closed(recent.filter(ip_address=network), NETWORK_FAILURES)
            or (
                _is_closed(recent.filter(username=account), ACCOUNT_FAILURES)
                and not _is_usual(credentials, network)
            )
        )
        return int(is_closed)


class LockoutBackend(AxesStandaloneBackend):  # type: ignore[misc]  # axes ships no types
    """Turns a closed account away with the same work, and so in the same time, as a wrong password."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> None:
        try:
            super().authenticate(request, username, password, **kwargs)
        except AxesBackendPermissionDenied as refusal:
            request.sign_in_closed = True
            make_password(password or "")
            raise PermissionDenied from refusal


def _is_closed(attempts: QuerySet[AccessAttempt], free: int) -> bool:
    found = attempts.aggregate(failures=Sum("failures_since_start"), latest=Max("attempt_time"))
    too_many = (found["failures"] or 0) - free
    if too_many < 0:
        return False
    wait = min(FIRST_WAIT * 2 ** min(too_many, 10), LONGEST_WAIT)
    return bool(timezone.now() < found["latest"] + wait)


def _is_usual(credentials: dict[str, Any] | None, network: str | None) -> bool:
    """Whether the account's owner has signed in from this network lately."""
    person = Staff.objects.filter(username=str((credentials or {}).get("username") or "")).first()
    if person is None or network is None:
        return False
    with scopes.all_tenants(reason="the usual addresses of somebody who is not signed in yet"):
        entries = AuditEntry.objects.filter(
            actor_uid=person.uid, action=SIGNED_IN, at__gt=timezone.now() - _USUAL_FOR
        )
        addresses = set(entries.order_by().values_list("ip", flat=True).distinct()[:200])
    return network in {_network(each) for each in addresses}


def _network(address: str) -> str | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network(f"{found}/{_IPV6_PREFIX}", strict=False).network_address)
