"""What stands between a month and its closing: each gate by name, with how much there is behind it.

Two may be passed with a reason: that something could still be voided, and what is in dispute with the provider. A rounding is a
difference like any other. What was adopted or asked again is decided only when a later run no longer finds it: those two change
what is compared. A provider that tells no figures leaves nothing to reconcile with, which the gate says.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.zones import written
from cifras.pac.contract import Capability
from invoicing.services import attention
from reports.models import Origin, Reconciliation
from reports.models.reconciliation import UNSETTLED, Decision
from reports.services.facts import end_of_month, start_of
from reports.services.reconciling.deciding import has_decided
from reports.services.reconciling.fingerprint import fingerprint, groups_of, of_issued
from tenants.models import Tenant
from tenants.services.accounts import provider_spec


class GateName(StrEnum):
    """The conditions of a closing."""

    MONTH_OVER = "month_over"
    UNCONFIRMED = "unconfirmed"
    CONFLICTING = "conflicting"
    WITHOUT_LAST_WORD = "without_last_word"
    VOID_IN_COURSE = "void_in_course"
    DEADLINE = "deadline"
    RUN = "run"
    FRESH = "fresh"
    DIFFERENCES = "differences"
    DISPUTES = "disputes"


OVERRIDABLE = frozenset({GateName.DEADLINE, GateName.DISPUTES})
# What is said of a gate that is not passed.
REASONS: Mapping[GateName, str] = {
    GateName.MONTH_OVER: gettext_noop("El mes no ha terminado: se cierra desde el {day}."),
    GateName.UNCONFIRMED: gettext_noop("Documentos sin confirmar: {count}."),
    GateName.CONFLICTING: gettext_noop("Documentos en conflicto: {count}."),
    GateName.WITHOUT_LAST_WORD: gettext_noop(
        "Documentos sin palabra final de la autoridad, en cola o por corregir: {count}."
    ),
    GateName.VOID_IN_COURSE: gettext_noop("Anulaciones en curso o en duda: {count}."),
    GateName.DEADLINE: gettext_noop("Documentos que aún se pueden anular: {count}, el último hasta {until}."),
    GateName.RUN: gettext_noop("Falta una conciliación completa, hecha después de terminado el mes."),
    GateName.FRESH: gettext_noop("Los documentos cambiaron después de la última conciliación: repítala."),
    GateName.DIFFERENCES: gettext_noop(
        "Diferencias por decidir, o por comprobar conciliando otra vez: {count}."
    ),
    GateName.DISPUTES: gettext_noop("Diferencias en disputa con el PAC: {count}."),
}
_OF_DOCUMENTS: Mapping[GateName, Q] = {
    GateName.UNCONFIRMED: attention.UNCONFIRMED,
    GateName.CONFLICTING: attention.CONFLICTING,
    GateName.WITHOUT_LAST_WORD: attention.WITHOUT_LAST_WORD,
    GateName.VOID_IN_COURSE: attention.VOID_OPEN,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: whether it holds, and what is behind it. `by_kind` are documents, which a list can show."""

    name: GateName
    is_passed: bool
    count: int = 0
    by_kind: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def may_be_overridden(self) -> bool:
        """Whether a reason is enough to pass it."""
        return self.name in OVERRIDABLE

    def refusal(self) -> RuleBroken:
        """What is said of it while it does not hold."""
        return RuleBroken(f"gate_{self.name}", REASONS[self.name], count=self.count, **self.values)


@dataclass(frozen=True, slots=True)
class Standing:
    """A month as it stands now: its groups with their fingerprint, the newest run, and the gates in their order."""

    tenant: Tenant
    month: date
    groups: Sequence[Mapping[str, Any]]
    facts: str
    run: Reconciliation | None
    gates: Sequence[Gate]

    def require(self, overridden: Collection[str]) -> None:
        """Raises RuleBroken with every gate that does not hold, but those that were passed with a reason."""
        refuse(
            gate.refusal()
            for gate in self.gates
            if not gate.is_passed and not (gate.may_be_overridden and gate.name in overridden)
        )

    def require_another(self, person: Staff, *, proposer: Staff | None = None) -> None:
        """Raises RuleBroken where the person, or who proposed, decided a difference of the month: neither of them closes it."""
        if has_decided(person, self.tenant, self.month):
            raise RuleBroken(
                "closer_decided",
                gettext_noop("Usted decidió diferencias de este mes: tienen que cerrarlo otras personas."),
            )
        if proposer and has_decided(proposer, self.tenant, self.month):
            raise RuleBroken(
                "proposer_decided",
                gettext_noop(
                    "{person} propuso el cierre y decidió diferencias de este mes: rechácelo, y que lo proponga otra persona."
                ),
                person=proposer.username,
            )


