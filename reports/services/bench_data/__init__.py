"""A database as large as a busy house's, for measuring: made up, reproducible from a seed, loaded by COPY into PostgreSQL."""

from reports.services.bench_data.filling import fill, require_room

__all__ = ["fill", "require_room"]
