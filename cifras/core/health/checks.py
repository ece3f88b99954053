"""Whether everything that the product stands on is there.

Anybody inside the network may ask, as often as they like, so an answer is kept for a while: a good one as long as its line in
CHECKS says, a bad one for two seconds. What exactly is wrong stands in the log; the answer has words only.
"""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cifras.core.health.heartbeat import is_beating

logger = logging.getLogger(__name__)

OK, FAILING = "ok", "failing"
_BAD_HOLDS_SECONDS = 2.0
_BROKER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Check:
    """`passes` answers or raises; a good answer holds for `seconds`."""

    passes: Callable[[], bool]
    seconds: float


_kept: dict[str, tuple[str, float]] = {}


def readiness() -> dict[str, str]:
    """Each check with its word."""
    return {name: _word(name, check) for name, check in CHECKS.items()}


def forget() -> None:
    """Ask everything anew at the next call."""
    _kept.clear()


def _word(name: str, check: Check) -> str:
    word, until = _kept.get(name, ("", 0.0))
    if monotonic() < until:
        return word
    word = OK if _passes(name, check) else FAILING
    _kept[name] = word, monotonic() + (check.seconds if word == OK else _BAD_HOLDS_SECONDS)
    return word


def _passes(name: str, check: Check) -> bool:
    try:
        passes = check.passes()
    except Exception:
        logger.exception("Not ready: the check of %s failed", name)
        return False
    if not passes:
        logger.warning("Not ready: %s", name)
    return passes


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _broker() -> bool:
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=_BROKER_SECONDS)
        return bool(broker.connected)


def _storage() -> bool:
    """A file can be written: a full disk reads very well."""
    name = default_storage.save(f"health/{uuid.uuid4()}", ContentFile(b"ok"))
    try:
        with default_storage.open(name) as stored:
            return bool(stored.read() == b"ok")
    finally:
        default_storage.delete(name)


def _file_hosts() -> bool:
    """Without them no PDF and no XML is ever fetched."""
    return bool(settings.PAC_FILE_HOSTS or settings.DEBUG)


CHECKS: Mapping[str, Check] = {
    "database": Check(_database, 1),
    "migrations": Check(_migrations, 60),
    "broker": Check(_broker, 5),
    "schedule": Check(is_beating, 5),
    "storage": Check(_storage, 60),
    "file_hosts": Check(_file_hosts, 60),
}
