"""Anchors of the audit trail: how far every chain reaches, written down where its own owner would not look.

A chain whose rows and head vanish together leaves no gap. So once an hour the end of every chain that grew becomes a row of the
chain without tenant, and the end of that one goes to the log, which belongs somewhere else. `verify_audit` holds the chains
against their anchors, and takes the last line of the log by `--anchor`.
"""

import logging
from collections.abc import Mapping
from itertools import batched

from django.db.models import F, QuerySet

from cifras.core import audit
from cifras.core.models import AuditChain
from cifras.core.rows import update_rows

logger = logging.getLogger(__name__)

_CHAINS_PER_ROW = 500


def anchor() -> int:
    """Anchor every chain that grew since it last was; how many those are."""
    grown = AuditChain.objects.filter(sequence__gt=F("anchored"))
    heads = list(grown.exclude(chain="").order_by("chain"))
    for part in batched(heads, _CHAINS_PER_ROW):
        ends = {head.chain: [head.sequence, head.hash] for head in part}
        audit.record(audit.ANCHORED, actor=None, after=ends)
        _remember({head.pk: head.sequence for head in part})
    _tell_the_log(grown)
    return len(heads)


def _tell_the_log(grown: QuerySet[AuditChain]) -> None:
    own = grown.filter(chain="").first()
    if own is not None:
        logger.info("The audit trail is anchored: verify_audit --anchor %s:%s", own.sequence, own.hash)
        _remember({own.pk: own.sequence})


def _remember(anchored: Mapping[int, int]) -> None:
    """Apart from the anchor itself: were this lost, the chain would only be anchored once more."""
    update_rows(AuditChain, {pk: {"anchored": sequence} for pk, sequence in anchored.items()})
