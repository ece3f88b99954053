"""Carrying out a file: read into rows, rehearsed, and imported row by row, each with its outcome in one transaction.

The rows' states are the truth. A worker that is killed loses at most the row it was at, and the next one goes on there; a file
that comes twice makes nothing twice. The staff site's batches are done by the workers, those of the command in its own process.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files.base import File
from django.db import OperationalError, transaction
from django.db.models import Count, Q
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.audit import plain_json
from cifras.core.context import correlation_id
from cifras.core.models import Staff
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import ImportBatch, ImportRow
from invoicing.services.importing.acts import Outcome, Setting, carry_out, names_of, rehearse
from invoicing.services.importing.files import read_rows
from invoicing.services.importing.limits import bad_file
from invoicing.services.importing.rows import Item, items
from tenants.models import Tenant

logger = logging.getLogger(__name__)

TASK = "invoicing.import"
Stage, State = ImportBatch.Stage, ImportRow.State
TO_DO: Mapping[str, tuple[str, ...]] = {
    Stage.CHECKING: (State.PENDING,),
    Stage.IMPORTING: (State.PENDING, State.READY),
}
_AFTER: Mapping[str, str] = {Stage.CHECKING: Stage.CHECKED, Stage.IMPORTING: Stage.DONE}
_AT_ONCE = 500
_CHUNK = 64 * 1024


def start(file: BinaryIO, *, filename: str, tenant: Tenant, actor: Staff) -> ImportBatch:
    """Keep an uploaded file, to be read and rehearsed by the workers. Raises RuleBroken when it is no file of rows."""
    digest, size = digest_of(file)
    if next(items(read_rows(file)), None) is None:  # what cannot be read at all is said at once
        raise bad_file("no_rows", gettext_noop("El archivo no trae ninguna fila debajo del encabezado."))
    file.seek(0)
    batch = ImportBatch(
        tenant=tenant,
        filename=filename[:200],
        sha256=digest,
        size_bytes=size,
        created_by=actor,
        due_at=timezone.now(),
    )
    # The storage makes the directory; nothing of the name that was given becomes part of a path.
    batch.file.save(f"{tenant.uid}/imports/{batch.uid}", File(file), save=False)
    with transaction.atomic():
        batch.save()
        audit.record(
            "import.uploaded",
            actor=actor,
            tenant_uid=tenant.uid,
            target=batch,
            after={"filename": batch.filename, "sha256": digest, "size_bytes": size},
        )
        wake(TASK)
    return batch


def approve(batch: ImportBatch, *, actor: Staff) -> ImportBatch:
    """Let the workers import what the rehearsal found fit. A second press changes nothing."""
    with transaction.atomic():
        moved = ImportBatch.objects.filter(pk=batch.pk, stage=Stage.CHECKED).update(
            stage=Stage.IMPORTING, due_at=timezone.now(), leased_until=None, created_by=actor
        )
        batch.refresh_from_db()
        if moved:
            audit.record(
                "import.approved",
                actor=actor,
                tenant_uid=batch.tenant.uid if batch.tenant else None,
                target=batch,
                after={"rows": counts(batch)},
            )
            wake(TASK)
        elif batch.stage not in {Stage.IMPORTING, Stage.DONE}:
            raise RuleBroken(
                "import_not_checked",
                gettext_noop("El archivo aún se está probando: espere al resultado."),
                "file",
            )
    return batch


def open_for_command(path: Path, digest: str, size: int, tenant: Tenant | None) -> ImportBatch:
    """The batch of a file at the terminal: the one that was interrupted, or a new one."""
    unfinished = ImportBatch.objects.filter(
        sha256=digest, tenant=tenant, created_by=None, file="", stage__in=[Stage.READING, Stage.IMPORTING]
    ).first()
    if unfinished:
        return unfinished
    return ImportBatch.objects.create(tenant=tenant, filename=path.name[:200], sha256=digest, size_bytes=size)


def read_in(batch: ImportBatch, file: BinaryIO, *, then: str) -> None:
    """Store the file's rows and move the batch to stage `then`. Begun anew where it was interrupted."""
    batch.rows.all().delete()
    for some in batched(items(read_rows(file)), _AT_ONCE):
        ImportRow.objects.bulk_create([_row(batch, item) for item in some])
    ImportBatch.objects.filter(pk=batch.pk, stage=Stage.READING).update(stage=then)
    batch.refresh_from_db(fields=["stage"])


