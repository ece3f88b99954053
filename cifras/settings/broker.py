"""The broker: which queues there are, which task goes where, and how the demo's folder of messages is laid out."""

from pathlib import Path
from typing import Any

from kombu import Queue

# One queue per kind of work, so that a flood of one kind never delays another. A worker started without -Q
# serves them all.
QUEUES = [
    Queue(name, routing_key=name) for name in ("default", "submit", "news", "files", "voids", "reports")
]
ROUTES = {
    "invoicing.submit*": {"queue": "submit"},
    "invoicing.resolve*": {"queue": "submit"},
    "invoicing.void*": {"queue": "voids"},
    "invoicing.attach*": {"queue": "files"},
    "invoicing.import*": {"queue": "reports"},
    "invoicing.*": {"queue": "news"},
    "reports.*": {"queue": "reports"},
    "core.exports": {"queue": "reports"},
}


def transport_options(broker_url: str, folder: Path) -> dict[str, Any]:
    """kombu's options for `broker_url`. A filesystem broker keeps its messages in sub-folders of `folder`."""
    if not broker_url.startswith("filesystem:"):
        return {"socket_connect_timeout": 2} if broker_url.startswith("redis") else {}
    paths = {name: folder / name for name in ("messages", "processed", "control")}
    for path in paths.values():
        path.mkdir(parents=True, exist_ok=True)
    # A worker reads from the folder that everybody writes to.
    return {
        "data_folder_in": str(paths["messages"]),
        "data_folder_out": str(paths["messages"]),
        "processed_folder": str(paths["processed"]),
        "control_folder": str(paths["control"]),
    }
