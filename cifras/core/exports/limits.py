"""How much one person may take out: per hour, and at once. What is refused is in the audit trail and in the log."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from cifras.core import audit
from cifras.core.models import AuditEntry, ExportJob, Staff
from cifras.core.scopes import all_tenants
from cifras.fiscal.errors import RuleBroken, gettext_noop

logger = logging.getLogger(__name__)

STARTED = "export.started"
PER_HOUR = 60
JOBS_PER_HOUR = 10
JOBS_AT_ONCE = 3


def require_allowance(actor: Staff, *, what: str) -> None:
    """Raises RuleBroken (too_many_exports) when `actor` has begun PER_HOUR files within an hour."""
    if _begun_by(actor) >= PER_HOUR:
        _refuse(
            actor,
            what,
            RuleBroken(
                "too_many_exports",
                gettext_noop(
                    "Ya exportó {limit} archivos en la última hora: espere un poco e intente de nuevo."
                ),
                limit=PER_HOUR,
            ),
        )


def require_job_allowance(actor: Staff, *, what: str) -> None:
    """Raises RuleBroken when `actor` has too many long files under way, or had too many made within an hour."""
    jobs = ExportJob.objects.owned_by(actor)
    if jobs.filter(state__in=[ExportJob.State.QUEUED, ExportJob.State.RUNNING]).count() >= JOBS_AT_ONCE:
        _refuse(
            actor,
            what,
            RuleBroken(
                "export_under_way",
                gettext_noop("Ya se preparan {limit} archivos suyos: espere a que termine alguno."),
                limit=JOBS_AT_ONCE,
            ),
        )
    if jobs.filter(created_at__gt=_an_hour_ago()).count() >= JOBS_PER_HOUR:
        _refuse(
            actor,
            what,
            RuleBroken(
                "too_many_exports",
                gettext_noop(
                    "Ya pidió {limit} archivos largos en la última hora: espere un poco e intente de nuevo."
                ),
                limit=JOBS_PER_HOUR,
            ),
        )


@all_tenants(reason="how many files somebody has had", level=logging.DEBUG)
def _begun_by(actor: Staff) -> int:
    begun = AuditEntry.objects.filter(actor_uid=actor.uid, at__gt=_an_hour_ago(), action=STARTED)
    return begun[:PER_HOUR].count()


def _refuse(actor: Staff, what: str, refusal: RuleBroken) -> None:
    logger.warning("An export of %s was refused to %s: %s", what, actor.uid, refusal.code)
    audit.record("export.refused", actor=actor, target=(what, None, what), after={"code": refusal.code})
    raise refusal


def _an_hour_ago() -> datetime:
    return timezone.now() - timedelta(hours=1)
