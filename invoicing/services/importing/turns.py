"""The workers' turns at uploaded files: read, rehearse, import, a piece at a time and under a lease.

A worker that dies leaves its lease to run out; the next one goes on at the row where it stopped.
"""

from datetime import datetime, timedelta
from typing import BinaryIO, cast

from django.db.models import Q
from django.utils import timezone

from cifras.core import wake
from cifras.core.context import act_context
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import ImportBatch
from invoicing.services.importing.acts import Setting
from invoicing.services.importing.run import TASK, TO_DO, Stage, do_row, finish, read_in, told

_LEASE = timedelta(minutes=2)
_LATER = timedelta(seconds=30)


def import_due(*, limit: int = 50) -> int:
    """Go on with the uploaded files that are due, at most `limit` rows of each; answers how many things were done."""
    done = 0
    now = timezone.now()
    due = ImportBatch.objects.filter(_free(now), due_at__lte=now).order_by("due_at", "pk")[:5]
    for batch in due.select_related("tenant", "created_by"):
        if _lease(batch):
            with act_context():
                done += _go_on(batch, limit)
    return done


def _go_on(batch: ImportBatch, limit: int) -> int:
    """A worker's turn at a batch: the file first, then some rows; the rest is due at once."""
    if batch.stage == Stage.READING:
        _read_stored(batch)
        return 1
    if batch.created_by is None:
        _stop_without_owner(batch)
        return 0
    setting = Setting(actor=batch.created_by, tenant=batch.tenant)
    done = 0
    stage = batch.stage
    for row in batch.rows.filter(state__in=TO_DO.get(stage, ())).order_by("number")[:limit]:
        do_row(row, setting, stage=stage)
        done += 1
    finish(batch)
    if batch.stage in TO_DO:
        ImportBatch.objects.filter(pk=batch.pk).update(due_at=timezone.now(), leased_until=None)
        wake(TASK)
    return done


def _read_stored(batch: ImportBatch) -> None:
    try:
        with batch.file.open("rb") as stored:
            read_in(batch, cast(BinaryIO, stored), then=Stage.CHECKING)
    except RuleBroken as refusal:
        _fail(batch, refusal)
        return
    except FileNotFoundError:
        _fail(
            batch, RuleBroken("file_lost", gettext_noop("El archivo guardado ya no está: súbalo de nuevo."))
        )
        return
    ImportBatch.objects.filter(pk=batch.pk).update(due_at=timezone.now(), leased_until=None)
    wake(TASK)


def _stop_without_owner(batch: ImportBatch) -> None:
    """Nobody's rights would be asked for: the rest is left as it is."""
    reason = RuleBroken(
        "nobody_in_charge",
        gettext_noop("Quien subió el archivo ya no está: súbalo de nuevo para seguir."),
        "file",
    )
    ImportBatch.objects.filter(pk=batch.pk).update(problem=told([reason]), due_at=None)


def _fail(batch: ImportBatch, refusal: RuleBroken) -> None:
    batch.rows.all().delete()
    ImportBatch.objects.filter(pk=batch.pk).update(
        stage=Stage.FAILED, problem=told(refusal.reasons), due_at=None, finished_at=timezone.now()
    )
    batch.refresh_from_db()


def _free(now: datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lt=now)


def _lease(batch: ImportBatch) -> bool:
    """Claim the batch; while the lease lasts nobody else goes on with it."""
    now = timezone.now()
    mine = ImportBatch.objects.filter(_free(now), pk=batch.pk, due_at=batch.due_at)
    return bool(mine.update(leased_until=now + _LEASE, due_at=now + _LATER))
