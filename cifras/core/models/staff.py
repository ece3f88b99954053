"""The user model."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Staff(AbstractUser):
    """A person of the staff. What they may do is a matter of groups; whose rows they see is a matter of grants."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personal")
        ordering = ["username"]
        permissions = [
            ("invite_staff", _("Puede invitar a personas")),
            ("reset_second_factor", _("Puede reponer el segundo factor de otra persona")),
            ("end_sessions", _("Puede cerrar las sesiones de otra persona")),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username
