"""What all tests share: which of them run on which database. Factories live in tests/factories.py.

A test itself may read every tenant; the requests and tasks that it makes come through their own doors.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django.fixtures import Settings

from cifras.core.scopes import all_tenants_in_this_process
from cifras.sandbox.server import SandboxServer

HERE = Path(__file__).parent
# These folders prove the demo's database too, but for their pages, and for the commands, which run on SQLite anyhow.
SQLITE_FOLDERS = ("core", "tenants", "invoicing")
NOT_TWICE = {"admin", "commands"}
all_tenants_in_this_process("a test")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    is_postgresql = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    for item in items:
        folders = item.path.relative_to(HERE).parts
        if folders[0] in SQLITE_FOLDERS and not NOT_TWICE.intersection(folders):
            item.add_marker("sqlite")
        if item.get_closest_marker("postgresql") and not is_postgresql:
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: make test"))


@pytest.fixture(scope="session")
def pac_server() -> Iterator[SandboxServer]:
    """One practice PAC per process, on a real socket."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
def pac(pac_server: SandboxServer, settings: Settings) -> SandboxServer:
    """The practice PAC as new, with the settings pointing to it and no waiting in between."""
    pac_server.world.reset()
    settings.PAC_BASE_URL = settings.PAC_SANDBOX_BASE_URL = pac_server.base_url
    settings.PAC_API_KEY = settings.PAC_SANDBOX_API_KEY = "practice-key"
    settings.PAC_READ_TIMEOUT = 10.0  # a busy machine is no lost answer
    settings.PAC_RETRY_WAIT = (0.0, 0.0)
    settings.PAC_QUEUE_WAITS = (30.0,)
    settings.PAC_RESEND_AFTER = 0.0
    return pac_server


@pytest.fixture
def impatient(pac: SandboxServer, settings: Settings) -> None:
    """For tests in which the PAC falls silent: nobody waits long for an answer that will not come."""
    settings.PAC_READ_TIMEOUT = 1.5
