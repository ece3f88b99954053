from collections.abc import Iterator

import pytest

from cifras.sandbox.records import Company
from cifras.sandbox.server import SandboxServer
from tests.sandbox.bodies import ISSUER_RUC
from tests.sandbox.client import Client


@pytest.fixture(autouse=True)
def no_proxy_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def company(sandbox: SandboxServer) -> Company:
    return sandbox.authority.add_company(ruc=ISSUER_RUC, name="Emisora de Prueba, S.A.")


@pytest.fixture
def pac(sandbox: SandboxServer, company: Company) -> Iterator[Client]:
    client = Client(sandbox, company)
    yield client
    client.session.close()
