"""Where records outlive the process: one SQLite file, written through; without a path nothing is kept."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any


class Shelf:
    """Records by kind and id. Not thread-safe by itself: the authority's lock guards it."""

    def __init__(self, path: Path | str | None = None) -> None:
        self._database: sqlite3.Connection | None = None
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS records (kind TEXT, id TEXT, data TEXT NOT NULL, PRIMARY KEY (kind, id))"
            )

    def put(self, kind: str, key: str, record: dict[str, Any]) -> None:
        """Write or overwrite one record."""
        if self._database:
            data = json.dumps(record, default=_tagged, ensure_ascii=False)
            self._database.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (kind, key, data))

    def all(self, kind: str) -> Iterator[dict[str, Any]]:
        """Every record of a kind, in the order they were last written."""
        if self._database:
            rows = self._database.execute("SELECT data FROM records WHERE kind = ? ORDER BY rowid", (kind,))
            for (data,) in rows.fetchall():
                yield json.loads(data, object_hook=_untagged)

    def clear(self) -> None:
        """Forget everything."""
        if self._database:
            self._database.execute("DELETE FROM records")

    def close(self) -> None:
        """Let go of the file."""
        if self._database:
            self._database.close()
            self._database = None


def _tagged(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _untagged(record: dict[str, Any]) -> Any:
    if "$decimal" in record:
        return Decimal(record["$decimal"])
    if "$time" in record:
        return datetime.fromisoformat(record["$time"])
    return record
