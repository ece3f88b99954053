"""Anchors of the audit trail: how far every chain reaches, written down where its own owner would not look.

A chain whose rows and head vanish together leaves no gap. So once an hour the end of every chain that grew becomes a row of the
chain without tenant, and the end of that one goes to the log, which belongs somewhere else. `verify_audit` holds the chains
against their anchors, and takes the last line of the log by `--anchor`.
"""

import logging
from itertools import batched

from django.db import transaction
from django.db.models import F

from cifras.core import audit
from cifras.core.models import AuditChain
from cifras.core.rows import update_rows

logger = logging.getLogger(__name__)

_CHAINS_PER_ROW = 500


def anchor() -> int:
    """Anchor every chain that grew since it last was; how many those are.

    Each stretch once, however many workers come at once. A chain that somebody writes to at this very moment is left for the
    next hour: nobody waits for a chain while they hold that of the anchors.
    """
    with transaction.atomic():
        audit.lock_chain(None)
        grown = AuditChain.objects.filter(sequence__gt=F("anchored")).exclude(chain="")
        heads = list(grown.select_for_update(skip_locked=True).order_by("chain"))
        for part in batched(heads, _CHAINS_PER_ROW):
            ends = {head.chain: [head.sequence, head.hash] for head in part}
            audit.record(audit.ANCHORED, actor=None, after=ends)
        update_rows(AuditChain, {head.pk: {"anchored": head.sequence} for head in heads})
    _tell_the_log()
    return len(heads)


def _tell_the_log() -> None:
    own = AuditChain.objects.get(chain="")
    told = AuditChain.objects.filter(pk=own.pk, anchored=own.anchored, anchored__lt=own.sequence)
    if told.update(anchored=own.sequence):
        logger.info("The audit trail is anchored: verify_audit --anchor %s:%s", own.sequence, own.hash)
