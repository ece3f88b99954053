"""What somebody typed into a step and wants to finish later: kept with the onboarding as it was typed, judged by nobody.

Whoever resumes finds it in the form. It is dropped once the step is taken. Steps that take secrets keep no drafts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from tenants.models import Onboarding
from tenants.services.progress import compare_and_set

KEPT = frozenset({"ruc", "company", "offices"})
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Draft:
    """The values by the name of their field, who typed them and when."""

    values: Mapping[str, Any]
    by: str
    at: datetime


def keep_draft(onboarding: Onboarding, step: str, values: Mapping[str, Any], *, actor: Staff | None) -> None:
    """Raises RuleBroken: draft_not_kept for a step that keeps none, draft_too_long, onboarding_changed."""
    if step not in KEPT:
        raise RuleBroken(
            "draft_not_kept",
            gettext_noop("Lo escrito en este paso no se guarda a medias: complételo o déjelo para después."),
        )
    if len(json.dumps(values)) > _LONGEST:
        raise RuleBroken("draft_too_long", gettext_noop("Lo escrito es demasiado largo para guardarlo."))
    draft = {"values": values, "by": actor.username if actor else "", "at": timezone.now().isoformat()}
    drafts = {**onboarding.data.get("drafts", {}), step: draft}
    compare_and_set(onboarding, data={**onboarding.data, "drafts": drafts})


def draft_of(onboarding: Onboarding, step: str) -> Draft | None:
    """What waits to be finished."""
    draft = onboarding.data.get("drafts", {}).get(step)
    return Draft(draft["values"], draft["by"], datetime.fromisoformat(draft["at"])) if draft else None
