"""Run the whole suite on throw-away services: PostgreSQL in parallel with coverage, then the SQLite pass.

    scripts/run_tests.py [pytest arguments]

PostgreSQL, Redis and Chromium are found, or installed when root on Debian; otherwise the one command to type is printed.
The services live in a temporary folder, listen on unix sockets only and are stopped whatever happens.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"postgresql": "postgresql", "redis": "redis-server", "chromium": "chromium"}
WORKERS = str(min(8, max(2, os.cpu_count() or 2)))
IS_ROOT = os.geteuid() == 0


def main(arguments: list[str]) -> int:
    # A terminated run has to stop its services too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    programs = require_programs()
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


def say(text: str) -> None:
    print(f"test: {text}", file=sys.stderr, flush=True)


def require_programs() -> dict[str, str]:
    """Where each program is, after installing what is missing; exits with the command to type when it may not."""
    programs = find_programs()
    missing = [PACKAGES[name] for name, path in programs.items() if path is None]
    if missing and IS_ROOT and shutil.which("apt-get"):
        say(f"installing {' '.join(missing)}")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", *step], env=environment, stdout=subprocess.DEVNULL, check=False)
        programs = find_programs()
        missing = [PACKAGES[name] for name, path in programs.items() if path is None]
    if missing:
        command = (
            "brew install" if sys.platform == "darwin" else "sudo apt-get update && sudo apt-get install -y"
        )
        say(
            f"the tests need {', '.join(missing)}. Type this, then try again:\n    {command} {' '.join(missing)}"
        )
        sys.exit(1)
    return {name: path for name, path in programs.items() if path is not None}


def find_programs() -> dict[str, str | None]:
    """The folder of PostgreSQL's programs, redis-server and chromium: None where there is none that runs."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders = [*sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)]
    folders += [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    browsers = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return {
        "postgresql": next(
            (str(f) for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None
        ),
        "redis": first_that_runs("redis-server", "valkey-server"),
        "chromium": first_that_runs(*filter(None, (os.environ.get("CHROMIUM"), *browsers))),
    }


def first_that_runs(*names: str) -> str | None:
    """The path of the first of `names` that can say its version (a stub that only points to a shop cannot)."""
    for path in filter(None, map(shutil.which, names)):
        if subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return None


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder with a short name (a socket's path is at most 107 characters) that the services' user owns."""
    folder = Path(tempfile.mkdtemp(prefix="cifras-"))
    if IS_ROOT:
        account = unprivileged_account()
        os.chown(folder, account.pw_uid, account.pw_gid)
        folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("test: PostgreSQL refuses to run as root, and there is no user postgres or nobody.")


def as_unprivileged() -> dict[str, Any]:
    """Arguments of subprocess.run for a program that refuses to run as root."""
    if not IS_ROOT:
        return {}
    account = unprivileged_account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def postgresql(programs: str, folder: Path) -> Iterator[str]:
    """A cluster that forgets everything, as DATABASE_URL."""
    data, log = folder / "data", folder / "postgresql.log"
    initdb = [f"{programs}/initdb", "-D", str(data), "-U", "cifras", "-A", "trust", "-E", "UTF8", "--no-sync"]
    options = (
        f"-k {folder} -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off "
        "-c max_connections=200 -c shared_buffers=128MB"
    )
    pg_ctl = [f"{programs}/pg_ctl", "-D", str(data), "-s", "-w"]
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, **as_unprivileged()}
    subprocess.run([*initdb, "--locale=C.UTF-8"], check=True, **quiet)
    try:
        subprocess.run([*pg_ctl, "-l", str(log), "-o", options, "start"], check=True, **quiet)
        yield f"postgres://cifras@/{folder}/cifras"
    finally:
        subprocess.run([*pg_ctl, "-m", "immediate", "stop"], check=False, **quiet)


@contextmanager
def redis(program: str, folder: Path) -> Iterator[str]:
    """A broker that forgets everything, as CELERY_BROKER_URL."""
    path = folder / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "777"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(folder), "--loglevel", "warning"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, **as_unprivileged()) as server:
        try:
            wait_until_it_answers(server, path)
            yield f"redis+socket://{path}"
        finally:
            server.terminate()


def wait_until_it_answers(server: "subprocess.Popen[bytes]", path: Path) -> None:
    """Return when something listens on the unix socket `path`; fails when `server` ends before that."""
    while server.poll() is None:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(path))
                return
            except OSError:
                time.sleep(0.02)
    raise SystemExit(f"test: {server.args!r} ended with {server.returncode}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
