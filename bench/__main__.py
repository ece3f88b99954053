"""Run benchmarks, each on PostgreSQL and Redis of its own that forget everything.

    python -m bench [NAME ...] [-- arguments of theirs]

Each prints its figures as JSON lines and exits 1 when it misses one. They are ratios: both sides ran on this machine, by turns.
Those of ON_DATA share one cluster, filled by `bench_data` with as many documents as the variable N says.
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
# The last ones add documents.
ON_DATA = {"lists": [], "all_companies": [], "ingest": [], "reconciliation": ["--flat"]}


def main(arguments: list[str]) -> int:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    names, options = arguments[:at] or [*NAMES, *ON_DATA], arguments[at + 1 :]
    if unknown := set(names) - {*NAMES, *ON_DATA}:
        say(f"no benchmark is called {', '.join(unknown)}; there are {', '.join((*NAMES, *ON_DATA))}")
        return 2
    stop_on_sigterm()
    missed = [name for name in names if name in NAMES and run(name, options)]
    missed += run_on_data([name for name in ON_DATA if name in names], options)
    if missed:
        say(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


def run(name: str, options: list[str]) -> int:
    """The exit code of one benchmark."""
    with services() as environment:
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        return begin(name, options, environment)


def run_on_data(names: list[str], options: list[str]) -> list[str]:
    """Those that missed, of benchmarks that read the same documents."""
    if not names:
        return []
    with services() as environment:
        filled = data.fill(environment, int(os.environ.get("N") or data.USUAL))
        return [name for name in names if begin(name, [*ON_DATA[name], *options], filled)]


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """PostgreSQL and Redis of one's own, as an environment."""
    programs = require_programs("postgresql", "redis")
    with (
        temporary_folder() as folder,
        postgresql(programs["postgresql"], folder) as database_url,
        redis(programs["redis"], folder) as broker_url,
    ):
        yield throw_away_settings(folder, database_url, broker_url)


def begin(name: str, options: list[str], environment: dict[str, str]) -> int:
    """The exit code of one benchmark on these services."""
    say(name)
    command = [sys.executable, "-m", "bench.begin", name, *options]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
