"""Run benchmarks, each on PostgreSQL and Redis of its own that forget everything.

    python -m bench [NAME ...] [-- arguments of theirs]

Each prints its figures as JSON lines and exits 1 when it misses one. They are ratios: both sides ran on this machine, by turns.
"""

import subprocess
import sys
from pathlib import Path

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
NAMES = ("submission", "fairness", "webhook", "connections", "numbering")


def main(arguments: list[str]) -> int:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    names, options = arguments[:at] or list(NAMES), arguments[at + 1 :]
    if unknown := set(names) - set(NAMES):
        say(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    stop_on_sigterm()
    missed = [name for name in names if run(name, options)]
    if missed:
        say(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


def run(name: str, options: list[str]) -> int:
    """The exit code of one benchmark."""
    say(name)
    programs = require_programs("postgresql", "redis")
    with (
        temporary_folder() as folder,
        postgresql(programs["postgresql"], folder) as database_url,
        redis(programs["redis"], folder) as broker_url,
    ):
        environment = throw_away_settings(folder, database_url, broker_url)
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        command = [sys.executable, "-m", "bench.begin", name, *options]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
