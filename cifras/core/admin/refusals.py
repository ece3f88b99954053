"""What a person reads when a rule or a provider says no. Services raise; the doors do not catch: this module does, once.

On a form the typed values stay, each refusal stands at its field or on top, and nothing was saved. Anywhere else the refusals
are messages on the page the person came from.
"""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _
from unfold.forms import BaseDialogForm

from cifras.core.wording import sentence, sentences
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError

Refusal = RuleBroken | PacError


class refusals_as_messages(AbstractContextManager[None, bool]):  # noqa: N801 reads as a function
    """Whatever is refused inside becomes messages; the caller goes on after the block, to redirect."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, RuleBroken | PacError):
            return False
        for text in sentences(error):
            messages.error(self.request, text)
        return True


def remember(request: HttpRequest, refusal: Refusal) -> None:
    """Keep the refusal for the form that is drawn again."""
    request.__dict__["_refusal"] = refusal


def remembered(request: HttpRequest) -> Refusal | None:
    """The refusal that the form being drawn again has to show."""
    return request.__dict__.get("_refusal")


def refused_form(
    form_class: type[forms.ModelForm], request: HttpRequest, refusal: Refusal
) -> type[forms.ModelForm]:
    """`form_class`, made invalid by `refusal`: beside the fields it names, and as messages where it names none."""

    class RefusedForm(form_class):  # type: ignore[valid-type,misc]
        def clean(self) -> Any:
            cleaned = super().clean()
            for reason in refusal.reasons if isinstance(refusal, RuleBroken) else (refusal,):
                field = reason.field if isinstance(reason, RuleBroken) else ""
                if field in self.fields:
                    self.add_error(field, sentence(reason))
                else:
                    messages.error(request, sentence(reason))
            self.add_error(None, _("No se guardó nada: corrija lo señalado e intente de nuevo."))
            return cleaned

    return RefusedForm


class StaffDialogForm(BaseDialogForm):
    """Base of the forms in dialogs: a refusal is shown inside the dialog, which keeps what was typed.

    The page draws the dialog again with the refusal that it remembered.
    """

    def clean(self) -> Any:
        cleaned = super().clean()
        refusal = remembered(self.request)
        if refusal is not None:
            self.add_error(None, sentences(refusal))
        return cleaned

    def render_before_template(self) -> str:
        refusals = render_to_string("admin/core/refusals.html", {"errors": self.non_field_errors()})
        return format_html("{}{}", refusals, super().render_before_template())
