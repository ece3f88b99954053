"""Where people sign in from. Of a new place, its owner is told by mail: it may not have been them (OWASP ASVS 5.0, 6.3.5).

A place is a network (/24, or /48 of IPv6) and a kind of device; the first of all is nobody's surprise. The mail is in the
language of the place before, since whoever came in may have chosen another one. The row is the order to write it: the table is
swept, so neither a broker nor a mail server that is down loses it.
"""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from logging import getLogger

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from cifras.core import waking
from cifras.core.context import client_ip
from cifras.core.models import SignInPlace, Staff
from cifras.core.sign_in import mails, sessions
from cifras.fiscal.zones import written

TASK = "core.new_places"
_PREFIXES = {4: 24, 6: 48}
_LEASE, _LONGEST_TRY = timedelta(minutes=5), timedelta(days=1)
logger = getLogger(__name__)


def remember(request: HttpRequest, person: Staff) -> None:
    """Somebody came in from here."""
    device = sessions.device_of(request.headers.get("User-Agent", ""))
    network = network_of(client_ip())
    known = SignInPlace.objects.filter(staff=person).order_by("-pk")
    if known.filter(network=network, device=device).exists():
        return
    latest = known.first()
    is_told = latest is not None and mails.can_be_mailed(person)
    SignInPlace.objects.get_or_create(
        staff=person,
        network=network,
        device=device,
        defaults={
            "ip": client_ip(),
            "language": latest.language if latest else get_language() or settings.LANGUAGE_CODE,
            "due_at": timezone.now() if is_told else None,
        },
    )
    if is_told:
        waking.wake(TASK)


def tell_due() -> int:
    """Write the mails that are due; answers how many left. One that nobody takes is tried again, for a day at most."""
    done = 0
    now = timezone.now()
    for place in SignInPlace.objects.filter(due_at__lte=now).select_related("staff").order_by("due_at"):
        claim = SignInPlace.objects.filter(pk=place.pk, due_at=place.due_at)
        if claim.update(due_at=now + _LEASE):
            done += _tell(place)
    return done


def network_of(address: str) -> str:
    """The network of an address, as "198.51.100.0/24"; empty where there is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ip_network(f"{found}/{_PREFIXES[found.version]}", strict=False))


def _tell(place: SignInPlace) -> int:
    with override(place.language):
        is_sent = mails.send(
            place.staff,
            _("Entraron a su cuenta de Cifras desde otro lugar"),
            "mail/new_place.txt",
            {"place": place, "moment": written(place.first_at)},
        )
    if not is_sent and timezone.now() - place.first_at < _LONGEST_TRY:
        return 0
    if not is_sent:
        logger.warning("Nobody took the mail about a new place of %s", place.staff.uid)
    SignInPlace.objects.filter(pk=place.pk).update(due_at=None)
    return int(is_sent)
