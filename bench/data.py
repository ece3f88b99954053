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


def fill(environment: dict[str, str], documents: int) -> dict[str, str]:
    """Migrate and fill both databases of a cluster; answers the environment that names the small one, too."""
    big = environment[BIG]
    small = f"{big.rpartition('/')[0]}/cifras_small"
    say(f"bench_data: {documents:,} documents")
    _fill(environment, documents)
    host = big.removeprefix("postgres://cifras@/").rpartition("/")[0]
    subprocess.run(
        ["psql", "-q", "-h", host, "-U", "cifras", "cifras", "-c", "CREATE DATABASE cifras_small"], check=True
    )
    _fill(environment | {BIG: small}, HANDFUL)
    return environment | {SMALL: small}


@contextmanager
def hands(module: str, database: str) -> Iterator["Popen[str]"]:
    """A benchmark's helper on one of the two databases, ready to be told."""
    with child("bench.begin", module, DATABASE_URL=os.environ[database]) as process:
        read_line(process)
        yield process


def _fill(environment: dict[str, str], documents: int) -> None:
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity=0"], cwd=ROOT, env=environment, check=True)
    filling = [*manage, "bench_data", "--documents", str(documents), "--yes"]
    subprocess.run(filling, cwd=ROOT, env=environment, check=True, stderr=subprocess.DEVNULL)
