"""What the benchmarks of lists, reports and reconciliation share: a large database and one of a few hundred documents."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from bench.stage import child, read_line
from scripts.services import say

ROOT = Path(__file__).resolve().parent.parent
BIG, SMALL = "DATABASE_URL", "BENCH_SMALL_DATABASE_URL"
USUAL, HANDFUL = 200_000, 400


@contextmanager
def filled(environment: dict[str, str], documents: int) -> Iterator[dict[str, str]]:
    """Fill a migrated database and a small copy of it; answers the environment that names the small one, too."""
    with copy_of(environment, "cifras_small") as small:
        say(f"bench_data: {documents:,} documents")
        _fill(environment, documents)
        _fill(small, HANDFUL)
        yield environment | {SMALL: small[BIG]}


@contextmanager
def copy_of(environment: dict[str, str], name: str) -> Iterator[dict[str, str]]:
    """An environment like this one with a copy of its database, which is quicker than migrating another one."""
    place, _, pattern = environment[BIG].rpartition("/")
    psql = ["psql", "-q", "-h", place.removeprefix("postgres://cifras@/"), "-U", "cifras", "postgres", "-c"]
    subprocess.run([*psql, f"CREATE DATABASE {name} TEMPLATE {pattern}"], check=True)
    try:
        yield environment | {BIG: f"{place}/{name}"}
    finally:
        subprocess.run([*psql, f"DROP DATABASE {name} WITH (FORCE)"], check=False)


@contextmanager
def hands(module: str, database: str) -> Iterator["Popen[str]"]:
    """A benchmark's helper on one of the two databases, ready to be told."""
    with child("bench.begin", module, DATABASE_URL=os.environ[database]) as process:
        read_line(process)
        yield process


def _fill(environment: dict[str, str], documents: int) -> None:
    filling = [sys.executable, "manage.py", "bench_data", "--documents", str(documents), "--yes"]
    subprocess.run(filling, cwd=ROOT, env=environment, check=True, stderr=subprocess.DEVNULL)
