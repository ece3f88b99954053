"""The offices with their billing points, as rows that come and go with scripts and without.

A row that is taken away stays in the request, marked; so nothing has to be numbered anew. Offices that the provider has, or may
have, are shown and not asked: they go to the service as they are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django import forms
from django.forms.formsets import DELETION_FIELD_NAME, BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.wording import sentence, sentences
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError
from tenants.admin.wizard.fields import StepForm, select, text
from tenants.models import Office, Tenant
from tenants.services.catalogues import find_places, place_name
from tenants.services.drafts import Draft
from tenants.services.office_reading import OfficeEntry, require_office, require_point
from tenants.services.offices import entries_of

MOST_OFFICES, MOST_POINTS = 25, 10
OFFICE_MARK, POINT_MARK = "__office__", "__point__"

_PLACE = re.compile(r"(?:[0-9]+-){2}[0-9]+")
_MEMBERS = ("code", "type", "address", "telephone", "coordinates", "location", "email")
_POINT_MEMBERS = ("code", "first_number")
_ROW = re.compile(r"offices\[(?P<office>\d+)\](?:\.billing_points\[(?P<point>\d+)\])?(?:\.(?P<member>\w+))?")


class RowForm(StepForm):
    """A row; its own mark for being taken away."""

    @property
    def is_removed(self) -> bool:
        """Whether somebody took the row away."""
        return bool(self.is_bound and self.data.get(self.add_prefix(DELETION_FIELD_NAME)))

    def typed(self, *names: str) -> dict[str, str]:
        """What stands in the fields, as it was typed."""
        return {name: str(self[name].value() or "") for name in names}


class PointForm(RowForm):
    """A billing point."""

    code = text(gettext_lazy("Código"), longest=3, placeholder="001", inputmode="numeric")
    first_number = forms.IntegerField(
        label=gettext_lazy("Primer número"),
        min_value=1,
        max_value=9_999_999_999,
        widget=text("", longest=10, inputmode="numeric").widget,
    )

    country = Tenant.Country.PANAMA.value

    def clean(self) -> dict[str, Any]:
        """The onboarding's own rules."""
        cleaned = super().clean() or {}
        if {"code", "first_number"} <= cleaned.keys():
            try:
                require_point(cleaned["code"], cleaned["first_number"], country=self.country)
            except RuleBroken as refusal:
                self.refuse(refusal)
        return cleaned


class SeriesForm(PointForm):
    """A series of Peru."""

    country = Tenant.Country.PERU.value
    code = text(gettext_lazy("Serie"), longest=4, placeholder="F001", spellcheck="false")

    def clean_code(self) -> str:
        """Series are written in capitals."""
        return str(self.cleaned_data["code"]).upper()


class OfficeForm(RowForm):
    """A branch. `points` are its billing points."""

    code = text(
        gettext_lazy("Código"),
        gettext_lazy("Cuatro cifras o mayúsculas, como 0001."),
        longest=4,
        placeholder="0001",
    )
    type = select(gettext_lazy("Tipo"), Office.Type.choices)
    address = text(gettext_lazy("Dirección"), longest=100)
    telephone = text(
        gettext_lazy("Teléfono"),
        gettext_lazy("999-9999 o 9999-9999."),
        longest=12,
        kind="tel",
        placeholder="200-0000",
    )
    coordinates = text(
        gettext_lazy("Coordenadas"),
        gettext_lazy("Latitud y longitud con signo, como +9.0017832,-79.5275519."),
        longest=22,
        placeholder="+9.0017832,-79.5275519",
    )
    location = text(
        gettext_lazy("Ubicación"),
        gettext_lazy("Código o nombre del corregimiento: se busca al escribir."),
        longest=60,
        list="wizard-places",
        data_place="",
    )
    email = text(gettext_lazy("Correo"), longest=50, required=False, kind="email")
    points: BaseFormSet
    country = Tenant.Country.PANAMA.value
    members_asked: tuple[str, ...] = _MEMBERS

    def clean(self) -> dict[str, Any]:
        """The onboarding's own rules, so that whatever is wrong in any row is told at once."""
        cleaned = super().clean() or {}
        given = {name: cleaned.get(name) or "" for name in self.members_asked}
        try:
            require_office(given, country=self.country)
        except RuleBroken as refusal:
            for each in refusal.reasons:
                member = each.field.rpartition(".")[2]
                if member in self.fields and member not in self.errors:
                    self.add_error(member, sentence(each))
        return cleaned

    def clean_coordinates(self) -> str:
        """Maps give them with blanks and without the plus sign."""
        typed = re.sub(r"\s+", "", self.cleaned_data["coordinates"])
        return ",".join(part if part[:1] in "+-" else f"+{part}" for part in typed.split(",") if part)

    def clean_location(self) -> str:
        """The code; of a name that fits one place, its code."""
        typed: str = self.cleaned_data["location"].strip()
        if _PLACE.fullmatch(typed):
            return typed
        found = find_places(typed)
        if len(found) == 1:
            return str(found[0].code)
        if not found:
            raise forms.ValidationError(
                _("Ningún corregimiento se llama así: escriba su código, como 8-8-7.")
            )
        offered = " · ".join(f"{row.code} {row.name}" for row in found[:6])
        raise forms.ValidationError(
            _("Varios se llaman así; escriba el código: {offered}").format(offered=offered)
        )

    @property
    def place(self) -> str:
        """The names of the place whose code stands in the field."""
        typed = str(self["location"].value() or "")
        return place_name(typed) if _PLACE.fullmatch(typed) else ""

    @property
    def title(self) -> str:
        """How the row is called."""
        return str(self["code"].value() or "")


