import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0005_books")]

    operations = [
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "uid",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, unique=True, verbose_name="identificador"
                    ),
                ),
                ("date", models.DateField(verbose_name="fecha")),
                (
                    "currency",
                    models.CharField(
                        choices=[("USD", "Dólares (USD)"), ("EUR", "Euros (EUR)")],
                        default="USD",
                        max_length=3,
                        verbose_name="moneda",
                    ),
                ),
                (
                    "sale",
                    models.DecimalField(
                        decimal_places=3,
                        help_text="Soles por una unidad, con tres decimales.",
                        max_digits=9,
                        verbose_name="venta",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        default="SUNAT",
                        help_text="Quién lo publicó, o en qué norma.",
                        max_length=60,
                        verbose_name="fuente",
                    ),
                ),
                (
                    "recorded_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="registrado"
                    ),
                ),
                (
                    "recorded_by",
                    models.CharField(blank=True, editable=False, max_length=150, verbose_name="quién"),
                ),
            ],
            options={
                "verbose_name": "tipo de cambio",
                "verbose_name_plural": "tipos de cambio",
                "ordering": ["-date", "currency"],
                "permissions": [("manage_exchange_rates", "Puede registrar tipos de cambio")],
                "constraints": [
                    models.UniqueConstraint(fields=("currency", "date"), name="exchange_rate_once"),
                    models.CheckConstraint(
                        condition=models.Q(("sale__gt", 0)), name="exchange_rate_positive"
                    ),
                ],
            },
        ),
    ]
