"""Two runs of a month side by side: what is new, what has gone, and what is no longer as it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cifras.core.models import Staff
from reports.models import Difference, Reconciliation
from reports.views.differences_shown import Shown, shown

_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Part:
    """Differences with the same fate; at most some hundreds are shown, `count` is how many there are."""

    word: Any
    icon: str
    tone: str
    count: int
    differences: Sequence[Shown]


def changes_between(before: Reconciliation, after: Reconciliation, staff: Staff) -> list[Part]:
    """The differences of both runs by what became of them; the same thing has the same subject in every run."""
    rows = Difference.objects.filter(reconciliation__in=[before, after]).select_related(
        "decided_by", "assignee"
    )
    sides: dict[int, dict[str, Difference]] = {before.pk: {}, after.pk: {}}
    for row in rows:
        sides[row.reconciliation_id][row.subject] = row
    old, new = sides[before.pk], sides[after.pk]
    both = [subject for subject in new if subject in old]
    changed = [subject for subject in both if not _is_same(old[subject], new[subject])]
    parts = [
        (_("Nuevas"), "add_circle", "red", [new[subject] for subject in new if subject not in old]),
        (_("Cambiaron"), "change_circle", "amber", [new[subject] for subject in changed]),
        (_("Ya no están"), "check_circle", "green", [old[subject] for subject in old if subject not in new]),
        (_("Siguen igual"), "remove", "grey", [new[subject] for subject in both if subject not in changed]),
    ]
    said = iter(shown([row for *_rest, rows in parts for row in rows[:_MOST_SHOWN]], staff))
    return [
        Part(word, icon, tone, len(rows), [next(said) for _row in rows[:_MOST_SHOWN]])
        for word, icon, tone, rows in parts
    ]


def _is_same(before: Difference, after: Difference) -> bool:
    return (before.ours, before.pac, before.reason_values) == (after.ours, after.pac, after.reason_values)
