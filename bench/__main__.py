"""Run benchmarks on PostgreSQL and Redis of their own that forget everything.

    python -m bench [NAME ...] [-- arguments of theirs]

Each prints its figures as JSON lines and exits 1 when it misses one. They are ratios: both sides ran on this machine, by turns.
Each has a database and a broker to itself, save that those of ON_DATA share one, filled by `bench_data` with as many documents as
the variable N says; the file of P10 has as many rows, within limits.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import data
from scripts.services import (
    postgresql,
    redis,
    require_programs,
    say,
    stop_on_sigterm,
    temporary_folder,
    throw_away_settings,
)

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("submission", "fairness", "webhook", "connections", "numbering", "exports")
# With fewer rows than that, what a request costs at all would weigh more than they.
SHORTEST_FILE, LONGEST_FILE = 100_000, 1_000_000
# The last ones add documents.
ON_DATA = {"lists": [], "all_companies": [], "ingest": [], "reconciliation": ["--flat"]}


def main(arguments: list[str]) -> int:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    names, options = arguments[:at] or [*NAMES, *ON_DATA], arguments[at + 1 :]
    if unknown := set(names) - {*NAMES, *ON_DATA}:
        say(f"no benchmark is called {', '.join(unknown)}; there are {', '.join((*NAMES, *ON_DATA))}")
        return 2
    stop_on_sigterm()
    documents = int(os.environ.get("N") or data.USUAL)
    own = {"exports": ["--documents", str(min(max(documents, SHORTEST_FILE), LONGEST_FILE))]}
    missed = []
    with migrated() as environment:
        for name in NAMES:
            if name in names:
                with data.copy_of(environment, f"cifras_{name}") as alone, broker(alone) as served:
                    missed += begin(name, [*own.get(name, []), *options], served)
        if on_data := [name for name in ON_DATA if name in names]:
            with data.filled(environment, documents) as full, broker(full) as served:
                for name in on_data:
                    missed += begin(name, [*ON_DATA[name], *options], served)
    if missed:
        say(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


@contextmanager
def migrated() -> Iterator[dict[str, str]]:
    """PostgreSQL of one's own with an empty database, as an environment."""
    programs = require_programs("postgresql", "redis")
    with temporary_folder() as folder, postgresql(programs["postgresql"], folder) as url:
        environment = throw_away_settings(folder, url, "memory://")
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        yield environment


@contextmanager
def broker(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same with a Redis that holds nothing yet."""
    folder = Path(environment["CIFRAS_VAR_DIR"])
    with redis(require_programs("redis")["redis"], folder) as url:
        yield environment | {"CELERY_BROKER_URL": url}


def begin(name: str, options: list[str], environment: dict[str, str]) -> list[str]:
    """Its name where a benchmark on these services misses a figure."""
    say(name)
    command = [sys.executable, "-m", "bench.begin", name, *options]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            return [name] if process.wait() else []
        finally:
            process.terminate()  # whoever stops us stops it and the workers it has begun


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
