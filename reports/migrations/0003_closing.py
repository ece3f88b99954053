import uuid
from decimal import Decimal

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The closing of a month with what is frozen, later changes as adjustments, and how far a reconciliation has come."""

    dependencies = [
        ("reports", "0002_reconciliation"),
        ("tenants", "0005_receiver_mail"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="reconciliation",
            name="progress",
            field=models.JSONField(default=dict, verbose_name="avance"),
        ),
        migrations.CreateModel(
            name="MonthClosing",
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
                ("month", models.DateField(verbose_name="mes")),
                (
                    "environment",
                    models.CharField(
                        choices=[("sandbox", "Pruebas"), ("live", "Producción")],
                        max_length=8,
                        verbose_name="ambiente",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="cierre")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Por aprobar"),
                            ("closed", "Cerrado"),
                            ("reopened", "Reabierto"),
                            ("put_aside", "No procedió"),
                        ],
                        default="proposed",
                        max_length=9,
                        verbose_name="estado",
                    ),
                ),
                ("overridden", models.JSONField(default=list, verbose_name="condiciones pasadas por alto")),
                ("reason", models.TextField(verbose_name="motivo")),
                ("gates", models.JSONField(default=list, verbose_name="condiciones")),
                ("facts", models.CharField(blank=True, max_length=64, verbose_name="huella de las cifras")),
                (
                    "proposed_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="propuesto"),
                ),
                ("closed_at", models.DateTimeField(null=True, verbose_name="cerrado")),
                ("reopened_at", models.DateTimeField(null=True, verbose_name="reabierto")),
                ("reopening_reason", models.TextField(blank=True, verbose_name="motivo de la reapertura")),
                ("due_at", models.DateTimeField(null=True)),
                ("mail_due_at", models.DateTimeField(null=True)),
                ("mailed_at", models.DateTimeField(null=True, verbose_name="correo a finanzas")),
                ("mail_error", models.CharField(blank=True, max_length=300, verbose_name="error del correo")),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="aprobó",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="propuso",
                    ),
                ),
                (
                    "reconciliation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="closings",
                        to="reports.reconciliation",
                        verbose_name="conciliación",
                    ),
                ),
                (
                    "reopened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reabrió",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
            ],
            options={
                "verbose_name": "cierre de mes",
                "verbose_name_plural": "cierres de mes",
                "ordering": ["-id"],
                "permissions": [
                    ("close_month", "Puede proponer y aprobar el cierre de un mes"),
                    ("reopen_month", "Puede proponer y aprobar que se reabra un mes cerrado"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FrozenRate",
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
                (
                    "closing",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reports.monthclosing",
                        verbose_name="cierre",
                    ),
                ),
            ],
            options={
                "verbose_name": "cifra cerrada por tasa",
                "verbose_name_plural": "cifras cerradas por tasa",
            },
        ),
        migrations.CreateModel(
            name="FrozenFigure",
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
                (
                    "closing",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reports.monthclosing",
                        verbose_name="cierre",
                    ),
                ),
            ],
            options={
                "verbose_name": "cifra cerrada",
                "verbose_name_plural": "cifras cerradas",
            },
        ),
        migrations.CreateModel(
            name="ClosedDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("document_uid", models.UUIDField(verbose_name="documento")),
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
                ("currency", models.CharField(max_length=3, verbose_name="moneda")),
                ("net", models.DecimalField(decimal_places=2, max_digits=16, verbose_name="subtotal")),
                ("tax", models.DecimalField(decimal_places=2, max_digits=16, verbose_name="impuestos")),
                ("total", models.DecimalField(decimal_places=2, max_digits=16, verbose_name="total")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
                (
                    "closing",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reports.monthclosing",
                        verbose_name="cierre",
                    ),
                ),
            ],
            options={
                "verbose_name": "documento cerrado",
                "verbose_name_plural": "documentos cerrados",
            },
        ),
        migrations.CreateModel(
            name="Adjustment",
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
                (
                    "environment",
                    models.CharField(
                        choices=[("sandbox", "Pruebas"), ("live", "Producción")],
                        max_length=8,
                        verbose_name="ambiente",
                    ),
                ),
                ("origin_month", models.DateField(verbose_name="mes de origen")),
                ("booked_month", models.DateField(verbose_name="mes en que se registra")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="cuándo")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("late_authorization", "Autorizada después del cierre"),
                            ("voided", "Anulada después del cierre"),
                            ("added", "Incorporada después del cierre"),
                            ("removed", "Dejó de contar después del cierre"),
                            ("status", "Cambió de estado después del cierre"),
                            ("amount", "Cambió de importe después del cierre"),
                        ],
                        max_length=18,
                        verbose_name="causa",
                    ),
                ),
                ("document_uid", models.UUIDField(verbose_name="documento")),
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
                ("currency", models.CharField(max_length=3, verbose_name="moneda")),
                ("was_counted", models.BooleanField(verbose_name="contaba")),
                ("is_counted", models.BooleanField(verbose_name="cuenta")),
                (
                    "legal_before",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("PAC_AUTHORIZED", "Autorizada por PAC"),
                            ("DGI_AUTHORIZED", "Autorizada por DGI"),
                            ("PAC_REJECTED", "Rechazada por PAC"),
                            ("DGI_REJECTED", "Rechazada por DGI"),
                        ],
                        max_length=14,
                        verbose_name="estado legal cerrado",
                    ),
                ),
                (
                    "legal_after",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("PAC_AUTHORIZED", "Autorizada por PAC"),
                            ("DGI_AUTHORIZED", "Autorizada por DGI"),
                            ("PAC_REJECTED", "Rechazada por PAC"),
                            ("DGI_REJECTED", "Rechazada por DGI"),
                        ],
                        max_length=14,
                        verbose_name="estado legal ahora",
                    ),
                ),
                ("voided_before", models.BooleanField(verbose_name="anulada al cerrar")),
                ("voided_after", models.BooleanField(verbose_name="anulada ahora")),
                (
                    "net_before",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="subtotal cerrado"
                    ),
                ),
                (
                    "net_after",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="subtotal ahora"
                    ),
                ),
                (
                    "tax_before",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0"),
                        max_digits=20,
                        verbose_name="impuestos cerrados",
                    ),
                ),
                (
                    "tax_after",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="impuestos ahora"
                    ),
                ),
                (
                    "total_before",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="total cerrado"
                    ),
                ),
                (
                    "total_after",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=20, verbose_name="total ahora"
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
                (
                    "closing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to="reports.monthclosing",
                        verbose_name="cierre",
                    ),
                ),
            ],
            options={
                "verbose_name": "ajuste de un mes cerrado",
                "verbose_name_plural": "ajustes de meses cerrados",
                "ordering": ["id"],
            },
        ),
        migrations.AddIndex(
            model_name="monthclosing",
            index=models.Index(fields=["month", "state", "tenant"], name="month_closing_month"),
        ),
        migrations.AddIndex(
            model_name="monthclosing",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="month_closing_due"
            ),
        ),
        migrations.AddIndex(
            model_name="monthclosing",
            index=models.Index(
                condition=models.Q(("mail_due_at__isnull", False)),
                fields=["mail_due_at"],
                name="month_closing_mail_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.UniqueConstraint(
                fields=("tenant", "month", "environment", "number"), name="month_closing_numbered"
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["proposed", "closed"])),
                fields=("tenant", "month", "environment"),
                name="month_closing_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="monthclosing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["closed", "reopened"]), _negated=True),
                    ("closed_at__isnull", False),
                    _connector="OR",
                ),
                name="month_closing_has_its_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="frozenrate",
            constraint=models.UniqueConstraint(
                fields=(
                    "closing",
                    "origin",
                    "kind",
                    "legal_status",
                    "is_voided",
                    "environment",
                    "currency",
                    "tax_rate",
                ),
                name="frozen_rate_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="frozenfigure",
            constraint=models.UniqueConstraint(
                fields=("closing", "origin", "kind", "legal_status", "is_voided", "environment", "currency"),
                name="frozen_figure_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="closeddocument",
            constraint=models.UniqueConstraint(
                fields=("closing", "document_uid"), name="closed_document_once"
            ),
        ),
        migrations.AddIndex(
            model_name="adjustment",
            index=models.Index(fields=["tenant", "booked_month"], name="adjustment_booked"),
        ),
        migrations.AddIndex(
            model_name="adjustment",
            index=models.Index(fields=["closing", "document_uid", "-id"], name="adjustment_document"),
        ),
    ]
