"""The sign of life of a worker that writes a long file: how far it is, and that its lease goes on."""

import time
from datetime import timedelta
from typing import Any

from django.db import connection, connections
from django.utils import timezone

from cifras.core.models import ExportJob

LEASE = timedelta(minutes=5)
_SECONDS = 2.0


class LeaseLost(Exception):
    """Another worker has taken the job over: what this one has written is worth nothing."""


class Pulse:
    """Tells the table every two seconds. Raises LeaseLost when the job is no longer this worker's.

    While a COPY runs nothing else can be said on its connection, so PostgreSQL is told on another one.
    """

    def __init__(self, job: ExportJob) -> None:
        self._job, self.rows = job, 0
        self._next = time.monotonic() + _SECONDS
        self._own: Any = None

    def __enter__(self) -> "Pulse":
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.close()

    def add(self, rows: int) -> None:
        """So many rows more have been written."""
        self.rows += rows
        if time.monotonic() >= self._next:
            self._tell(self._connection())

    def beat(self) -> None:
        """Say so now, on the connection that is free again."""
        self._tell(connection)

    def _tell(self, wire: Any) -> None:
        self._next = time.monotonic() + _SECONDS
        table = connection.ops.quote_name(ExportJob._meta.db_table)
        lease = connection.ops.adapt_datetimefield_value(timezone.now() + LEASE)
        with wire.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET rows_written = %s, leased_until = %s "  # noqa: S608 our own name
                "WHERE id = %s AND attempts = %s AND state = %s",
                [self.rows, lease, self._job.pk, self._job.attempts, ExportJob.State.RUNNING.value],
            )
            if not cursor.rowcount:
                raise LeaseLost

    def _connection(self) -> Any:
        if connection.vendor != "postgresql":
            return connection
        if self._own is None:
            self._own = connections.create_connection(connection.alias)
        return self._own
