"""Sign-in: second factors, recovery codes, sessions with their person, invitations, and the rights over them."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import cifras.core.sealed


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_exports"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="staff",
            options={
                "ordering": ["username"],
                "permissions": [
                    ("invite_staff", "Puede invitar a personas"),
                    ("reset_second_factor", "Puede reponer el segundo factor de otra persona"),
                    ("end_sessions", "Puede cerrar las sesiones de otra persona"),
                ],
                "verbose_name": "persona",
                "verbose_name_plural": "personal",
            },
        ),
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("seed", cifras.core.sealed.SealedField(verbose_name="semilla")),
                ("confirmed_at", models.DateTimeField(blank=True, null=True, verbose_name="confirmado")),
                ("last_step", models.PositiveBigIntegerField(default=0, verbose_name="último paso")),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="intentos fallidos")),
                ("closed_until", models.DateTimeField(blank=True, null=True, verbose_name="cerrado hasta")),
                (
                    "staff",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="second_factor",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "segundo factor",
                "verbose_name_plural": "segundos factores",
            },
        ),
        migrations.CreateModel(
            name="StaffSession",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        max_length=40, primary_key=True, serialize=False, verbose_name="session key"
                    ),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("began_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="desde")),
                (
                    "seen_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="último uso"),
                ),
                ("ip", models.CharField(blank=True, max_length=45, verbose_name="dirección IP")),
                ("device", models.CharField(blank=True, max_length=200, verbose_name="dispositivo")),
                (
                    "staff",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "sesión",
                "verbose_name_plural": "sesiones",
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "invited_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="invitación"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="vence")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="usada o retirada")),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invitó",
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitación",
                "verbose_name_plural": "invitaciones",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("staff",),
                        name="one_open_invitation_each",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("label", models.CharField(max_length=8, verbose_name="comienzo")),
                ("digest", models.CharField(max_length=128, verbose_name="huella")),
                ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="usado")),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "código de recuperación",
                "verbose_name_plural": "códigos de recuperación",
                "constraints": [
                    models.UniqueConstraint(fields=("staff", "label"), name="recovery_code_once")
                ],
            },
        ),
    ]
