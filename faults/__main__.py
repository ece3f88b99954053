"""Storms: real workers on PostgreSQL and Redis of their own, under misfortunes that are drawn from a seed.

    python -m faults [--documents 400] [--seed N]

Prints its counts as one JSON line, and exits 1 unless nothing was issued twice, nothing was never sent and nothing that was
issued is unrecorded.
"""

import subprocess
import sys
from pathlib import Path

from faults import RESTART
from scripts.services import (
    Cluster,
    cluster,
    redis,
    require_programs,
    stop_on_sigterm,
    temporary_folder,
    throw_away_settings,
)

ROOT = Path(__file__).resolve().parent.parent
# What lets a lost worker be missed after seconds and not after minutes: no time is any shorter than what depends on it.
SHORT_TIMES = {
    "PAC_CONNECT_TIMEOUT": "0.5",
    "PAC_READ_TIMEOUT": "1.5",
    "PAC_TOTAL_TIMEOUT": "1.5",
    "PAC_RETRY_WAIT": "0,0",
    "PAC_QUEUE_WAITS": "0.5",
    "PAC_RESEND_AFTER": "2",
    # A killed worker's lanes come free after a while only, and here many are killed in that time.
    "PAC_CONCURRENCY": "200",
    "PAC_THREADS": "8",
    "PAC_FILE_HOSTS": "127.0.0.1",
    "PAC_ALLOW_INSECURE_FILES": "on",
}


def main(arguments: list[str]) -> int:
    stop_on_sigterm()
    programs = require_programs("postgresql", "redis")
    with (
        temporary_folder() as folder,
        cluster(programs["postgresql"], folder, keeps_commits=True) as database,
        redis(programs["redis"], folder) as broker_url,
    ):
        environment = throw_away_settings(folder, database.url, broker_url) | SHORT_TIMES
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        command = [sys.executable, "-m", "faults.begin", *arguments]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as storm:
            serve(storm, database)
        return storm.returncode


def serve(storm: "subprocess.Popen[str]", database: Cluster) -> None:
    """Pass on what the storm prints, and tear PostgreSQL down and up again when it asks for that."""
    assert storm.stdin and storm.stdout
    try:
        for line in storm.stdout:
            if line.strip() != RESTART:
                print(line, end="", flush=True)
                continue
            database.stop()
            database.start()
            print("done", file=storm.stdin, flush=True)
    finally:
        storm.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
