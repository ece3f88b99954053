"""The second wall: whose rows may be read in the act under way.

The first wall is `visible_to`, which every page calls. This one stands behind it: rows that belong to tenants are only read
inside a scope, and outside of any, or for nobody, the query is refused (`Unscoped`). The doors set it, once each: the middleware
for requests (the tenants of the person who is signed in), Celery's task class and manage.py (all tenants), and views that nobody
signs in to (`all_tenants`). Whatever else has to look beyond the person's tenants says why, in `all_tenants(reason=...)`.

Every such block is in the log with its reason when it is first made use of: INFO where a person stands behind it (a page or a
command), DEBUG for workers and webhooks, of which there are thousands an hour. The lines carry the act's correlation id.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol

logger = logging.getLogger(__name__)


class Unscoped(RuntimeError):
    """Rows of tenants were asked for where nobody said whose: a door is missing, or an `all_tenants(reason=...)`."""

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} was queried outside any scope: see cifras.core.scopes")


@dataclass(frozen=True, slots=True)
class Sight:
    """The tenants that somebody may see, by key and by UUID; None in both stands for all of them, present and future."""

    keys: frozenset[int] | None
    uids: frozenset[uuid.UUID] | None

    @property
    def sees_all(self) -> bool:
        return self.keys is None


EVERYTHING, NOTHING = Sight(None, None), Sight(frozenset(), frozenset())


class Scope(Protocol):
    """What the act under way may read."""

    def sight(self) -> Sight | None:
        """The tenants in it; None where there is nobody whose sight it could be."""

    def note_use(self) -> None:
        """A query is made within it."""


class Nowhere:
    """Before any door, and for those who are not signed in."""

    def sight(self) -> Sight | None:
        return None

    def note_use(self) -> None:
        return None


class AllTenants:
    """Every tenant, for a reason."""

    def __init__(self, reason: str, level: int) -> None:
        self.reason, self._level, self._is_logged = reason, level, False

    def sight(self) -> Sight | None:
        return EVERYTHING

    def note_use(self) -> None:
        if not self._is_logged:
            self._is_logged = True
            logger.log(self._level, "All tenants are in reach: %s", self.reason)


class PersonScope:
    """The tenants of whoever is signed in, looked up when they are first needed and once per person."""

    def __init__(self, person: Callable[[], Any], look_up: Callable[[Any], Sight]) -> None:
        self._person, self._look_up = person, look_up
        self._known: dict[Any, Sight] = {}

    def sight(self) -> Sight | None:
        person = self._person()
        return self.sight_of(person) if person.is_authenticated else None

    def sight_of(self, person: Any) -> Sight:
        """The sight of this or another person."""
        if person.pk not in self._known:
            self._known[person.pk] = self._look_up(person)
        return self._known[person.pk]

    def note_use(self) -> None:
        return None

    def forget(self) -> None:
        """Look the tenants up afresh."""
        self._known.clear()


class _Process:
    """What holds in this process where no door has set a scope."""

    scope: Scope = Nowhere()


_current: ContextVar[Scope | None] = ContextVar("cifras_scope", default=None)


def current() -> Scope:
    """The scope of the act under way."""
    return _current.get() or _Process.scope


@contextmanager
def entered(scope: Scope) -> Iterator[None]:
    """This scope for as long as the block runs; the former one comes back afterwards."""
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def all_tenants(*, reason: str, level: int | None = None) -> Iterator[None]:
    """Every tenant within reach for as long as the block runs. Also a decorator. `reason` says to an auditor why.

    `level`: of the line in the log, where the rule (INFO in a person's request, else DEBUG) doesn't know that a person stands
    behind it.
    """
    if level is None:
        level = logging.INFO if isinstance(current(), PersonScope) else logging.DEBUG
    with entered(AllTenants(reason, level)):
        yield


def all_tenants_in_this_process(reason: str) -> None:
    """For programs beside the product (tests, benchmarks): what no door scopes, in any thread, may read every tenant."""
    _Process.scope = AllTenants(reason, logging.DEBUG)


def forget_sights() -> None:
    """Somebody was given or lost sight of a tenant: the scope under way looks its tenants up afresh."""
    scope = current()
    if isinstance(scope, PersonScope):
        scope.forget()


def carried[**P, T](act: Callable[P, T]) -> Callable[P, T]:
    """`act` as it will run in another thread: within the scope of this one."""
    scope = current()

    @wraps(act)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        with entered(scope):
            return act(*args, **kwargs)

    return inside
