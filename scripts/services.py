"""Throw-away services: PostgreSQL and Redis in a temporary folder, on unix sockets only, stopped whatever happens.

Programs are found, or installed when root on Debian; otherwise the one command to type is printed.
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
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PACKAGES = {"postgresql": "postgresql", "redis": "redis-server", "chromium": "chromium"}
IS_ROOT = os.geteuid() == 0


def say(text: str) -> None:
    """Tell whoever watches; what a program answers goes to stdout."""
    program = Path(sys.argv[0])
    name = program.parent.name if program.stem == "__main__" else program.stem
    print(f"{name}: {text}", file=sys.stderr, flush=True)


def stop_on_sigterm() -> None:
    """A terminated run has to stop its services too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def require_programs(*wanted: str) -> dict[str, str]:
    """Where each of the programs `wanted` (of PACKAGES) is, after installing what is missing.

    Exits with the command to type where it may not install.
    """
    programs = find_programs(wanted)
    missing = [PACKAGES[name] for name, path in programs.items() if path is None]
    if missing and IS_ROOT and shutil.which("apt-get"):
        say(f"installing {' '.join(missing)}")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", *step], env=environment, stdout=subprocess.DEVNULL, check=False)
        programs = find_programs(wanted)
        missing = [PACKAGES[name] for name, path in programs.items() if path is None]
    if missing:
        command = (
            "brew install" if sys.platform == "darwin" else "sudo apt-get update && sudo apt-get install -y"
        )
        say(
            f"{', '.join(missing)} must be there first. Type this, then try again:\n    {command} {' '.join(missing)}"
        )
        sys.exit(1)
    return {name: path for name, path in programs.items() if path is not None}


def find_programs(wanted: Iterable[str]) -> dict[str, str | None]:
    """The folder of PostgreSQL's programs, redis-server and chromium: None where there is none that runs."""
    finders = {"postgresql": find_postgresql, "redis": find_redis, "chromium": find_chromium}
    return {name: finders[name]() for name in wanted}


def find_postgresql() -> str | None:
    """The folder of the newest initdb and pg_ctl."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders = [*sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)]
    folders += [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    found = (folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists())
    return next(map(str, found), None)


def find_redis() -> str | None:
    """Redis, or what speaks its language."""
    return first_that_runs("redis-server", "valkey-server")


def find_chromium() -> str | None:
    """A Chromium; the variable CHROMIUM names one that is to come first."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return first_that_runs(*filter(None, (os.environ.get("CHROMIUM"), *names)))


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


def throw_away_settings(folder: Path, database_url: str, broker_url: str) -> dict[str, str]:
    """The environment of processes that work on these services; nothing of the caller's own settings reaches them."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "cifras.settings.local",
        "CIFRAS_VAR_DIR": str(folder),
        "DATABASE_URL": database_url,
        "CELERY_BROKER_URL": broker_url,
        "CIFRAS_FIELD_KEYS": urlsafe_b64encode(b"throw-away-field-key-of-the-test").decode(),
        "SECRET_KEY": "throw-away-key-of-a-measurement-" * 2,
        "DEBUG": "off",
        "LOG_LEVEL": "CRITICAL",
        "PAC_API_KEY": "throw-away-key",
        "PAC_BREAKER": "1000,1",
        "PYTHONWARNINGS": "ignore",
    }


def unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("PostgreSQL refuses to run as root, and there is no user postgres or nobody.")


def as_unprivileged() -> dict[str, Any]:
    """Arguments of subprocess.run for a program that refuses to run as root."""
    if not IS_ROOT:
        return {}
    account = unprivileged_account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def postgresql(programs: str, folder: Path) -> Iterator[str]:
    """A cluster that forgets everything, as DATABASE_URL."""
    with cluster(programs, folder) as running:
        yield running.url


class Cluster:
    """A PostgreSQL of one's own, which can be stopped the hard way and started again. What was committed stays."""

    def __init__(self, programs: str, folder: Path, options: str) -> None:
        self.url = f"postgres://cifras@/{folder}/cifras"
        self._pg_ctl = [f"{programs}/pg_ctl", "-D", str(folder / "data"), "-s", "-w"]
        self._start = ["-l", str(folder / "postgresql.log"), "-o", options, "start"]
        self._quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, **as_unprivileged()}

    def start(self) -> None:
        """Return once it answers."""
        subprocess.run([*self._pg_ctl, *self._start], check=True, **self._quiet)

    def stop(self) -> None:
        """At once, every connection torn off."""
        subprocess.run([*self._pg_ctl, "-m", "immediate", "stop"], check=False, **self._quiet)


@contextmanager
def cluster(programs: str, folder: Path, *, keeps_commits: bool = False) -> Iterator[Cluster]:
    """A running cluster that forgets everything in the end. It is quick; with `keeps_commits` a hard stop loses no commit."""
    data = folder / "data"
    initdb = [f"{programs}/initdb", "-D", str(data), "-U", "cifras", "-A", "trust", "-E", "UTF8", "--no-sync"]
    options = (
        f"-k {folder} -c listen_addresses= -c fsync=off -c full_page_writes=off "
        f"-c synchronous_commit={'on' if keeps_commits else 'off'} -c max_connections=200 -c shared_buffers=128MB"
    )
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, **as_unprivileged()}
    subprocess.run([*initdb, "--locale=C.UTF-8"], check=True, **quiet)
    running = Cluster(programs, folder, options)
    try:
        running.start()
        subprocess.run(
            [f"{programs}/createdb", "-h", str(folder), "-U", "cifras", "cifras"], check=True, **quiet
        )
        yield running
    finally:
        running.stop()


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
    raise SystemExit(f"{server.args!r} ended with {server.returncode}.")
