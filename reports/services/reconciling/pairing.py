"""One document against its counterpart: who belongs to whom, and what class each difference has (domain 12). Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cifras.fiscal import cufe
from cifras.fiscal.lifecycle import REJECTED_LEGAL
from cifras.fiscal.money import same_bucket
from reports.models.reconciliation import DifferenceClass
from reports.services.reconciling.rows import (
    ROUNDING,
    Found,
    Ours,
    Theirs,
    is_final,
    is_in_process,
    of_documents,
)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who belongs to whom. `twice` are further documents there for one of ours, `alone_there` belong to none of them."""

    both: Sequence[tuple[Ours, Theirs]]
    alone_here: Sequence[Ours]
    alone_there: Sequence[Theirs]
    twice: Sequence[tuple[Ours, Theirs]] = ()


def pair(ours: Collection[Ours], theirs: Iterable[Theirs]) -> Pairs:
    """Match by the provider's id, else by the CUFE, else by a number that only one of ours of the kind bears."""
    by_id = {each.document_id: each for each in ours if each.document_id}
    by_cufe = {each.cufe: each for each in ours if each.cufe}
    by_numbering = {key: each for each in ours if (key := numbering(each.kind, each.cufe))}
    by_number: defaultdict[tuple[str, str], list[Ours]] = defaultdict(list)
    for each in ours:
        by_number[each.kind, each.number.lstrip("0")].append(each)
    candidates: defaultdict[Ours, list[tuple[int, Theirs]]] = defaultdict(list)
    alone_there = []
    for row in theirs:
        same_number = by_number.get((row.kind, row.number.lstrip("0")), []) if not row.cufe else []
        mine = (
            by_id.get(row.document_id)
            or by_cufe.get(row.cufe)
            or by_numbering.get(numbering(row.kind, row.cufe))
        )
        if mine is not None:
            candidates[mine].append((0 if row.document_id == mine.document_id else 1, row))
        elif len(same_number) == 1:
            candidates[same_number[0]].append((2, row))
        else:
            alone_there.append(row)
    both, twice = [], []
    for mine in ours:
        if mine not in candidates:
            continue
        first, *rest = sorted(candidates[mine], key=lambda each: each[0])
        both.append((mine, first[1]))
        twice += [(mine, row) for _rank, row in rest if row.document_id != first[1].document_id]
    here = [each for each in ours if each not in candidates]
    return Pairs(both, here, alone_there, twice)


def numbering(kind: str, text: str) -> tuple[str, ...]:
    """Under which number of which point a CUFE was issued; empty for what is none."""
    said = cufe.read(text)
    if said is None:
        return ()
    return (kind, said.ruc, said.document_type, said.branch, said.billing_point, said.number)


def differences(ours: Ours, theirs: Theirs, *, tax_id: str) -> Iterator[Found]:
    """Everything in which a document and its counterpart differ; nothing when they match."""
    said = cufe.read(theirs.cufe)
    if said is not None and said.ruc.lstrip("0") != tax_id.lstrip("0"):
        yield of_documents(DifferenceClass.OTHER_TENANT, "cufe_of_another", ours, theirs, ruc=said.ruc)
        return
    if ours.cufe and theirs.cufe and ours.cufe != theirs.cufe:
        yield of_documents(DifferenceClass.UNEXPLAINED, "cufe_differs", ours, theirs)
    yield from _of_void(ours, theirs)
    yield from _of_status(ours, theirs)
    yield from _of_amount(ours, theirs)


def duplicates(pairs: Pairs) -> Iterator[Found]:
    """Documents there that bear the number of another one. A rejected repeat under the same number is none."""
    for mine, row in pairs.twice:
        if row.word not in REJECTED_LEGAL:
            yield of_documents(DifferenceClass.DUPLICATE, "duplicate", mine, row)


def amount_class(difference: Decimal, documents: int = 1) -> DifferenceClass:
    """Rounding up to 0.05 per document, else the amount."""
    is_rounding = difference.copy_abs() <= ROUNDING * documents
    return DifferenceClass.ROUNDING if is_rounding else DifferenceClass.AMOUNT


def _of_void(ours: Ours, theirs: Theirs) -> Iterator[Found]:
    if ours.is_voided and theirs.is_void is False:
        yield of_documents(DifferenceClass.VOID_ONLY_HERE, "void_denied", ours, theirs)
    elif ours.is_voided and theirs.is_void is None and not ours.is_void_proven:
        yield of_documents(DifferenceClass.VOID_ONLY_HERE, "void_unproven", ours, theirs)
    elif theirs.is_void and not ours.is_voided:
        yield of_documents(DifferenceClass.VOID_ONLY_THERE, "void_there", ours, theirs)


def _of_status(ours: Ours, theirs: Theirs) -> Iterator[Found]:
    word = theirs.word
    if word == ours.legal_status or theirs.is_void or (not word and not theirs.raw_legal_status):
        return
    if is_in_process(ours.legal_status):
        is_news = is_final(word)
        if is_news or ours.legal_status == "":
            yield of_documents(
                DifferenceClass.PENDING, "news_on_its_way" if is_news else "unconfirmed", ours, theirs
            )
        return
    yield of_documents(DifferenceClass.STATUS, "status", ours, theirs, ours=ours.legal_status, pac=word)


def _of_amount(ours: Ours, theirs: Theirs) -> Iterator[Found]:
    if theirs.currency and not same_bucket(ours.currency, theirs.currency):
        named = {"ours": ours.currency, "pac": theirs.currency}
        yield of_documents(DifferenceClass.AMOUNT, "currency", ours, theirs, **named)
        return
    if theirs.total is None or theirs.total == ours.total:
        return
    if theirs.total == -ours.total:
        yield of_documents(DifferenceClass.SIGN, "sign", ours, theirs)
        return
    difference = ours.total - theirs.total
    kind = amount_class(difference)
    yield of_documents(kind, kind.value, ours, theirs, difference=f"{difference:+.2f}")
