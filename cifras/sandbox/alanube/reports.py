"""Counts and totals as the provider gives them: gross, unsigned, voided documents included."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from cifras.sandbox.alanube.answers import Refused, error
from cifras.sandbox.alanube.showing import word_of
from cifras.sandbox.records import Company, Document
from cifras.sandbox.web import Request, Response
from cifras.sandbox.world import World

_LONGEST_RANGE = 90  # days

_GROUPS: dict[str, Callable[[World, Document], str]] = {
    "docType": lambda _world, document: document.kind,
    "legalStatus": word_of,
    "day": lambda world, document: _day_of(world, document).isoformat(),
    "month": lambda world, document: f"{_day_of(world, document):%Y-%m}",
    "office": lambda _world, document: document.branch,
    "idCompany": lambda _world, document: document.company_id,
}


def of_company(world: World, company: Company, request: Request) -> Response:
    """One company, by kind and legal status unless `groupBy` names other members (comma-separated)."""
    groups = [name for name in request.query.get("groupBy", "").split(",") if name]
    if set(groups) - _GROUPS.keys():
        return error(400, "groupBy is not valid")
    documents = _wanted(world, world.authority.of_company(company.id), request.query)
    return _report(world, documents, groups or ["docType", "legalStatus"])


def of_all(world: World, request: Request) -> Response:
    """Every company of the key, by legal status."""
    documents: list[Document] = []
    for company_id in list(world.authority.companies):
        documents += _wanted(world, world.authority.of_company(company_id), request.query)
    return _report(world, documents, ["idCompany", "legalStatus"])


def _wanted(world: World, documents: Iterable[Document], query: Mapping[str, str]) -> list[Document]:
    start, end = _range(query)
    kind, word = query.get("docType"), query.get("legalStatus")
    if kind and kind not in ("invoice", "credit-note", "debit-note"):
        raise Refused(error(400, "docType is not valid"))
    return [
        document
        for document in documents
        if start <= _day_of(world, document) <= end
        and kind in (None, "", document.kind)
        and word in (None, "", word_of(world, document))
    ]


def _range(query: Mapping[str, str]) -> tuple[date, date]:
    try:
        start, end = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
    except (KeyError, ValueError) as wrong:
        raise Refused(error(400, "from and to must be dates")) from wrong
    if start > end:
        raise Refused(error(400, "from is after to"))
    if (end - start).days > _LONGEST_RANGE:
        raise Refused(error(400, f"The range cannot exceed {_LONGEST_RANGE} days", "AP9003"))
    return start, end


def _day_of(world: World, document: Document) -> date:
    moment: datetime = document.issued_at
    return (moment.astimezone(UTC) if world.behaviour.reports_in_utc else moment).date()


def _report(world: World, documents: Iterable[Document], groups: list[str]) -> Response:
    sums: defaultdict[tuple[str, ...], list[Decimal]] = defaultdict(list)
    for document in documents:
        sums[tuple(_GROUPS[name](world, document) for name in groups)].append(document.total)
    rows: list[dict[str, Any]] = [
        {**dict(zip(groups, values, strict=True)), "count": len(totals), "total": sum(totals, Decimal(0))}
        for values, totals in sorted(sums.items())
    ]
    return Response(200, {"data": rows})
