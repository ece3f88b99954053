"""The forms at the door."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from cifras.core.models import Staff

_REFUSED = _(
    "No se pudo entrar con ese usuario y esa contraseña. Revíselos y distinga mayúsculas de minúsculas. Tras varios intentos "
    "fallidos la entrada se cierra unos minutos y vuelve a abrirse sola."
)


class PasswordForm(AuthenticationForm):  # type: ignore[misc]
    """One answer for an unknown user, a wrong password and a closed account."""

    error_messages = {**AuthenticationForm.error_messages, "invalid_login": _REFUSED, "inactive": _REFUSED}


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label=_("Código"),
        max_length=64,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
        ),
    )


if TYPE_CHECKING:
    TwicePasswordForm = SetPasswordForm[Staff]
else:
    TwicePasswordForm = SetPasswordForm


class NewPasswordForm(TwicePasswordForm):
    """The password of an invited person, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password1", "new_password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