class EstablishmentForm(OfficeForm):
    """An establishment of Peru, as the company's own file of the RUC has it."""

    country = Tenant.Country.PERU.value
    members_asked = tuple(name for name in _MEMBERS if name != "coordinates")
    code = text(
        gettext_lazy("Código"),
        gettext_lazy("Cuatro cifras; 0000 es el principal."),
        longest=4,
        placeholder="0000",
        inputmode="numeric",
    )
    telephone = text(gettext_lazy("Teléfono"), longest=12, required=False, kind="tel")
    location = text(
        gettext_lazy("Ubigeo"),
        gettext_lazy("Seis cifras, como 150101."),
        longest=8,
        required=False,
        inputmode="numeric",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["coordinates"]

    def clean_location(self) -> str:
        """The code as it was typed."""
        return str(self.cleaned_data["location"])

    @property
    def place(self) -> str:
        """The table of places is Panama's."""
        return ""


class _Rows(BaseFormSet):
    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """A row that somebody added is meant: it has to be filled in or taken away."""
        return {"empty_permitted": False}


@dataclass(frozen=True, slots=True)
class _Land:
    """The rows of one country: their forms, and what the first ones begin with."""

    office: type[OfficeForm]
    point: type[PointForm]
    first_office: str
    first_points: tuple[str, ...]
    blank_point: str = ""

    def points(
        self, prefix: Any, data: Mapping[str, Any] | None, initial: list[dict[str, Any]]
    ) -> BaseFormSet:
        """The rows of an office's points."""
        rows = formset_factory(self.point, formset=_Rows, extra=0, can_delete=True, max_num=MOST_POINTS)
        return rows(data, initial=None if data is not None else initial, prefix=f"{prefix}-points")

    def offices(self, data: Mapping[str, Any] | None, initial: list[dict[str, Any]] | None) -> BaseFormSet:
        """The rows of the offices."""
        rows = formset_factory(self.office, formset=_Rows, extra=0, can_delete=True, max_num=MOST_OFFICES)
        return rows(data, initial=initial, prefix="offices")


_PANAMA = _Land(OfficeForm, PointForm, "0001", ("001",), "001")
_LANDS: Mapping[str, _Land] = {
    Tenant.Country.PERU: _Land(EstablishmentForm, SeriesForm, "0000", ("F001", "B001", "FC01", "BC01"))
}


def _land_of(tenant: Tenant) -> _Land:
    return _LANDS.get(tenant.country, _PANAMA)


class OfficesForm:
    """The whole list. It behaves as a form does: `is_valid`, `refuse`, `non_field_errors`."""

    def __init__(
        self, tenant: Tenant, data: Mapping[str, Any] | None = None, initial: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.land = _land_of(tenant)
        self.locked = locked_entries(tenant)
        self.is_bound = data is not None
        rows = [dict(row) for row in initial]
        self.offices = self.land.offices(data, None if self.is_bound else rows)
        for index, office in enumerate(self.offices.forms):
            points = [] if self.is_bound else [dict(point) for point in rows[index].get("points", ())]
            office.points = self.land.points(office.prefix, data, points)
        self.complaints: list[str] = []
        self._sent: list[OfficeForm | None] = []

    @property
    def rows(self) -> list[OfficeForm]:
        """The offices to be filled in."""
        return [office for office in self.offices.forms if not office.is_removed]

    @property
    def blank(self) -> OfficeForm:
        """A new office, for scripts to copy."""
        office = self.land.office(
            prefix=f"offices-{OFFICE_MARK}", initial={"type": "associated"}, empty_permitted=False
        )
        office.fields[DELETION_FIELD_NAME] = forms.BooleanField(required=False)
        office.points = self.land.points(office.prefix, None, [_blank_point(self.land.blank_point)])
        return office

    @property
    def blank_point(self) -> PointForm:
        """A new point, for scripts to copy."""
        prefix = f"offices-{OFFICE_MARK}-points-{POINT_MARK}"
        point = self.land.point(prefix=prefix, initial={"first_number": "1"}, empty_permitted=False)
        point.fields[DELETION_FIELD_NAME] = forms.BooleanField(required=False)
        return point

    @property
    def non_field_errors(self) -> list[str]:
        """What no field is to blame for."""
        return [*self.offices.non_form_errors(), *self.complaints] if self.is_bound else self.complaints

    def is_valid(self) -> bool:
        """Whether every row that is left is filled in; the service judges the rest."""
        if not self.is_bound:
            return False
        judged = [self.offices.management_form.is_valid() and not self.offices.non_form_errors()]
        for office in self.rows:
            judged += [office.is_valid(), office.points.management_form.is_valid()]
            judged += [point.is_valid() for point in _left(office)]
        return all(judged)

    def entries(self) -> list[dict[str, Any]]:
        """The member `offices` as the service reads it, with the locked ones as they are. After `is_valid`."""
        self._sent = [None] * len(self.locked)
        entries = [asdict(entry) for entry in self.locked]
        for office in self.rows:
            self._sent.append(office)
            given = {name: office.cleaned_data[name] for name in office.members_asked}
            points = [{name: point.cleaned_data[name] for name in _POINT_MEMBERS} for point in _left(office)]
            entries.append({**given, "billing_points": points})
        return entries

    def typed(self) -> list[dict[str, Any]]:
        """What stands in the rows, as it was typed."""
        return [
            {
                **office.typed(*office.members_asked),
                "points": [point.typed(*_POINT_MEMBERS) for point in _left(office)],
            }
            for office in self.rows
        ]

    def refuse(self, error: RuleBroken | PacError, *, only_fields: bool = False) -> None:
        """Stand every reason at its field of its row, or on top; with `only_fields` the latter is read elsewhere."""
        if isinstance(error, PacError):
            self.complaints += sentences(error)
            return
        for each in error.reasons:
            if not self._refused_at_row(each) and not only_fields:
                self.complaints.append(sentence(each))

    def _refused_at_row(self, reason: RuleBroken) -> bool:
        found = _ROW.fullmatch(reason.field)
        office = (
            self._sent[int(found["office"])] if found and int(found["office"]) < len(self._sent) else None
        )
        if not found or office is None:
            return False
        row: StepForm = office if found["point"] is None else _left(office)[int(found["point"])]
        row.add_error(found["member"] if found["member"] in row.fields else None, sentence(reason))
        return True


def initial_rows(tenant: Tenant, draft: Draft | None = None) -> list[dict[str, Any]]:
    """What somebody left unfinished, or what was taken before; a first office where there is neither."""
    codes = {entry.code for entry in locked_entries(tenant)}
    known = draft.values["offices"] if draft else map(_row, entries_of(tenant))
    rows = [row for row in known if row["code"] not in codes]
    if rows or codes:
        return rows
    land = _land_of(tenant)
    points = [_blank_point(code) for code in land.first_points]
    return [{"code": land.first_office, "type": Office.Type.MAIN.value, "points": points}]


def blank_row(tenant: Tenant) -> dict[str, Any]:
    """A further office with its first point."""
    point = _blank_point(_land_of(tenant).blank_point)
    return {"code": "", "type": Office.Type.ASSOCIATED.value, "points": [point]}


def _blank_point(code: str) -> dict[str, str]:
    return {"code": code, "first_number": "1"}


def locked_entries(tenant: Tenant) -> list[OfficeEntry]:
    """The offices that the provider has, or may have."""
    offices = tenant.offices.all()
    codes = {each.code for each in offices if each.registration != Office.Registration.PENDING}
    return [entry for entry in entries_of(tenant) if entry.code in codes]


def _row(entry: OfficeEntry) -> dict[str, Any]:
    points = [asdict(point) for point in entry.billing_points]
    return {**{name: getattr(entry, name) for name in _MEMBERS}, "points": points}


def _left(office: OfficeForm) -> list[PointForm]:
    forms_of: Iterator[PointForm] = iter(office.points.forms)
    return [point for point in forms_of if not point.is_removed]
