"""An address for mail, read strictly."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from cifras.core.reading import Reader
from cifras.fiscal.errors import gettext_noop


def read_email(reader: Reader, *, longest: int) -> str:
    """The member `email`, which may be missing."""
    email = reader.text("email", default="", longest=longest)
    if email:
        try:
            validate_email(email)
        except ValidationError:
            reader.refuse("email_shape", gettext_noop("«{email}» no es un correo."), "email", email=email)
    return email
