"""Whose rows a page shows: everything a staff page reads goes through `visible_to`, and what it does not find is a 404."""

import uuid
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import get_fields_from_path, quote, unquote
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.http import Http404, HttpRequest
from django.urls import reverse
from unfold.views import ChangeList

from cifras.core.admin.filters import VisibleRelatedFilter, visible


class ScopedChoicesMixin(BaseModelAdmin):
    """For pages and inlines alike: rows and the choices of foreign keys are those that the person may see."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return visible(super().get_queryset(request), request.user)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> models.QuerySet:
        choices = super().get_field_queryset(db, db_field, request)
        if choices is None:
            choices = db_field.remote_field.model._default_manager.using(db)
        return visible(choices.all(), request.user)


class AddressedChangeList(ChangeList):
    """Links to rows by their UUID, each with the way back to the list as it is.

    The way back is written here, since Django would resolve each link among all addresses to do so: a tenth of a page's time.
    """

    preserved_filters: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._way_back, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: models.Model) -> str:
        address = self.model_admin.address_of(result)
        return f"{address}?{self._way_back}" if self._way_back else address


class ScopedPageMixin(ScopedChoicesMixin, admin.ModelAdmin):
    """Object pages by UUID, filters and look-ups from a list of allowed ones.

    `allowed_lookups`: look-ups that links of ours use (`document__uid`) beyond those of the list's own filters.
    """

    allowed_lookups: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AddressedChangeList

    def address_of(self, obj: models.Model, page: str = "change") -> str:
        """The address of an object's page (change, history, delete, or a detail action's name)."""
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=[quote(str(getattr(obj, "uid", None) or obj.pk))])

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> models.Model | None:
        """The visible object with this UUID or, where the model has none, this key; read once per request."""
        if from_field is not None:
            return super().get_object(request, object_id, from_field)
        found = request.__dict__.setdefault("_found_objects", {})
        key = (self.model, str(object_id))
        if key not in found:
            found[key] = self._find(request, str(object_id))
        return found[key]

    def forget_objects(self, request: HttpRequest) -> None:
        """Read objects afresh from here on."""
        request.__dict__.pop("_found_objects", None)

    def require_object(self, request: HttpRequest, object_id: str) -> models.Model:
        """The visible object, or 404: whether a hidden object exists is nobody's business."""
        obj = self.get_object(request, unquote(str(object_id)))
        if obj is None:
            raise Http404(f"{self.opts.label} {object_id}")
        return obj

    def _find(self, request: HttpRequest, object_id: str) -> models.Model | None:
        for field, parse in ((self._uid_field(), uuid.UUID), (self.opts.pk, self.opts.pk.to_python)):
            if field is None:
                continue
            try:
                identity = {field.attname: parse(object_id)}
            except (ValueError, ValidationError):
                continue
            return self.get_queryset(request).filter(**identity).first()
        return None

    def _uid_field(self) -> Any:
        try:
            return self.opts.get_field("uid")
        except FieldDoesNotExist:
            return None

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        raise Http404(f"{opts.label} {object_id}")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address presets, without rows that the person may not see."""
        initial = super().get_changeform_initial_data(request)
        for name, value in list(initial.items()):
            field = next(
                (field for field in self.opts.fields if field.name == name and field.is_relation), None
            )
            if field and not self._may_choose(field, value, request):
                del initial[name]
        return initial

    def _may_choose(self, field: Any, value: Any, request: HttpRequest) -> bool:
        try:
            return self.get_field_queryset(None, field, request).filter(pk=value).exists()
        except (ValueError, ValidationError):
            return False

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters, where a foreign key lists only what the person may see, whatever the page declared."""
        return [self._scoped_filter(item) for item in super().get_list_filter(request)]

    def _scoped_filter(self, item: Any) -> Any:
        path, kind = item if isinstance(item, list | tuple) else (item, None)
        if not isinstance(path, str) or (kind and issubclass(kind, VisibleRelatedFilter)):
            return item
        field = get_fields_from_path(self.model, path)[-1]
        if field.is_relation and (kind is None or issubclass(kind, admin.RelatedFieldListFilter)):
            return (path, VisibleRelatedFilter)
        return item

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only the look-ups of the list's own filters and `allowed_lookups`: an address cannot probe other columns."""
        if lookup in {"pk", "id", "uid", "pk__in", "id__in", "uid__in", *self.allowed_lookups}:
            return True
        return any(_belongs_to(item, lookup) for item in self.get_list_filter(request))


# What Django's and the theme's filters append to the path of their field.
FILTER_ENDINGS = frozenset(
    ["", "_from", "_to", "_from_0", "_from_1", "_to_0", "_to_1"]
    + [f"__{word}" for word in ("exact", "in", "isnull", "gte", "gt", "lte", "lt", "icontains", "isempty")]
    + [f"__{key}__{word}" for key in ("id", "pk", "uid") for word in ("exact", "in", "isnull")]
)


def _belongs_to(item: Any, lookup: str) -> bool:
    """Whether `lookup` is a parameter of the filter `item` (a path, a pair of path and class, or a class)."""
    path = item[0] if isinstance(item, list | tuple) else item
    if not isinstance(path, str):
        return lookup in getattr(path, "parameter_names", (path.parameter_name,))
    return lookup.startswith(path) and lookup.removeprefix(path) in FILTER_ENDINGS
