"""The places that people sign in from."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0005_sign_in"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignInPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("network", models.CharField(blank=True, max_length=45, verbose_name="red")),
                ("device", models.CharField(blank=True, max_length=200, verbose_name="dispositivo")),
                ("ip", models.CharField(blank=True, max_length=45, verbose_name="dirección IP")),
                ("language", models.CharField(max_length=10, verbose_name="idioma")),
                (
                    "first_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="primera vez"),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="por avisar desde")),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_in_places",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "lugar de entrada",
                "verbose_name_plural": "lugares de entrada",
                "constraints": [
                    models.UniqueConstraint(fields=("staff", "network", "device"), name="sign_in_place_once")
                ],
            },
        ),
    ]
