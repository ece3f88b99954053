import uuid
from decimal import Decimal

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The monthly roll-up, and what the providers say."""

    initial = True

    dependencies = [
        ("tenants", "0005_receiver_mail"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RollupCursor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event_id", models.BigIntegerField(default=0)),
                ("caught_up_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "avance de las cifras",
                "verbose_name_plural": "avance de las cifras",
            },
        ),
        migrations.CreateModel(
            name="Statement",
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
                ("batch", models.UUIDField(db_index=True, verbose_name="consulta")),
                ("tenant_uid", models.UUIDField(null=True, verbose_name="empresa")),
                ("provider", models.CharField(max_length=20, verbose_name="proveedor")),
                (
                    "environment",
                    models.CharField(
                        choices=[("sandbox", "Pruebas"), ("live", "Producción"), ("all", "Todos")],
                        max_length=8,
                        verbose_name="ambiente",
                    ),
                ),
                ("by_day", models.BooleanField(default=False, verbose_name="por día")),
                ("asked_from", models.DateField(verbose_name="desde")),
                ("asked_to", models.DateField(verbose_name="hasta")),
                ("from_date", models.DateField(verbose_name="desde (respuesta)")),
                ("to_date", models.DateField(verbose_name="hasta (respuesta)")),
                (
                    "fetched_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="obtenido"),
                ),
                ("fetched_by", models.UUIDField(null=True, verbose_name="quién")),
                ("text", models.TextField(verbose_name="respuesta")),
                ("sha256", models.CharField(max_length=64, verbose_name="huella SHA-256")),
                ("exchange_uid", models.UUIDField(null=True, verbose_name="intercambio")),
            ],
            options={
                "verbose_name": "informe del PAC",
                "verbose_name_plural": "informes del PAC",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        fields=["tenant_uid", "asked_from", "asked_to", "by_day", "-id"],
                        name="statement_asked",
                    ),
                    models.Index(
                        condition=models.Q(("tenant_uid", None)),
                        fields=["provider", "environment", "asked_from", "asked_to", "-id"],
                        name="statement_all_asked",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StatementFigure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "pac_company_id",
                    models.CharField(blank=True, max_length=255, verbose_name="identificador en el PAC"),
                ),
                ("day", models.DateField(null=True, verbose_name="día")),
                ("kind", models.CharField(blank=True, max_length=7, verbose_name="clase")),
                ("raw_kind", models.CharField(blank=True, max_length=60, verbose_name="clase del PAC")),
                ("legal_status", models.CharField(blank=True, max_length=14, verbose_name="estado legal")),
                (
                    "raw_legal_status",
                    models.CharField(blank=True, max_length=60, verbose_name="palabra del PAC"),
                ),
                ("count", models.BigIntegerField(verbose_name="documentos")),
                (
                    "total",
                    models.DecimalField(decimal_places=2, max_digits=20, null=True, verbose_name="total"),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="figures",
                        to="reports.statement",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
            ],
            options={
                "verbose_name": "cifra del PAC",
                "verbose_name_plural": "cifras del PAC",
            },
        ),
        migrations.CreateModel(
            name="DirtyMonth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField()),
                ("marked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "mes por recalcular",
                "verbose_name_plural": "meses por recalcular",
                "constraints": [models.UniqueConstraint(fields=("tenant", "month"), name="dirty_month_once")],
            },
        ),
        migrations.CreateModel(
            name="MonthlyFigure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(verbose_name="mes")),
                (
                    "origin",
                    models.CharField(
                        choices=[("issued", "Emitida por Cifras"), ("imported", "Emitida en otro sistema")],
                        max_length=8,
                        verbose_name="origen",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("INVOICE", "Factura"), ("CREDIT", "Nota de crédito")],
                        max_length=7,
                        verbose_name="clase",
                    ),
                ),
                (
                    "legal_status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("PAC_AUTHORIZED", "Autorizada por PAC"),
                            ("DGI_AUTHORIZED", "Autorizada por DGI"),
                            ("PAC_REJECTED", "Rechazada por PAC"),
                            ("DGI_REJECTED", "Rechazada por DGI"),
                        ],
                        max_length=14,
                        verbose_name="estado legal",
                    ),
                ),
                ("is_voided", models.BooleanField(verbose_name="anulada")),
                (
                    "environment",
                    models.CharField(
                        choices=[("sandbox", "Pruebas"), ("live", "Producción")],
                        max_length=8,
                        verbose_name="ambiente",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="moneda")),
                ("count", models.PositiveIntegerField(verbose_name="documentos")),
                (
                    "net",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="subtotal"
                    ),
                ),
                (
                    "tax",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="impuestos"
                    ),
                ),
                (
                    "total",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="total"
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
            ],
            options={
                "verbose_name": "cifra del mes",
                "verbose_name_plural": "cifras del mes",
                "permissions": [
                    ("view_report", "Puede ver los informes"),
                    ("request_statement", "Puede pedir al PAC sus cifras"),
                ],
                "indexes": [models.Index(fields=["month", "tenant"], name="monthly_figure_month")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "tenant",
                            "month",
                            "origin",
                            "kind",
                            "legal_status",
                            "is_voided",
                            "environment",
                            "currency",
                        ),
                        name="monthly_figure_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MonthlyRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(verbose_name="mes")),
                (
                    "origin",
                    models.CharField(
                        choices=[("issued", "Emitida por Cifras"), ("imported", "Emitida en otro sistema")],
                        max_length=8,
                        verbose_name="origen",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("INVOICE", "Factura"), ("CREDIT", "Nota de crédito")],
                        max_length=7,
                        verbose_name="clase",
                    ),
                ),
                (
                    "legal_status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("PAC_AUTHORIZED", "Autorizada por PAC"),
                            ("DGI_AUTHORIZED", "Autorizada por DGI"),
                            ("PAC_REJECTED", "Rechazada por PAC"),
                            ("DGI_REJECTED", "Rechazada por DGI"),
                        ],
                        max_length=14,
                        verbose_name="estado legal",
                    ),
                ),
                ("is_voided", models.BooleanField(verbose_name="anulada")),
                (
                    "environment",
                    models.CharField(
                        choices=[("sandbox", "Pruebas"), ("live", "Producción")],
                        max_length=8,
                        verbose_name="ambiente",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="moneda")),
                ("count", models.PositiveIntegerField(verbose_name="documentos")),
                ("tax_rate", models.CharField(max_length=10, verbose_name="tasa")),
                (
                    "base",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="base"
                    ),
                ),
                (
                    "tax",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="impuesto"
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
            ],
            options={
                "verbose_name": "cifra por tasa",
                "verbose_name_plural": "cifras por tasa",
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "tenant",
                            "month",
                            "origin",
                            "kind",
                            "legal_status",
                            "is_voided",
                            "environment",
                            "currency",
                            "tax_rate",
                        ),
                        name="monthly_rate_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StatementRequest",
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
                ("night", models.CharField(editable=False, max_length=120, null=True, unique=True)),
                ("provider", models.CharField(max_length=20, verbose_name="proveedor")),
                (
                    "environment",
                    models.CharField(
                        choices=[("sandbox", "Pruebas"), ("live", "Producción"), ("all", "Todos")],
                        max_length=8,
                        verbose_name="ambiente",
                    ),
                ),
                ("by_day", models.BooleanField(default=False, verbose_name="por día")),
                ("from_date", models.DateField(verbose_name="desde")),
                ("to_date", models.DateField(verbose_name="hasta")),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="pedido")),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True, verbose_name="terminado")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="quién",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
            ],
            options={
                "verbose_name": "consulta al PAC",
                "verbose_name_plural": "consultas al PAC",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="statement_request_due",
                    ),
                    models.Index(
                        fields=["tenant", "from_date", "to_date", "-id"], name="statement_request_asked"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("from_date__lte", models.F("to_date"))),
                        name="statement_request_range_in_order",
                    )
                ],
            },
        ),
    ]