def rows_to_do(batch: ImportBatch) -> Iterator[ImportRow]:
    """The rows still to be done in the batch's stage, one after the other."""
    states = TO_DO.get(batch.stage, ())
    while some := list(batch.rows.filter(state__in=states).order_by("number")[:_AT_ONCE]):
        yield from some


def do_row(row: ImportRow, setting: Setting, *, stage: str) -> ImportRow:
    """Rehearse or import one row and keep its outcome, in one transaction."""
    with transaction.atomic():
        locked = ImportRow.objects.select_for_update().get(pk=row.pk)
        if locked.state in TO_DO[stage]:
            data: Mapping[str, Any] = locked.data
            if stage == Stage.CHECKING:
                outcome = _safely(lambda: rehearse(data, setting, partial(_promised, locked)))
                state = State.READY if outcome.state == State.CREATED else outcome.state
            else:
                outcome = _safely(lambda: carry_out(data, setting))
                state = outcome.state
            _keep(locked, outcome, state)
    return locked


def finish(batch: ImportBatch) -> None:
    """Close the stage when no row is left to do."""
    if batch.rows.filter(state__in=TO_DO[batch.stage]).exists():
        return
    ImportBatch.objects.filter(pk=batch.pk, stage=batch.stage).update(
        stage=_AFTER[batch.stage], due_at=None, leased_until=None, finished_at=timezone.now()
    )
    batch.refresh_from_db()


def counts(batch: ImportBatch) -> dict[str, int]:
    """How many documents and movements are in each state, and in all."""
    found = dict(batch.rows.order_by().values_list("state").annotate(count=Count("pk")))
    return {state: found.get(state, 0) for state in State.values} | {"ALL": sum(found.values())}


def digest_of(file: BinaryIO) -> tuple[str, int]:
    """(SHA-256, size in bytes) of a file; it stands at its beginning afterwards."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return digest.hexdigest(), size


def told(reasons: Any) -> list[dict[str, str]]:
    """Refusals as they are kept: stable code, member, sentence."""
    return [{"code": each.code, "field": each.field, "message": sentence(each)} for each in reasons]


def _row(batch: ImportBatch, item: Item) -> ImportRow:
    name, code = names_of(item.data)
    if isinstance(item.data, RuleBroken):
        refused = told(item.data.reasons)
        return ImportRow(
            batch=batch, number=item.number, row_count=item.row_count, state=State.REFUSED, reasons=refused
        )
    return ImportRow(
        batch=batch,
        number=item.number,
        row_count=item.row_count,
        data=plain_json(item.data),
        external_id=name,
        cufe=code,
    )


def _keep(row: ImportRow, outcome: Outcome, state: str) -> None:
    row.state = state
    row.reasons, row.notes = told(outcome.reasons), told(outcome.notes)
    is_real = state in {State.CREATED, State.KNOWN}
    row.document_uid = outcome.document.uid if outcome.document and is_real else None
    row.save(update_fields=["state", "reasons", "notes", "document_uid"])


def _safely(act: Callable[[], Outcome]) -> Outcome:
    """What an act answers; a mistake of ours refuses its row, with its trace in the log, and the others go on."""
    try:
        with transaction.atomic():
            return act()
    except OperationalError:
        raise
    except Exception:
        logger.exception("A row of an import broke")
        reason = RuleBroken(
            "unexpected",
            gettext_noop(
                "Error nuestro al tratar la fila: no se guardó nada. Avise con el identificador {id}."
            ),
            id=correlation_id(),
        )
        return Outcome(State.REFUSED, reasons=(reason,))


def _promised(row: ImportRow, name: str) -> tuple[int, Mapping[str, Any]] | None:
    """The earlier row of the batch that bears `name` and was found fit."""
    elders = ImportRow.objects.filter(
        Q(external_id=name) | Q(cufe=name.upper()),
        batch=row.batch_id,
        number__lt=row.number,
        state__in=[State.READY, State.KNOWN, State.CREATED],
    )
    elder = elders.order_by("number").first()
    return (elder.number, elder.data) if elder else None
