"""Where a mirror stands, in words and figures, as its page and the list show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from cifras.core.admin.badges import AMBER, BLUE, GREEN, GREY, RED, Badge
from invoicing.admin.figures import as_received, moment
from invoicing.models import Mirror, MirroredRow
from invoicing.services.mirroring.standing import Standing, counts_of, problem_text, standing_of

State = MirroredRow.State
MOST_HELD = 50
_FIGURES: Mapping[str, Badge] = {
    State.BROUGHT: Badge(gettext_lazy("Traídos"), "cloud_download", GREEN),
    State.WAITING: Badge(gettext_lazy("Por traer"), "schedule", BLUE),
    State.OURS: Badge(gettext_lazy("Emitidos desde Cifras"), "done_all", GREY),
    State.OTHER_KIND: Badge(gettext_lazy("De otras clases"), "category", GREY),
    State.HELD: Badge(gettext_lazy("Necesitan a una persona"), "front_hand", RED),
}

_BADGES: Mapping[Standing, Badge] = {
    Standing.TROUBLED: Badge(gettext_lazy("Con problemas"), "sync_problem", AMBER),
    Standing.LOADING: Badge(gettext_lazy("Carga inicial"), "cloud_sync", BLUE),
    Standing.READING: Badge(gettext_lazy("Leyendo la lista"), "sync", BLUE),
    Standing.CURRENT: Badge(gettext_lazy("Al día"), "task_alt", GREEN),
}


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A listed document that a person has to look at."""

    number: str
    kind: str
    pac_document_id: str
    text: str


def badge_of(mirror: Mirror) -> Badge:
    """The one word for where the list stands."""
    return _BADGES[standing_of(mirror)]


def shown(mirror: Mirror) -> dict[str, Any]:
    """What the changing part of the page prints: two queries."""
    counts = counts_of(mirror)
    all_rows, waiting = sum(counts.values()), counts.get(State.WAITING, 0)
    held = MirroredRow.objects.filter(tenant=mirror.tenant_id, state=State.HELD).order_by("-pk")
    return {
        "mirror": mirror,
        "badge": badge_of(mirror),
        "figures": [(badge, counts.get(state, 0)) for state, badge in _FIGURES.items()],
        "all": all_rows,
        "done": all_rows - waiting,
        "is_moving": mirror.is_running or bool(waiting),
        "facts": list(_facts(mirror)),
        "problem": problem_text(mirror.problem),
        "held": [_row(row) for row in held[:MOST_HELD]] if counts.get(State.HELD) else [],
        "more_held": max(counts.get(State.HELD, 0) - MOST_HELD, 0),
    }


def _facts(mirror: Mirror) -> list[tuple[str, str]]:
    rows = [
        (gettext("Última vuelta completa"), moment(mirror.completed_at)),
        (gettext("Lista entera leída"), moment(mirror.whole_at)),
        (gettext("Próxima vuelta"), moment(mirror.due_at) if not mirror.is_running else ""),
        (gettext("Vuelta"), str(mirror.run)),
        (gettext("Páginas leídas en ella"), str(mirror.pages_read)),
        (gettext("Documentos listados en ella"), str(mirror.rows_read)),
        (gettext("Nuevos en ella"), str(mirror.rows_new)),
        (gettext("Desde la emisión del"), f"{mirror.since:%d/%m/%Y}" if mirror.since else ""),
    ]
    return [row for row in rows if row[1]]


def _row(row: MirroredRow) -> ShownRow:
    return ShownRow(
        as_received(row.number, 40),
        as_received(row.raw_kind, 40),
        as_received(row.pac_document_id, 100),
        problem_text(row.problem),
    )
