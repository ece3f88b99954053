"""Who is at the door: second factors, recovery codes, sessions, and invitations."""

import uuid
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.sealed import SealedField


class SecondFactor(models.Model):
    """One person's authenticator app (TOTP, RFC 6238). Until `confirmed_at` it only waits for its first code.

    `last_step` is the time step of the last code that was taken: an older or equal one is never taken again. `failures` in a row
    close it until `closed_until`.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    staff = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("persona"),
        on_delete=models.CASCADE,
        related_name="second_factor",
    )
    seed = SealedField(_("semilla"))
    confirmed_at = models.DateTimeField(_("confirmado"), null=True, blank=True)
    last_step = models.PositiveBigIntegerField(_("último paso"), default=0)
    failures = models.PositiveIntegerField(_("intentos fallidos"), default=0)
    closed_until = models.DateTimeField(_("cerrado hasta"), null=True, blank=True)

    class Meta:
        verbose_name = _("segundo factor")
        verbose_name_plural = _("segundos factores")

    def __str__(self) -> str:
        return f"{self.staff}"


class RecoveryCode(models.Model):
    """A code that stands in for the app once. `label` is its first part, by which it is found; of the rest there is a hash."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("persona"),
        on_delete=models.CASCADE,
        related_name="recovery_codes",
    )
    label = models.CharField(_("comienzo"), max_length=8)
    digest = models.CharField(_("huella"), max_length=128)
    used_at = models.DateTimeField(_("usado"), null=True, blank=True)

    class Meta:
        verbose_name = _("código de recuperación")
        verbose_name_plural = _("códigos de recuperación")
        constraints = [models.UniqueConstraint(fields=["staff", "label"], name="recovery_code_once")]

    def __str__(self) -> str:
        return self.label


class StaffSession(AbstractBaseSession):
    """A session with whose it is and where from, so that a person finds theirs and an administrator anybody's."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("persona"),
        on_delete=models.CASCADE,
        null=True,
        related_name="sessions",
    )
    began_at = models.DateTimeField(_("desde"), default=timezone.now)
    seen_at = models.DateTimeField(_("último uso"), default=timezone.now)
    ip = models.CharField(_("dirección IP"), max_length=45, blank=True)
    device = models.CharField(_("dispositivo"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("sesión")
        verbose_name_plural = _("sesiones")

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store

    @property
    def handle(self) -> str:
        """A name for it that opens nothing, for pages and forms."""
        return sha256(self.session_key.encode()).hexdigest()[:32]

    def describe(self, data: dict[str, Any]) -> None:
        """Take whose it is, since when and from where out of what the session holds."""
        person = str(data.get("_auth_user_id", ""))
        self.staff_id = int(person) if person.isdecimal() else None
        self.began_at, self.seen_at = (_moment(data.get(name)) for name in ("began", "seen"))
        self.ip, self.device = str(data.get("ip", ""))[:45], str(data.get("device", ""))[:200]


class SignInPlace(models.Model):
    """A network and a kind of device that somebody has signed in from. While there is a `due_at`, they are to be told of it."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("persona"),
        on_delete=models.CASCADE,
        related_name="sign_in_places",
    )
    network = models.CharField(_("red"), max_length=45, blank=True)
    device = models.CharField(_("dispositivo"), max_length=200, blank=True)
    ip = models.CharField(_("dirección IP"), max_length=45, blank=True)
    language = models.CharField(_("idioma"), max_length=10)
    first_at = models.DateTimeField(_("primera vez"), default=timezone.now)
    due_at = models.DateTimeField(_("por avisar desde"), null=True, blank=True)

    class Meta:
        verbose_name = _("lugar de entrada")
        verbose_name_plural = _("lugares de entrada")
        constraints = [
            models.UniqueConstraint(fields=["staff", "network", "device"], name="sign_in_place_once")
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.network}"


class Invitation(models.Model):
    """A link by e-mail with which somebody sets their password, once and until it expires."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("persona"),
        on_delete=models.CASCADE,
        related_name="invitations",
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("invitó"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    invited_at = models.DateTimeField(_("invitación"), default=timezone.now)
    expires_at = models.DateTimeField(_("vence"))
    ended_at = models.DateTimeField(_("usada o retirada"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitación")
        verbose_name_plural = _("invitaciones")
        constraints = [
            models.UniqueConstraint(
                fields=["staff"], condition=Q(ended_at=None), name="one_open_invitation_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff}"


def _moment(seconds: Any) -> datetime:
    """A moment kept as seconds; now, where there is none."""
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int | float) else timezone.now()
