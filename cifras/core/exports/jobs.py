"""Long files: asked for by a person, made by whichever worker comes first, kept for a week.

The table is the queue. Whoever claims a job counts its attempt, so that a worker whose lease ran out cannot finish what
another one has begun anew; the name of the file is written down before the file is, so that the next one erases what is left.
"""

import hashlib
import logging
import uuid
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, override

from cifras.core import audit, wake
from cifras.core.context import act_context, correlation_id
from cifras.core.exports.limits import STARTED, require_allowance, require_job_allowance
from cifras.core.exports.pulse import LEASE, LeaseLost, Pulse
from cifras.core.exports.source import Source, source_of
from cifras.core.exports.writing import write
from cifras.core.models import ExportJob, Staff
from cifras.core.sight import as_seen_by, look_up_sight

logger = logging.getLogger(__name__)

TASK = "core.exports"
KEPT_FOR = timedelta(days=7)
MOST_ATTEMPTS = 3
State = ExportJob.State
_NO_RIGHT = gettext_noop("Ya no tiene permiso para exportar esta lista.")
_GAVE_UP = gettext_noop("El trabajo se interrumpió varias veces: pídalo de nuevo o acote los filtros.")
_BROKE = gettext_noop("Error nuestro al preparar el archivo: avise con el identificador {id}.")


def request(source: Source, form: str, *, language: str, actor: Staff) -> ExportJob:
    """Have the workers make a file. Raises RuleBroken when `actor` has had too many."""
    require_allowance(actor, what=source.list_name)
    require_job_allowance(actor, what=source.list_name)
    with transaction.atomic():
        job = ExportJob.objects.create(
            owner=actor,
            list_name=source.list_name,
            query=source.query,
            form=form,
            language=language,
            due_at=timezone.now(),
        )
        _record(STARTED, job, {"filters": source.query, "form": form})
        wake(TASK)
    return job


def run_due(*, limit: int = 1) -> int:
    """Make the file that has been due longest, and erase those whose week is over; answers how many things were done.

    One at a time, whatever `limit` above none: the queues beside it shall not wait for several long files.
    """
    done = erase_expired()
    job = _claim() if limit > 0 else None
    if job is None:
        return done
    with act_context(), override(job.language):
        _make(job)
    if ExportJob.objects.filter(_free(timezone.now()), due_at__lte=timezone.now()).exists():
        wake(TASK)
    return done + 1


def erase_expired() -> int:
    """Erase the files that have been kept long enough."""
    expired = ExportJob.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at")[:100]
    for job in expired:
        _erase(job)
        ExportJob.objects.filter(pk=job.pk).update(state=State.EXPIRED, file="", expires_at=None)
    return len(expired)


def require_still_allowed(job: ExportJob, staff: Staff) -> None:
    """Raises PermissionDenied unless `staff` may still have the list, and still sees every tenant the file may speak of."""
    source_of(job.list_name, staff=staff, query=job.query)
    seen = _seen_by(staff)
    if seen is not None and (job.scope is None or not set(job.scope) <= set(seen)):
        raise PermissionDenied


def downloaded(job: ExportJob, staff: Staff) -> None:
    """Somebody has fetched the file."""
    audit.record("export.downloaded", actor=staff, target=job, after={"sha256": job.sha256})


def _claim() -> ExportJob | None:
    """The next job that nobody has or whose worker is gone, claimed; what a former worker left is erased."""
    now = timezone.now()
    free = _free(now)
    for job in ExportJob.objects.filter(free, due_at__lte=now).order_by("due_at", "pk")[:5]:
        mine = ExportJob.objects.filter(free, pk=job.pk, attempts=job.attempts, due_at=job.due_at)
        name = f"exports/{job.uid}/{uuid.uuid4()}"
        claimed = mine.update(
            state=State.RUNNING,
            attempts=F("attempts") + 1,
            rows_written=0,
            leased_until=now + LEASE,
            file=name,
        )
        if not claimed:
            continue
        _erase(job)
        return ExportJob.objects.select_related("owner").get(pk=job.pk)
    return None


def _free(now: datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lt=now)


def _make(job: ExportJob) -> None:
    if job.attempts > MOST_ATTEMPTS:
        _fail(job, gettext(_GAVE_UP))
        return
    try:
        with as_seen_by(job.owner):
            _write_and_keep(job)
    except LeaseLost:
        logger.warning("Export %s was taken over by another worker", job.uid)
    except PermissionDenied:
        _fail(job, gettext(_NO_RIGHT))
    except OperationalError:
        raise  # the next one begins anew when the lease ends
    except Exception:
        logger.exception("Export %s broke off", job.uid)
        _fail(job, gettext(_BROKE).format(id=correlation_id()))


def _write_and_keep(job: ExportJob) -> None:
    scope = _seen_by(job.owner)
    source = source_of(job.list_name, staff=job.owner, query=job.query)
    _mine(job).update(rows_expected=source.rows.order_by().values("pk").count(), scope=scope)
    with TemporaryFile() as file, Pulse(job) as pulse:
        write(source, job.form, file, on_rows=pulse.add)
        pulse.beat()
        digest, size = _measured(file)
        name = default_storage.save(job.file.name, File(cast(Any, file)))
        _finish(job, name=name, digest=digest, size=size, rows=pulse.rows)


def _finish(job: ExportJob, *, name: str, digest: str, size: int, rows: int) -> None:
    now = timezone.now()
    with transaction.atomic():
        finished = _mine(job).update(
            state=State.DONE,
            file=name,
            sha256=digest,
            size_bytes=size,
            rows_written=rows,
            rows_expected=rows,
            finished_at=now,
            expires_at=now + KEPT_FOR,
            due_at=None,
            leased_until=None,
        )
        if finished:
            facts = {"filters": job.query, "form": job.form, "rows": rows, "sha256": digest}
            _record("export.finished", job, facts)
    if not finished:
        default_storage.delete(name)
        raise LeaseLost


def _fail(job: ExportJob, problem: str) -> None:
    _erase(job)
    with transaction.atomic():
        failed = _mine(job).update(
            state=State.FAILED,
            problem=problem,
            file="",
            finished_at=timezone.now(),
            due_at=None,
            leased_until=None,
        )
        if failed:
            _record("export.broken_off", job, {"filters": job.query, "form": job.form, "problem": problem})


def _seen_by(staff: Staff) -> list[str] | None:
    """The UUIDs of the tenants that `staff` sees now; None for all."""
    uids = look_up_sight(staff).uids
    return None if uids is None else sorted(str(uid) for uid in uids)


def _erase(job: ExportJob) -> None:
    if job.file.name:
        default_storage.delete(job.file.name)


def _mine(job: ExportJob) -> Any:
    """The job, as long as no other worker has claimed it."""
    return ExportJob.objects.filter(pk=job.pk, attempts=job.attempts, state=State.RUNNING)


def _measured(file: Any) -> tuple[str, int]:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = file.tell()
    file.seek(0)
    return digest, size


def _record(action: str, job: ExportJob, facts: dict[str, Any]) -> None:
    target = (job.list_name, job.uid, job.list_name)
    audit.record(action, actor=job.owner, target=target, after=facts)
