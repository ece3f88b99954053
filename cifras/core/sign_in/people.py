"""On whom an administrator may act."""

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop


def require_other(person: Staff, actor: Staff) -> None:
    """RuleBroken on oneself, and on a superuser by somebody who is none."""
    if person.pk == actor.pk:
        raise RuleBroken("own_account", gettext_noop("En su propia cuenta no: pídalo a otra persona."))
    if person.is_superuser and not actor.is_superuser:
        raise RuleBroken(
            "superuser_account",
            gettext_noop("La cuenta de un superusuario solo la toca otro superusuario."),
        )
