"""The tries of an onboarding's steps: one at a time, remembered with who, when and what was answered.

Every write is a compare-and-set on `Onboarding.version`, so two operators never overwrite one another: the later one is told.
A step under way is marked and holds the record; the mark runs out, so that a killed worker does not hold it for good. What a
killed worker may have done at the provider stands in the facts (company_unknown, Office.registration), never in the mark.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.errors import Outcome, PacError
from tenants.models import Onboarding, Tenant


class StepState(StrEnum):
    """How the last try of a step ended. RUNNING: somebody is at it. WAITING: somebody outside has to act."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step came to. `notes` are for a person to read; `answer` is the provider's own word."""

    state: StepState = StepState.DONE
    notes: tuple[RuleBroken, ...] = ()
    answer: str = ""
    exchange_id: str = ""


@dataclass(frozen=True, slots=True)
class StepTry:
    """The last try of a step as staff see it, in the language of the page. `at` is None before the first."""

    step: str
    state: StepState = StepState.PENDING
    at: datetime | None = None
    by: str = ""
    sentences: tuple[str, ...] = ()
    answer: str = ""
    exchange_id: str = ""


@dataclass(slots=True)
class StepRun:
    """One try of a step, for as long as it holds the record. `inputs` is what the door passed on."""

    onboarding: Onboarding
    step: str
    actor: Staff | None
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tenant(self) -> Tenant:
        return self.onboarding.tenant

    def begin(self) -> None:
        """Take the record. Raises RuleBroken (step_running, onboarding_changed)."""
        for name, entry in self.onboarding.steps.items():
            if entry["state"] == StepState.RUNNING and not _has_run_out(entry):
                raise RuleBroken(
                    "step_running",
                    gettext_noop(
                        "{by} está ejecutando un paso ({step}). Espere a que termine y recargue la página."
                    ),
                    by=entry["by"] or "Cifras",
                    step=name,
                )
        self.hold()

    def hold(self, **changes: Any) -> None:
        """Keep the record for another call to the provider, and write `changes` to it."""
        self._write(self._entry(StepState.RUNNING), **changes)

    def finish(self, result: StepResult) -> None:
        """Remember what the step came to, drop what was only a draft of it, and let the record go."""
        drafts = self.onboarding.data.get("drafts", {})
        others = {name: draft for name, draft in drafts.items() if name != self.step}
        self._end(
            self._entry(result.state, result.notes, answer=result.answer, exchange_id=result.exchange_id),
            **({"data": {**self.onboarding.data, "drafts": others}} if others != drafts else {}),
        )

    def fail(self, error: RuleBroken | PacError) -> None:
        """Remember why the step did not succeed, and let the record go."""
        if isinstance(error, PacError):
            state = StepState.UNKNOWN if error.outcome is Outcome.UNKNOWN else StepState.FAILED
            note = RuleBroken(error.code, error.template, **error.values)
            entry = self._entry(state, (note,), answer=error.provider_words, exchange_id=error.exchange_id)
        else:
            entry = self._entry(StepState.FAILED, error.reasons)
        self._end(entry)

    def drop(self) -> None:
        """Let the record go after a failure of our own; what may have been done at the provider stands in the facts."""
        note = RuleBroken("step_interrupted", gettext_noop("El paso se interrumpió: repítalo."))
        with suppress(RuleBroken):
            self._end(self._entry(StepState.FAILED, (note,)))

    def _entry(
        self, state: StepState, notes: tuple[RuleBroken, ...] = (), *, answer: str = "", exchange_id: str = ""
    ) -> dict[str, Any]:
        said = [
            {"code": note.code, "field": note.field, "message": note.template, "values": note.values}
            for note in notes
        ]
        entry: dict[str, Any] = audit.plain_json(
            {
                "state": state.value,
                "at": timezone.now(),
                "by": self.actor.username if self.actor else "",
                "notes": said,
                "answer": answer,
                "exchange_id": exchange_id,
            }
        )
        return entry

    def _end(self, entry: dict[str, Any], **changes: Any) -> None:
        before = self.onboarding.steps.get(self.step, {}).get("state")
        with transaction.atomic():
            self._write(entry, **changes)
            audit.record(
                f"onboarding.{self.step}",
                actor=self.actor,
                tenant_uid=self.tenant.uid,
                target=self.onboarding,
                before={"state": before},
                after={"state": entry["state"], "codes": [note["code"] for note in entry["notes"]]},
                exchange_id=entry["exchange_id"],
            )

    def _write(self, entry: dict[str, Any], **changes: Any) -> None:
        steps = {**self.onboarding.steps, self.step: entry}
        compare_and_set(self.onboarding, steps=steps, **changes)


def compare_and_set(onboarding: Onboarding, **changes: Any) -> None:
    """Write `changes` if nobody has written since `onboarding` was read. Raises RuleBroken (onboarding_changed)."""
    unchanged = Onboarding.objects.filter(pk=onboarding.pk, version=onboarding.version)
    if not unchanged.update(version=onboarding.version + 1, **changes):
        raise RuleBroken(
            "onboarding_changed",
            gettext_noop(
                "Otra persona avanzó esta habilitación mientras tanto. Recargue la página y revise su estado."
            ),
        )
    onboarding.version += 1
    for name, value in changes.items():
        setattr(onboarding, name, value)


def last_try(onboarding: Onboarding, step: str) -> StepTry:
    """How the last try of `step` ended, and who made it."""
    entry = onboarding.steps.get(step)
    if entry is None:
        return StepTry(step)
    notes = [
        RuleBroken(note["code"], note["message"], note["field"], **note["values"]) for note in entry["notes"]
    ]
    return StepTry(
        step=step,
        state=StepState(entry["state"]),
        at=datetime.fromisoformat(entry["at"]),
        by=entry["by"],
        sentences=tuple(sentence(note) for note in notes),
        answer=entry["answer"],
        exchange_id=entry["exchange_id"],
    )


def is_under_way(onboarding: Onboarding, step: str) -> bool:
    """Whether somebody is at the step right now; a mark whose time has run out is nobody's."""
    entry = onboarding.steps.get(step)
    return bool(entry and entry["state"] == StepState.RUNNING and not _has_run_out(entry))


def _has_run_out(entry: Mapping[str, Any]) -> bool:
    """Whether whoever holds the record must have died: no single call to the provider lasts that long."""
    longest = timedelta(seconds=2 * settings.PAC_TOTAL_TIMEOUT + settings.PAC_RETRY_WAIT[1])
    return timezone.now() > datetime.fromisoformat(entry["at"]) + longest
