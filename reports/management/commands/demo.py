"""`manage.py demo [--port N]`: the whole product with practice data, in one foreground process group.

Web, worker, schedule and practice PAC are children; Ctrl-C, or the end of any of them, stops all. Data stays in var/ for the
next run. Nothing but the package registry is needed from the network.
"""

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reports.services import demo

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_MANAGE = str(Path(sys.argv[0]).resolve())


class Command(BaseCommand):
    help = "La demostración: sitio, trabajador, agenda y PAC de práctica juntos; Ctrl-C detiene todo."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8000, help="puerto del sitio; el PAC usa el siguiente"
        )

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        environment = _environment(port)
        children: list[subprocess.Popen[bytes]] = []
        try:
            self._prepare(port, environment, children)
            children += [_start(command, environment) for command in _services(port)]
            _wait_for(f"http://127.0.0.1:{port}/admin/login/", children)
            self._tell(port)
            _wait_for_the_first_to_end(children)
            raise CommandError("Un proceso de la demostración terminó: se detiene todo.")
        except KeyboardInterrupt:
            self.stderr.write("demo: detenida; los datos quedan en var/")
        finally:
            _stop_all(children)

    def _prepare(
        self, port: int, environment: Mapping[str, str], children: list[subprocess.Popen[bytes]]
    ) -> None:
        """The database, the practice PAC, and the world where there is none yet."""
        _run([sys.executable, _MANAGE, "migrate", "--verbosity", "0"], environment)
        state = str(settings.VAR_DIR / "demo-pac.sqlite3")
        children.append(
            _start(
                [sys.executable, _MANAGE, "pac_sandbox", "--port", str(port + 1), "--state", state],
                environment,
            )
        )
        _wait_for(f"http://127.0.0.1:{port + 1}/control/clock", children)
        _switch_webhooks_on(port)
        _run([sys.executable, _MANAGE, "demo_world"], environment)

    def _tell(self, port: int) -> None:
        self.stderr.write("")
        self.stderr.write(f"  Cifras              http://127.0.0.1:{port}/admin/")
        self.stderr.write(f"  usuario             {demo.USERNAME}")
        self.stderr.write(f"  contraseña          {demo.PASSWORD}")
        self.stderr.write(f"  PAC de práctica     http://127.0.0.1:{port + 1}/control/")
        self.stderr.write("  Ctrl-C detiene todo.")
        self.stderr.write("")


def _environment(port: int) -> dict[str, str]:
    pac = f"http://127.0.0.1:{port + 1}/alanube"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "cifras.settings.local",
        "DEBUG": "off",
        "CIFRAS_SECOND_FACTOR": "off",
        "PAC_BASE_URL": pac,
        "PAC_API_KEY": "practice-key",
        "PAC_SANDBOX_BASE_URL": pac,
        "PAC_SANDBOX_API_KEY": "practice-key",
        "PAC_FILE_HOSTS": "127.0.0.1",
        "PAC_ALLOW_INSECURE_FILES": "1",
        "PAC_MAX_BACKDATE_DAYS": "70",
        "PAC_WEBHOOK_SECRET": "practice-webhook-secret",
        "PAC_WEBHOOK_URL": f"http://127.0.0.1:{port}/webhooks/pac",
    }


def _services(port: int) -> Sequence[list[str]]:
    """Web, worker and schedule."""
    celery = [sys.executable, "-m", "celery", "-A", "cifras"]
    return (
        [
            sys.executable,
            "-m",
            "gunicorn",
            "cifras.wsgi",
            "-b",
            f"127.0.0.1:{port}",
            "-w",
            "1",
            "--threads",
            "4",
            "--no-control-socket",
            "--log-level",
            "warning",
        ],
        [*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING"],
        [*celery, "beat", "--loglevel", "WARNING", "--pidfile="],
    )


def _start(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL)  # noqa: S603 - our own programs


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    finished = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=False)  # noqa: S603 our own programs
    if finished.returncode:
        raise CommandError(f"«{' '.join(command[1:3])}» no terminó bien.")


def _wait_for(url: str, children: Sequence[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if any(child.poll() is not None for child in children):
            break
        try:
            if requests.get(url, timeout=10).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise CommandError(f"{url} no contesta: ¿está ocupado el puerto? Pruebe PORT=9000 make demo.")


def _switch_webhooks_on(port: int) -> None:
    wanted = {
        "webhooks_automatic": True,
        "webhook_url": f"http://127.0.0.1:{port}/webhooks/pac/{{company}}",
        "webhook_secret": "practice-webhook-secret",
    }
    requests.post(
        f"http://127.0.0.1:{port + 1}/control/behaviour", json=wanted, timeout=10
    ).raise_for_status()


def _wait_for_the_first_to_end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    while all(child.poll() is None for child in children):
        time.sleep(0.5)


def _stop_all(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in reversed(children):
        if child.poll() is None:
            child.terminate()
    end = time.monotonic() + _STOP_SECONDS
    for child in children:
        try:
            child.wait(max(end - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