def look(tenant: Tenant, month: date, *, now: datetime | None = None) -> Standing:
    """How the month stands: two queries."""
    now = now or timezone.now()
    groups = groups_of(tenant.pk, month, tenant.environment, **_counts(now))
    run = _newest(tenant, month)
    gates = [
        _month_over(month, now),
        *_of_documents(groups),
        _deadline(groups),
        *_of_run(tenant, month, run, groups),
        _of_differences(GateName.DIFFERENCES, getattr(run, "unsettled", 0)),
        _of_differences(GateName.DISPUTES, getattr(run, "disputed", 0)),
    ]
    return Standing(tenant, month, groups, fingerprint(groups), run, gates)


def has_figures_to_compare(tenant: Tenant) -> bool:
    """Whether the provider tells what it counts of this tenant."""
    return bool(tenant.pac_company_id) and provider_spec(tenant).can(Capability.STATEMENT)


def _counts(now: datetime) -> dict[str, Any]:
    voidable = attention.still_voidable(now)
    found: dict[str, Any] = {
        f"n_{name}": Count("pk", filter=condition) for name, condition in _OF_DOCUMENTS.items()
    }
    return found | {
        f"n_{GateName.DEADLINE}": Count("pk", filter=voidable),
        "until": Max("void_deadline", filter=voidable),
    }


def _month_over(month: date, now: datetime) -> Gate:
    day = end_of_month(month) + timedelta(days=1)
    return Gate(GateName.MONTH_OVER, now >= start_of(day), values={"day": f"{day:%d/%m/%Y}"})


def _of_documents(groups: Iterable[Mapping[str, Any]]) -> Iterator[Gate]:
    for name in _OF_DOCUMENTS:
        by_kind = _by_kind(groups, name)
        yield Gate(name, not by_kind, sum(by_kind.values()), by_kind)


def _deadline(groups: Sequence[Mapping[str, Any]]) -> Gate:
    by_kind = _by_kind(groups, GateName.DEADLINE)
    times = [group["until"] for group in groups if group["until"]]
    values = {"until": written(max(times)) if times else "—"}
    return Gate(GateName.DEADLINE, not by_kind, sum(by_kind.values()), by_kind, values)


def _by_kind(groups: Iterable[Mapping[str, Any]], name: GateName) -> dict[str, int]:
    """Of what we issued: sales that were issued elsewhere wait for nobody."""
    found: dict[str, int] = {}
    for group in groups:
        count = group[f"n_{name}"]
        if count and group["origin"] == Origin.ISSUED:
            found[group["kind"]] = found.get(group["kind"], 0) + count
    return found


def _newest(tenant: Tenant, month: date) -> Reconciliation | None:
    """The newest run, with how many of its differences are `unsettled` and `disputed`."""
    rows = Reconciliation.objects.filter(tenant=tenant, month=month, environment=tenant.environment)
    return (
        rows.annotate(
            unsettled=Count("differences", filter=Q(differences__decision__in=UNSETTLED)),
            disputed=Count("differences", filter=Q(differences__decision=Decision.DISPUTE)),
        )
        .order_by("-run")
        .first()
    )


def _of_run(
    tenant: Tenant, month: date, run: Reconciliation | None, groups: Iterable[Mapping[str, Any]]
) -> Iterator[Gate]:
    if not has_figures_to_compare(tenant):
        yield Gate(GateName.RUN, is_passed=True)
        yield Gate(GateName.FRESH, is_passed=True)
        return
    end = start_of(end_of_month(month) + timedelta(days=1))
    is_whole = run is not None and run.state == Reconciliation.State.DONE and bool(run.summary.get("asked"))
    is_after = run is not None and run.statement_at is not None and run.statement_at >= end
    yield Gate(GateName.RUN, is_whole and is_after)
    yield Gate(GateName.FRESH, run is not None and run.summary.get("facts") == of_issued(groups))


def _of_differences(name: GateName, count: int) -> Gate:
    return Gate(name, not count, count)
