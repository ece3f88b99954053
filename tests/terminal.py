"""An operator's terminal: `manage.py` in a process of its own, on a database file and folders of its own."""

import fcntl
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds until a test gives up on a command


@dataclass(frozen=True)
class Ended:
    """How a command ended. `out` is all it wrote on stdout, which is JSON line by line."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        [only] = self.lines
        return only

    @property
    def error_codes(self) -> list[str]:
        return [error["code"] for error in self.line["errors"]]


class Terminal:
    """A folder with a database, and the environment of whoever works there. Further variables are settings."""

    def __init__(self, folder: Path, pac_base_url: str, **variables: str) -> None:
        self.folder = folder
        self.database = folder / "cifras.sqlite3"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPYCACHEPREFIX": str(ROOT / "var" / "bytecode"),
            "DJANGO_SETTINGS_MODULE": "cifras.settings.local",
            "CIFRAS_VAR_DIR": str(folder / "var"),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "CELERY_BROKER_URL": "memory://",
            "LOG_LEVEL": "WARNING",
            "SECRET_KEY": "throw-away-key-of-the-tests-" * 3,
            "CIFRAS_FIELD_KEYS": urlsafe_b64encode(b"throw-away-field-key-of-the-test").decode(),
            "PAC_BASE_URL": pac_base_url,
            "PAC_API_KEY": "practice-key",
            "PAC_PROXY_URL": "",
            "PAC_FILE_HOSTS": "127.0.0.1",
            "PAC_ALLOW_INSECURE_FILES": "1",
            "PAC_RETRY_WAIT": "0,0",
            **variables,
        }

    def run(self, *arguments: str, stdin: str | bytes | None = None, **variables: str) -> Ended:
        """Type `manage.py arguments` and wait for its end."""
        done = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment | variables,
            input=stdin.encode() if isinstance(stdin, str) else stdin or b"",
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Begin `manage.py arguments`; whoever starts it ends it, by `kill`."""
        return subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def write(self, name: str, content: Any) -> str:
        """A file with `content` as JSON; a list becomes JSON lines. Answers its name for the command line."""
        rows = content if isinstance(content, list) else [content]
        (self.folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return name

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]


def type_here(capsys: pytest.CaptureFixture[str], name: str, *arguments: str, stdin: str = "") -> Ended:
    """The command in this process, on the test's own database: quicker than a real terminal, and as strict."""
    command = load_command_class(get_commands()[name], name)
    command._called_from_command_line = True
    code = 0
    with patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))):
        try:
            call_command(command, *arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        except CommandError as error:
            code = error.returncode
    written = capsys.readouterr()
    return Ended(code, written.out, written.err)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """As `kill -9`."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def migrated(folder: Path, pac_base_url: str, *, shared: Path, **variables: str) -> Terminal:
    """A terminal whose database is as `migrate` leaves it; the first test of a run makes it for all of them."""
    terminal = Terminal(folder, pac_base_url, **variables)
    template = shared / "migrated.sqlite3"
    with (shared / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if template.exists():
            shutil.copy(template, terminal.database)
            return terminal
        done = terminal.run("migrate", "--verbosity=0")
        if done.code:
            pytest.fail(f"migrate failed: {done.err}")
        shutil.copy(terminal.database, template)
    return terminal


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def until(condition: Callable[[], object]) -> None:
    """Wait for what another process does; fails when it does not come about."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            pytest.fail("it did not come about in time")
        time.sleep(0.02)
