import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invoicing.services import tracking
from tests.terminal import Ended

type Manage = Callable[..., Ended]


@pytest.fixture
def manage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Manage:
    """Type a command; it runs in this process, on the test's own database."""

    def typed(*arguments: str, stdin: str = "") -> Ended:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = 0
        try:
            call_command(*arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        except CommandError as error:
            code = error.returncode
        written = capsys.readouterr()
        return Ended(code, written.out, written.err)

    return typed


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
    monkeypatch.setattr(tracking, "_CLOSE_STEP", timedelta(0))
