import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from invoicing.services import tracking
from tests.terminal import Ended, type_here

type Manage = Callable[..., Ended]


@pytest.fixture
def manage(capsys: pytest.CaptureFixture[str]) -> Manage:
    """Type a command; it runs in this process, on the test's own database."""
    return partial(type_here, capsys)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Any], str]:
    """A file with one document, or with several as a JSON list; a text is written as it is."""

    def written(content: Any) -> str:
        path = tmp_path / "documents.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return written


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An accepted document is asked about without the five seconds' pause."""
    monkeypatch.setattr(tracking, "CLOSE_STEP", timedelta(0))
