from collections.abc import Iterator

import pytest

from tests.pac.wire_server import WireServer, wire_server


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """A provider that answers whatever the test makes it say."""
    with wire_server() as server:
        yield server
