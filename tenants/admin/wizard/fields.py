"""The fields of the wizard's forms, in the theme's look. They carry what was typed; the services judge it."""

from collections.abc import Iterable, Set
from typing import Any

from django import forms
from unfold.widgets import (
    CHECKBOX_CLASSES,
    RADIO_CLASSES,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from cifras.core.wording import sentence, sentences
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError


def text(
    label: Any, help_text: Any = "", *, longest: int, required: bool = True, kind: str = "text", **attrs: Any
) -> forms.CharField:
    """A line of text; `kind` is the input's type."""
    given = {name.replace("_", "-"): value for name, value in attrs.items()}
    widget = UnfoldAdminTextInputWidget({"autocomplete": "off", **given})
    widget.input_type = kind
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=longest, widget=widget
    )


def reason(label: Any, help_text: Any = "", *, required: bool = False) -> forms.CharField:
    """A few sentences."""
    widget = UnfoldAdminTextareaWidget({"rows": 3})
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=1000, widget=widget
    )


def select(label: Any, choices: Iterable[tuple[str, Any]], help_text: Any = "") -> forms.ChoiceField:
    """One of `choices`."""
    widget = UnfoldAdminSelectWidget()
    return forms.ChoiceField(label=label, help_text=help_text, choices=list(choices), widget=widget)


def radios(
    label: Any, choices: Iterable[tuple[str, Any]], initial: str, help_text: Any = ""
) -> forms.ChoiceField:
    """One of a few, all in sight."""
    widget = forms.RadioSelect({"class": " ".join(RADIO_CLASSES)})
    return forms.ChoiceField(
        label=label, choices=list(choices), initial=initial, help_text=help_text, widget=widget
    )


def tick(label: Any, help_text: Any = "", *, required: bool = False) -> forms.BooleanField:
    """Yes or no."""
    widget = forms.CheckboxInput({"class": " ".join(CHECKBOX_CLASSES)})
    return forms.BooleanField(label=label, help_text=help_text, required=required, widget=widget)


def upload(label: Any, help_text: Any = "", *, accept: str, required: bool = True) -> forms.FileField:
    """A file, kept in memory (see `uploads`)."""
    widget = forms.FileInput({"accept": accept})
    return forms.FileField(
        label=label, help_text=help_text, required=required, widget=widget, allow_empty_file=True
    )


def secret(label: Any, help_text: Any = "", *, required: bool = True, longest: int = 200) -> forms.CharField:
    """A password that is never shown again; blanks at its ends belong to it."""
    widget = UnfoldAdminPasswordWidget({"autocomplete": "off"}, render_value=False)
    return forms.CharField(
        label=label, help_text=help_text, required=required, strip=False, max_length=longest, widget=widget
    )


class StepForm(forms.Form):
    """A form that shows refusals beside what they name. `members`: the field that shows a service's member."""

    error_css_class = "errors"
    members: dict[str, str] = {}

    def refuse(self, error: RuleBroken | PacError, *, only_fields: bool = False) -> None:
        """Stand every reason at its field, or on top; with `only_fields` what names no field is read elsewhere."""
        if isinstance(error, PacError):
            self.add_error(None, sentences(error))
            return
        for each in error.reasons:
            name = self.field_for(each)
            if name or not only_fields:
                self.add_error(name or None, sentence(each))

    def field_for(self, reason: RuleBroken) -> str:
        """The field that a reason is about; empty when none shows it."""
        name = self.members.get(reason.field, reason.field)
        return name if name in self.fields else ""


class UploadForm(StepForm):
    """A form that takes files; `too_large` names those that were let go while they were read, the text says what to do."""

    too_large_text: Any

    def __init__(self, *args: Any, too_large: Set[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.too_large = too_large

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in self.too_large & self.fields.keys():
            self.errors.pop(name, None)
            self.add_error(name, self.too_large_text)
        return cleaned

    def content(self, name: str) -> bytes:
        """The file's bytes; none when there is no file."""
        file = self.cleaned_data.get(name)
        return file.read() if file else b""
