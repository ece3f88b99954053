"""The documents report as rows: ours, the provider's, or both, for one tenant or for all.

Ours is read from the documents, so it is never stale. What could not be had is a row, too: `errors` says why, and the
report is then incomplete.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cifras.core.management.results import complaint, error_list
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError
from reports.models import StatementFigure
from reports.services.comparison import Said, pac_kind, pac_word, wanted
from reports.services.queries import HOME_CURRENCY, Figure, Filters, Grouping, figures
from reports.services.statements import (
    Heard,
    Scope,
    account_scopes,
    fetch,
    last_heard,
    require_range,
    with_own_account,
)
from tenants.models import Tenant

_PART_NAMES = {
    Grouping.DAY: "day",
    Grouping.MONTH: "month",
    Grouping.OFFICE: "office",
    Grouping.RECEIVER: "receiver",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `is_all`: the provider is asked once per account, where its answer for all companies tells enough."""

    tenants: QuerySet[Tenant]
    first: date
    last: date
    filters: Filters
    group_by: Grouping
    is_all: bool = False
    only_cached: bool = False


def our_rows(question: Question) -> Iterator[dict[str, Any]]:
    """Our side."""
    require_range(question.first, question.last)
    tenants = {tenant.pk: tenant for tenant in question.tenants}
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for figure in figures(
        question.tenants,
        question.first,
        question.last,
        filters=question.filters,
        group_by=question.group_by,
        from_facts=True,
    ):
        row = sums.setdefault(_our_key(figure, question.group_by), [figure, 0, 0])
        row[1] += figure.count
        row[2] += figure.total
    for figure, count, total in sums.values():
        tenant, key = tenants[figure.key.tenant_id], figure.key
        yield {
            "tenant": str(tenant.uid),
            "pac_company_id": tenant.pac_company_id,
            "environment": key.environment,
            **_told(question.group_by, key.kind, key.legal_status, _written(question.group_by, key.part)),
            "count": count,
            "total": str(total),
            "source": "local",
            **({} if key.currency == HOME_CURRENCY else {"currency": key.currency}),
        }


def pac_rows(question: Question) -> Iterator[dict[str, Any]]:
    """The provider's side; a row with `errors` for each answer that could not be had."""
    require_range(question.first, question.last)
    by_day = question.group_by in (Grouping.DAY, Grouping.MONTH)
    for scope in _scopes(question):
        try:
            heard = _hear(question, scope, by_day=by_day)
        except (PacError, RuleBroken) as error:
            yield _missing(scope, error_list(error, about="pac"))
            continue
        if heard is None:
            text = _("No hay cifras guardadas del PAC para este rango: pídalas sin --cached.")
            yield _missing(scope, [complaint("no_statement", "pac", text)])
            continue
        yield from _told_by(heard, question)


def _scopes(question: Question) -> Iterator[Scope]:
    """Whom to ask: the accounts of the settings and the tenants with an account of their own, or each tenant."""
    registered = question.tenants.exclude(pac_company_id=None)
    tells_enough = question.group_by in (Grouping.KIND, Grouping.STATUS) and not question.filters.kind
    if question.is_all and tells_enough:
        yield from account_scopes(question.filters.environment)
        yield from map(Scope.of, with_own_account(registered))
    else:
        yield from map(Scope.of, registered if question.is_all else question.tenants)


def _hear(question: Question, scope: Scope, *, by_day: bool) -> Heard | None:
    if question.only_cached:
        return last_heard(scope, question.first, question.last, by_day=by_day)
    return fetch(scope, question.first, question.last, by_day=by_day)


def _told_by(heard: Heard, question: Question) -> Iterator[dict[str, Any]]:
    sums: defaultdict[tuple[Any, ...], Said] = defaultdict(Said)
    owners: dict[tuple[Any, ...], Tenant | None] = {}
    for figure in _of_question(heard, question):
        owner = figure.tenant
        company = (owner.pac_company_id if owner else "") or figure.pac_company_id
        key = (company, pac_kind(figure), pac_word(figure), _pac_part(figure, question))
        if question.group_by is Grouping.STATUS:
            key = (company, "", *key[2:])
        sums[key].add(figure)
        owners[key] = owner
    for key, said in sorted(sums.items(), key=lambda item: tuple(part or "" for part in item[0])):
        company, kind, word, part = key
        tenant = owners[key]
        yield {
            "tenant": str(tenant.uid) if tenant else None,
            "pac_company_id": company or None,
            "environment": tenant.environment if tenant else heard.scope.environment,
            **_told(question.group_by, kind, word, part),
            "count": said.count,
            "total": None if said.total is None else str(said.total),
            "source": "pac",
        }


def _of_question(heard: Heard, question: Question) -> Iterable[StatementFigure]:
    """Without the companies of ours that were not asked about: one account may serve both environments."""
    mine = set(question.tenants.values_list("pk", flat=True))
    said = [figure for figure in heard.figures if figure.tenant_id is None or figure.tenant_id in mine]
    if heard.scope.tenant is None:
        own = {tenant.pk for tenant in with_own_account(question.tenants)}
        said = [figure for figure in said if figure.tenant_id not in own]
    return wanted(said, question.filters)


def _our_key(figure: Figure, group_by: Grouping) -> tuple[Any, ...]:
    key = figure.key
    kind = "" if group_by is Grouping.STATUS else key.kind
    return (key.tenant_id, key.environment, key.part, kind, key.legal_status, key.currency)


def _pac_part(figure: StatementFigure, question: Question) -> str | None:
    if figure.day is not None and question.group_by is Grouping.DAY:
        return str(figure.day)
    if question.group_by is Grouping.MONTH:
        one_month = f"{question.first:%Y-%m}" == f"{question.last:%Y-%m}"
        day = figure.day or (question.first if one_month else None)
        return f"{day:%Y-%m}" if day else None
    return None


def _told(group_by: Grouping, kind: str, legal_status: str, part: str | None) -> Mapping[str, Any]:
    named = {_PART_NAMES[group_by]: part or None} if group_by in _PART_NAMES else {}
    is_kind_told = group_by is not Grouping.STATUS and bool(kind)
    return {"kind": kind if is_kind_told else None, "legal_status": legal_status or None, **named}


def _written(group_by: Grouping, part: str) -> str:
    return part[:7] if group_by is Grouping.MONTH else part


def _missing(scope: Scope, errors: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "tenant": str(scope.tenant.uid) if scope.tenant else None,
        "pac_company_id": scope.tenant.pac_company_id if scope.tenant else None,
        "environment": scope.environment,
        "source": "pac",
        "errors": errors,
    }
