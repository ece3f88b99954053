"""The PDF and XML that rows name: read from the folder of the imported file and from nowhere else."""

from collections.abc import Sequence
from pathlib import Path

from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.services.attachments import LARGEST_GIVEN

_MOST_FILES = 10


def read_papers(names: Sequence[str], folder: Path) -> tuple[bytes, ...]:
    """The contents of the files named, each inside `folder`. Raises RuleBroken naming the one that can't be had."""
    if len(names) > _MOST_FILES:
        raise RuleBroken(
            "too_many_files",
            gettext_noop("Un documento lleva como máximo {limit} archivos."),
            "files",
            limit=_MOST_FILES,
        )
    return tuple(_read(name, f"files[{index}]", folder.resolve()) for index, name in enumerate(names))


def _read(name: str, field: str, folder: Path) -> bytes:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise RuleBroken(
            "file_not_found",
            gettext_noop("No está el archivo «{name}» en la carpeta del archivo importado."),
            field,
            name=name[:200],
        )
    with path.open("rb") as file:
        return file.read(LARGEST_GIVEN + 1)
