"""What benchmarks are made of: the stub provider, real workers, waiting, and the verdict as a JSON line."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, cast

import requests
from celery import current_app

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds until a benchmark gives up


class Stub:
    """The provider of `bench.stub`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def figures(self) -> dict[str, Any]:
        """What it has seen since it last began anew."""
        return cast(dict[str, Any], requests.get(f"{self.url}/figures", timeout=5).json())

    def begin_anew(self) -> None:
        requests.delete(f"{self.url}/figures", timeout=5)


@contextmanager
def stub(latency: float) -> Iterator[Stub]:
    """The stub provider in a process of its own."""
    with child("bench.stub", str(latency)) as process:
        yield Stub(int(read_line(process)))


@contextmanager
def child(module: str, *arguments: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """A program of ours that is spoken to by its lines."""
    command = [sys.executable, "-m", module, *arguments]
    environment = os.environ | variables
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{process.args!r} ended with {process.wait()}.")
    return line.strip()


def tell_all(processes: list["subprocess.Popen[str]"], line: str) -> list[str]:
    """Write a line to every process, so that they work at the same time; answers the line that each says."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
    return [read_line(process) for process in processes]


def tell(process: "subprocess.Popen[str]", line: str) -> str:
    """Write a line to `process` and answer the line it says."""
    [said] = tell_all([process], line)
    return said


@contextmanager
def workers(processes: int, **variables: str) -> Iterator[None]:
    """Real Celery workers with so many processes, ready to work."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "cifras",
        "worker",
        "--loglevel=ERROR",
        "--without-gossip",
    ]
    command += [f"--concurrency={processes}", "--pool=prefork"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | variables, start_new_session=True, stdout=subprocess.DEVNULL
    ) as process:
        try:
            until(lambda: current_app.control.ping(timeout=0.2))
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def until(condition: Any, *, every: float = 0.005) -> None:
    """Wait for what another process does; exits when it does not come about."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("It did not come about in time.")
        time.sleep(every)


def verdict(
    name: str, pairs: list[float], *, least: float | None = None, most: float | None = None, **more: Any
) -> bool:
    """Print one figure as a JSON line: the median of the per-pair ratios with its spread; True when it is met."""
    value = median(pairs)
    met = (least is None or value >= least) and (most is None or value <= most)
    line = {
        "figure": name,
        "ratio": round(value, 3),
        "spread": [round(min(pairs), 3), round(max(pairs), 3)],
        "pairs": len(pairs),
        **({"at_least": least} if least is not None else {}),
        **({"at_most": most} if most is not None else {}),
        "met": met,
        **more,
    }
    print(json.dumps(line), flush=True)
    return met


def pairs_of(arguments: list[str], *, default: int) -> int:
    """How many pairs are wanted: `--pairs N`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=default)
    return int(parser.parse_args(arguments).pairs)
