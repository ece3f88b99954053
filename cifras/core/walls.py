"""Querysets that stand behind the second wall (`cifras.core.scopes`).

A manager of such a queryset, related managers included, gives out rows of the scope's tenants only. Django's base managers are
plain, so what a row at hand points to (`document.tenant`), reloading, saving and cascades pass freely: whoever holds the row has
come through the wall. Raw SQL passes as well, and is left to services.

What a person may see is written into the query as a list of keys, never as a join: a join would turn a compare-and-set update
into one over a subquery and lock the rows of the other table, too.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.constants import LOOKUP_SEP

from cifras.core import scopes
from cifras.core.scopes import Scope, Sight, Unscoped


class WalledQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows that belong to one tenant each, named at the end of `tenant_path` by key, or by UUID (`tenant_by_uid`)."""

    tenant_path: ClassVar[str] = "tenant"
    tenant_by_uid: ClassVar[bool] = False
    # The sight that these rows were narrowed to; None where there was no scope yet, as in a form that a module declares.
    _sight: Sight | None = None
    _scope: Scope | None = None

    def __init__(self, model: Any = None, query: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(model, query, *args, **kwargs)
        if query is None and model is not None:  # a manager's; a clone comes with its query
            self._stand_behind_the_wall()

    def within(self, sight: Sight) -> Self:
        """The rows of these tenants; at no cost where the scope is of the same ones."""
        if sight.sees_all or sight is self._sight:
            return self
        return self.filter(self._rows_of(sight))

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        self._require_scope()
        return super().resolve_expression(*args, **kwargs)

    def iterator(self, *args: Any, **kwargs: Any) -> Iterator[M]:
        self._require_scope()
        return super().iterator(*args, **kwargs)

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._require_scope()
        return super().aggregate(*args, **kwargs)

    def count(self) -> int:
        self._require_scope()
        return super().count()

    def exists(self) -> bool:
        self._require_scope()
        return super().exists()

    def update(self, **kwargs: Any) -> int:
        self._require_scope()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._require_scope()
        return super().delete()

    def _fetch_all(self) -> None:
        self._require_scope()
        super()._fetch_all()

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._sight, clone._scope = self._sight, self._scope
        if clone._sight is None:
            clone._stand_behind_the_wall()
        return clone

    def _stand_behind_the_wall(self) -> None:
        scope = scopes.current()
        sight = scope.sight()
        if sight is None or self.query.is_sliced or self.query.combinator:
            return
        self._sight, self._scope = sight, scope
        if not sight.sees_all:
            self.query.add_q(self._rows_of(sight))

    def _require_scope(self) -> None:
        if self._scope is not None:
            self._scope.note_use()
        elif not self.query.is_empty():
            raise Unscoped(self.model._meta.label)

    def _rows_of(self, sight: Sight) -> Q:
        wanted: Any = sight.uids if self.tenant_by_uid else sight.keys
        head, _, rest = self.tenant_path.partition(LOOKUP_SEP)
        if not rest:
            return Q(**{f"{head}__in": wanted})
        owner: Any = self.model._meta.get_field(head).related_model
        owners = owner._base_manager.filter(**{f"{rest}__in": wanted})
        return Q(**{f"{head}__in": owners})
