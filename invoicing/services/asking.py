"""Asking providers about many rows at once, within the lanes that each provider takes."""

from collections.abc import Callable, Iterable
from functools import partial

from invoicing.services import crew
from invoicing.services.lanes import Account, Use, lanes


def ask_all[T](
    rows: Iterable[T], account: Callable[[T], Account], ask: Callable[[T], bool], *, use: Use = Use.READS
) -> int:
    """Call `ask` with every row, several at once; answers how many it said True to.

    `ask` claims its row itself and keeps its own books. Rows for which no lane is free stay as they are, due.
    """
    by_account: dict[Account, list[T]] = {}
    for row in rows:
        by_account.setdefault(account(row), []).append(row)
    return crew.side_by_side([partial(_ask_one, *waiting, ask, use) for waiting in by_account.items()])


def _ask_one[T](account: Account, rows: list[T], ask: Callable[[T], bool], use: Use) -> int:
    asked: list[bool] = []
    with lanes(account, wanted=crew.hands(len(rows)), use=use) as granted:
        if granted.calls:
            crew.each(
                rows, lambda row: asked.append(ask(row)), size=granted.calls, while_waiting=granted.keep
            )
    return sum(asked)
