"""Run the whole suite on throw-away services: PostgreSQL in parallel with coverage, then the SQLite pass.

python -m scripts.run_tests [pytest arguments]
"""

import os
import subprocess
import sys
from pathlib import Path

from scripts.services import postgresql, redis, require_programs, say, stop_on_sigterm, temporary_folder

ROOT = Path(__file__).resolve().parent.parent
WORKERS = str(min(8, max(2, os.cpu_count() or 2)))


def main(arguments: list[str]) -> int:
    stop_on_sigterm()
    programs = require_programs("postgresql", "redis", "chromium")
    with (
        temporary_folder() as folder,
        postgresql(programs["postgresql"], folder) as database_url,
        redis(programs["redis"], folder) as redis_url,
    ):
        say("on PostgreSQL")
        services = {
            "DATABASE_URL": database_url,
            "CIFRAS_TEST_REDIS_URL": redis_url,
            "CHROMIUM": programs["chromium"],
        }
        coverage = [] if arguments else ["--cov", "--cov-report=term"]
        failed = run_pytest(["-n", WORKERS, *coverage, *arguments], services)
    if failed or arguments:
        return failed
    say("on SQLite, the demo's database")
    return run_pytest(["-n", WORKERS, "-m", "sqlite and not browser"], {})


def run_pytest(arguments: list[str], services: dict[str, str]) -> int:
    """pytest's exit code. What the caller's own environment says about services does not reach the tests."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "CELERY_"))
    }
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment | services, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
