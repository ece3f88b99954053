"""Letting time pass for the queues without waiting for it: what is due later is due now; and another day than today."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import time_machine
from django.db.models import F
from django.utils import timezone

from cifras.fiscal.lifecycle import Submission
from cifras.sandbox.server import SandboxServer
from invoicing.models import Document, DocumentMail, ProviderHealth, WebhookDelivery, WebhookRequest
from invoicing.services import queues


def work_through(*, rounds: int = 5) -> None:
    """Work until idle, `rounds` times, each time as if every due time had come."""
    for _ in range(rounds):
        queues.work_until_idle()
        make_everything_due()
    queues.work_until_idle()


def make_everything_due() -> None:
    """Bring every due time forward to now."""
    now = timezone.now()
    Document.objects.filter(due_at__gt=now).update(due_at=now)
    Document.objects.filter(void_due_at__gt=now).update(void_due_at=now)
    for model in (WebhookDelivery, DocumentMail, WebhookRequest):
        model.objects.filter(due_at__gt=now).update(due_at=now)
    ProviderHealth.objects.update(open_until=None)


def lose_the_workers() -> None:
    """As after `kill -9` long ago: every lease has run out."""
    now = timezone.now()
    Document.objects.filter(submission=Submission.SENDING).update(leased_until=now)
    Document.objects.filter(leased_until__gt=now).update(leased_until=now)
    DocumentMail.objects.filter(leased_until__gt=now).update(leased_until=now)
    Document.objects.filter(void_leased_until__gt=now).update(void_leased_until=F("void_requested_at"))


@contextmanager
def both_clocks_at(moment: datetime, pac: SandboxServer) -> Iterator[None]:
    """Ours and the practice PAC's, which lives in this process: so its clock is set by ours, once that one has moved."""
    with time_machine.travel(moment, tick=True):
        pac.world.clock.set(moment)
        yield
