"""The house keeps its own rules: small rooms, no drawers, every setting explained, nothing installed unseen."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.sbom import bill_of_materials

ROOT = Path(__file__).resolve().parent.parent.parent
FLOORS = ("cifras", "tenants", "invoicing", "reports")
MODULES = [
    path
    for floor in FLOORS
    for path in sorted((ROOT / floor).rglob("*.py"))
    if "migrations" not in path.parts
]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def test_no_module_is_longer_than_450_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 450} == {}


def test_there_are_no_drawer_rooms() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "lib"}
    assert [path for path in MODULES if drawers & set(path.relative_to(ROOT).with_suffix("").parts)] == []


# What people and providers reach, and what they are told with.
DOORS = {"admin", "views.py", "urls.py", "webhooks", "templatetags", "commands", "api", "exports", "tasks.py"}


def test_no_door_opens_a_secret() -> None:
    """security.md 48 and 67: secrets are write-only, so there is no reveal that could be audited."""
    doors = [path for path in MODULES if DOORS & set(path.relative_to(ROOT).parts)]
    assert len(doors) > 60
    opening = re.compile(r"\.reveal(_bytes)?\b")
    assert [str(path) for path in doors if opening.search(path.read_text())] == []
    assert [
        str(path) for path in sorted((ROOT / "templates").rglob("*.*")) if opening.search(path.read_text())
    ] == []


def test_the_package_of_the_project_is_empty_so_that_the_law_does_not_see_django_through_it() -> None:
    assert (ROOT / "cifras" / "__init__.py").read_text() == ""


def settings_read() -> set[str]:
    calls = re.compile(r"""(?:\benv\.\w+|\bseconds|\bone_of)\(\s*["']([A-Z][A-Z0-9_]+)["']""")
    return {name for path in MODULES for name in calls.findall(path.read_text())}


def settings_explained() -> dict[str, str]:
    """Each setting of .env.example with the comment above it."""
    explained, comment = {}, ""
    for line in (ROOT / ".env.example").read_text().splitlines():
        setting = re.fullmatch(r"#?([A-Z][A-Z0-9_]+)=.*", line)
        if setting:
            explained[setting[1]] = comment
        comment = line if line.startswith("# ") else ""
    return explained


def test_every_setting_that_is_read_is_explained_in_the_example() -> None:
    explained = settings_explained()
    assert len(settings_read()) > 40, "the pattern no longer finds the settings"
    assert settings_read() - explained.keys() == set()
    assert [name for name, comment in explained.items() if len(comment) < 20] == []


def start(settings: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Import the settings in a process that knows only `variables`."""
    code = f"import {settings} as s; print(s.PAC_QUEUE_WAITS, s.PAC_VOID_WINDOW_HOURS, s.DEBUG)"
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": settings, **variables}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    example = {}
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            example[name] = value
    started = start("cifras.settings.local", **example, CIFRAS_VAR_DIR=str(tmp_path))
    assert (started.returncode, started.stdout) == (0, "(5.0, 15.0, 60.0, 300.0) 182 True\n"), started.stderr


def test_local_settings_keep_the_secrets_they_made(tmp_path: Path) -> None:
    first = start("cifras.settings.local", CIFRAS_VAR_DIR=str(tmp_path))
    assert first.returncode == 0, first.stderr
    kept = {name: (tmp_path / name).read_text() for name in ("secret-key", "field-key")}
    assert start("cifras.settings.local", CIFRAS_VAR_DIR=str(tmp_path)).returncode == 0
    assert {name: (tmp_path / name).read_text() for name in kept} == kept
    assert all((tmp_path / name).stat().st_mode & 0o077 == 0 for name in kept)


PRODUCTION = {
    "SECRET_KEY": "a-secret-for-one-test-that-is-long-enough-to-be-taken",
    "CIFRAS_FIELD_KEYS": "dGhyb3ctYXdheS1maWVsZC1rZXktb2YtdGhlLXRlc3Q=",
    "DATABASE_URL": "postgres://cifras@database/cifras",
    "ALLOWED_HOSTS": "cifras.example",
}


def test_production_starts_with_its_secrets(tmp_path: Path) -> None:
    started = start("cifras.settings.production", **PRODUCTION, CIFRAS_VAR_DIR=str(tmp_path))
    assert started.stdout.endswith("False\n"), started.stderr


@pytest.mark.parametrize("name", PRODUCTION)
def test_production_refuses_to_start_without(name: str, tmp_path: Path) -> None:
    started = start("cifras.settings.production", **(PRODUCTION | {name: ""}), CIFRAS_VAR_DIR=str(tmp_path))
    assert started.returncode != 0
    assert name in started.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "wrong", [{"DEBUG": "on"}, {"CIFRAS_FIELD_KEYS": "too-short"}, {"PAC_BREAKER": "10"}]
)
def test_production_refuses_to_start_with(wrong: dict[str, str], tmp_path: Path) -> None:
    started = start("cifras.settings.production", **(PRODUCTION | wrong), CIFRAS_VAR_DIR=str(tmp_path))
    assert started.returncode != 0
    complaint = started.stderr.splitlines()[-1]
    assert next(iter(wrong)) in complaint
    assert "too-short" not in complaint


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_have_hashes_and_no_addresses(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert len(entries) > 30
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry
        assert not re.search(r"https?:|file:|--index|--find-links|/", entry), entry


def test_the_development_lock_contains_the_runtime_lock() -> None:
    runtime, development = (
        set(re.findall(r"^[a-z0-9.-]+==[^ ;]+", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS
    )
    assert runtime <= development


def test_the_bill_of_materials_names_every_package_of_production_with_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    components = bill_of_materials(lock)["components"]
    assert {f"{each['name']}=={each['version']}" for each in components} == set(
        re.findall(r"^[a-z0-9.-]+==[^ ;]+", lock, re.MULTILINE)
    )
    assert sum(len(each["hashes"]) for each in components) == lock.count("--hash=sha256:")


def test_every_test_that_a_promise_of_security_names_exists() -> None:
    table = (ROOT / "docs" / "SECURITY-ITEMS.md").read_text(encoding="utf-8")
    promised = {int(item) for item in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    named = re.findall(r"`(tests/[\w/]+\.py)::(?:\w+::)*(\w+)`", table)
    gone = [name for path, name in named if f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")]
    assert (promised, gone) == (set(range(1, 71)), [])
    assert len(named) >= 140
