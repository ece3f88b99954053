import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Plans, what companies owe for a closed month, and the providers' bills."""

    dependencies = [
        ("reports", "0003_closing"),
        ("tenants", "0005_receiver_mail"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
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
                ("name", models.CharField(max_length=80, unique=True, verbose_name="nombre")),
                (
                    "currency",
                    models.CharField(
                        choices=[("PAB", "Balboas (PAB)"), ("USD", "Dólares (USD)"), ("PEN", "Soles (PEN)")],
                        default="PAB",
                        max_length=3,
                        verbose_name="moneda",
                    ),
                ),
                (
                    "is_offered",
                    models.BooleanField(
                        default=True,
                        help_text="Uno que ya no se ofrece sigue rigiendo donde se contrató.",
                        verbose_name="se ofrece",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="creado"
                    ),
                ),
            ],
            options={
                "verbose_name": "plan",
                "verbose_name_plural": "planes",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="BillingStatement",
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
                ("number", models.CharField(max_length=40, unique=True, verbose_name="número")),
                ("month", models.DateField(verbose_name="mes")),
                ("version", models.PositiveSmallIntegerField(verbose_name="versión")),
                ("closing_uid", models.UUIDField(verbose_name="cierre")),
                ("tenant_name", models.CharField(max_length=200, verbose_name="razón social")),
                ("tenant_tax_id", models.CharField(max_length=30, verbose_name="RUC")),
                ("plan_name", models.CharField(blank=True, max_length=80, verbose_name="plan")),
                ("totals", models.JSONField(default=dict, verbose_name="totales")),
                ("usage", models.JSONField(default=dict, verbose_name="consumo")),
                ("sha256", models.CharField(max_length=64, verbose_name="huella SHA-256")),
                (
                    "issued_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="emitido"),
                ),
                ("issued_by", models.CharField(max_length=150, verbose_name="quién")),
                (
                    "replaces",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="reports.billingstatement",
                        verbose_name="reemplaza a",
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
                "verbose_name": "estado de cuenta",
                "verbose_name_plural": "estados de cuenta",
                "ordering": ["-id"],
                "permissions": [
                    ("view_billing", "Puede ver la facturación del servicio"),
                    ("manage_plans", "Puede administrar planes y suscripciones"),
                    ("issue_statement", "Puede emitir y retirar estados de cuenta"),
                ],
            },
        ),
        migrations.CreateModel(
            name="BillingLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="línea")),
                (
                    "charge",
                    models.CharField(
                        choices=[
                            ("fee", "Cuota"),
                            ("usage", "Documentos del mes"),
                            ("forgiven", "Anuladas del mes"),
                            ("late", "Documentos de un mes anterior"),
                            ("refund", "Anuladas de un mes anterior"),
                        ],
                        max_length=8,
                        verbose_name="concepto",
                    ),
                ),
                ("plan_name", models.CharField(max_length=80, verbose_name="plan")),
                ("plan_uid", models.UUIDField(verbose_name="identificador del plan")),
                ("price_uid", models.UUIDField(verbose_name="identificador del precio")),
                ("currency", models.CharField(max_length=3, verbose_name="moneda")),
                ("origin_month", models.DateField(verbose_name="mes de origen")),
                ("first", models.DateField(verbose_name="desde")),
                ("last", models.DateField(verbose_name="hasta")),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("INVOICE", "Factura"), ("CREDIT", "Nota de crédito")],
                        max_length=7,
                        verbose_name="clase",
                    ),
                ),
                ("cause", models.CharField(blank=True, max_length=18, verbose_name="causa")),
                ("days", models.PositiveSmallIntegerField(default=0, verbose_name="días")),
                ("days_of_month", models.PositiveSmallIntegerField(default=0, verbose_name="días del mes")),
                ("documents", models.IntegerField(default=0, verbose_name="documentos")),
                ("included", models.PositiveIntegerField(default=0, verbose_name="incluidos")),
                ("quantity", models.IntegerField(default=0, verbose_name="cantidad")),
                ("unit_price", models.DecimalField(decimal_places=6, max_digits=12, verbose_name="precio")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=16, verbose_name="importe")),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="reports.billingstatement",
                        verbose_name="estado de cuenta",
                    ),
                ),
            ],
            options={
                "verbose_name": "línea de un estado de cuenta",
                "verbose_name_plural": "líneas de los estados de cuenta",
                "ordering": ["statement", "position"],
            },
        ),
        migrations.CreateModel(
            name="PacBill",
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
                ("provider", models.CharField(max_length=20, verbose_name="proveedor")),
                ("version", models.PositiveSmallIntegerField(verbose_name="versión")),
                ("currency", models.CharField(max_length=3, verbose_name="moneda")),
                ("filename", models.CharField(blank=True, max_length=200, verbose_name="archivo")),
                ("content", models.BinaryField(verbose_name="contenido")),
                ("sha256", models.CharField(max_length=64, verbose_name="huella SHA-256")),
                (
                    "uploaded_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="subida"),
                ),
                ("uploaded_by", models.CharField(max_length=150, verbose_name="quién")),
            ],
            options={
                "verbose_name": "factura del PAC",
                "verbose_name_plural": "facturas del PAC",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "month", "version"), name="pac_bill_version_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PacBillLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tenant_uid", models.UUIDField(null=True, verbose_name="empresa")),
                ("company", models.CharField(max_length=255, verbose_name="identificador en el PAC")),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("INVOICE", "Factura"), ("CREDIT", "Nota de crédito")],
                        max_length=7,
                        verbose_name="clase",
                    ),
                ),
                ("count", models.PositiveIntegerField(verbose_name="documentos")),
                (
                    "amount",
                    models.DecimalField(decimal_places=6, max_digits=16, null=True, verbose_name="importe"),
                ),
                (
                    "bill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="reports.pacbill",
                        verbose_name="factura del PAC",
                    ),
                ),
            ],
            options={
                "verbose_name": "línea de una factura del PAC",
                "verbose_name_plural": "líneas de las facturas del PAC",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="PlanPrice",
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
                ("valid_from", models.DateField(verbose_name="rige desde")),
                (
                    "monthly_fee",
                    models.DecimalField(decimal_places=2, max_digits=10, verbose_name="cuota mensual"),
                ),
                ("included_invoices", models.PositiveIntegerField(verbose_name="facturas incluidas")),
                ("included_credits", models.PositiveIntegerField(verbose_name="notas de crédito incluidas")),
                (
                    "invoice_price",
                    models.DecimalField(
                        decimal_places=6, max_digits=12, verbose_name="precio por factura adicional"
                    ),
                ),
                (
                    "credit_price",
                    models.DecimalField(
                        decimal_places=6, max_digits=12, verbose_name="precio por nota adicional"
                    ),
                ),
                ("forgives_voids", models.BooleanField(verbose_name="no cobra lo anulado")),
                (
                    "recorded_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="registrado"),
                ),
                ("recorded_by", models.CharField(blank=True, max_length=150, verbose_name="quién")),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prices",
                        to="reports.plan",
                        verbose_name="plan",
                    ),
                ),
            ],
            options={
                "verbose_name": "precio de un plan",
                "verbose_name_plural": "precios de los planes",
                "ordering": ["plan", "-valid_from", "-id"],
            },
        ),
        migrations.CreateModel(
            name="StatementWithdrawal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.TextField(verbose_name="motivo")),
                ("proposed_by", models.CharField(max_length=150, verbose_name="propuso")),
                ("approved_by", models.CharField(max_length=150, verbose_name="aprobó")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="cuándo")),
                (
                    "statement",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawal",
                        to="reports.billingstatement",
                        verbose_name="estado de cuenta",
                    ),
                ),
            ],
            options={
                "verbose_name": "estado de cuenta retirado",
                "verbose_name_plural": "estados de cuenta retirados",
            },
        ),
        migrations.CreateModel(
            name="Subscription",
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
                    "starts_on",
                    models.DateField(
                        help_text="Fecha local; rige hasta el siguiente cambio.", verbose_name="desde"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="registrada"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="quién",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        help_text="Vacío: ninguno desde ese día.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="reports.plan",
                        verbose_name="plan",
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
                "verbose_name": "suscripción",
                "verbose_name_plural": "suscripciones",
                "ordering": ["-starts_on", "-id"],
            },
        ),
        migrations.CreateModel(
            name="BillingDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(verbose_name="mes")),
                ("closing_uid", models.UUIDField(verbose_name="cierre")),
                ("content", models.JSONField(default=dict, verbose_name="contenido")),
                ("problem", models.CharField(blank=True, max_length=40, verbose_name="obstáculo")),
                (
                    "computed_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="calculado"),
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
                "verbose_name": "borrador de estado de cuenta",
                "verbose_name_plural": "borradores de estados de cuenta",
                "indexes": [models.Index(fields=["month"], name="billing_draft_month")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "month"), name="billing_draft_once")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="billingstatement",
            index=models.Index(fields=["month", "tenant"], name="billing_statement_month"),
        ),
        migrations.AddConstraint(
            model_name="billingstatement",
            constraint=models.UniqueConstraint(
                fields=("tenant", "month", "version"), name="billing_statement_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="billingstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("replaces", None), ("version", 1)),
                    models.Q(("replaces__isnull", False), ("version__gt", 1)),
                    _connector="OR",
                ),
                name="billing_statement_replaces",
            ),
        ),
        migrations.AddConstraint(
            model_name="billingline",
            constraint=models.UniqueConstraint(
                fields=("statement", "position"), name="billing_line_position_once"
            ),
        ),
        migrations.AddIndex(
            model_name="planprice",
            index=models.Index(fields=["plan", "-valid_from", "-id"], name="plan_price_valid"),
        ),
        migrations.AddConstraint(
            model_name="planprice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("credit_price__gte", 0), ("invoice_price__gte", 0), ("monthly_fee__gte", 0)
                ),
                name="plan_price_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(fields=("tenant", "starts_on"), name="subscription_day_once"),
        ),
    ]
