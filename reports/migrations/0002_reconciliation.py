import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """A month held against the provider's figures."""

    dependencies = [
        ("reports", "0001_initial"),
        ("tenants", "0005_receiver_mail"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DifferenceComment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tenant_uid", models.UUIDField(verbose_name="empresa")),
                ("subject", models.CharField(db_index=True, max_length=64)),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="cuándo")),
                ("author_uid", models.UUIDField(null=True, verbose_name="quién")),
                ("author_name", models.CharField(max_length=150, verbose_name="quién")),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("open", "Por decidir"),
                            ("adopt", "Adoptada"),
                            ("refetch", "Consultada de nuevo"),
                            ("accept", "Aceptada"),
                            ("dispute", "En disputa"),
                        ],
                        max_length=7,
                        verbose_name="decisión",
                    ),
                ),
                ("text", models.TextField(verbose_name="comentario")),
            ],
            options={
                "verbose_name": "comentario",
                "verbose_name_plural": "comentarios",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
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
                ("run", models.PositiveIntegerField(verbose_name="corrida")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "En espera"),
                            ("running", "En curso"),
                            ("done", "Terminada"),
                            ("failed", "Incompleta"),
                        ],
                        default="waiting",
                        max_length=7,
                        verbose_name="estado",
                    ),
                ),
                ("statement_batch", models.UUIDField(null=True, verbose_name="informe del PAC")),
                ("statement_at", models.DateTimeField(null=True, verbose_name="informe obtenido")),
                ("summary", models.JSONField(default=dict, verbose_name="resumen")),
                ("by_class", models.JSONField(default=dict, verbose_name="por clase")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="pedida")),
                ("due_at", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True, verbose_name="terminada")),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
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
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
            ],
            options={
                "verbose_name": "conciliación",
                "verbose_name_plural": "conciliaciones",
                "ordering": ["-id"],
                "permissions": [("reconcile", "Puede conciliar el mes con el PAC y decidir diferencias")],
            },
        ),
        migrations.CreateModel(
            name="Difference",
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
                    "difference_class",
                    models.CharField(
                        choices=[
                            ("rounding", "Redondeo"),
                            ("amount", "Importe"),
                            ("status", "Estado"),
                            ("sign", "Signo"),
                            ("border", "Frontera de mes"),
                            ("pending", "Pendiente"),
                            ("void_only_here", "Anulada solo aquí"),
                            ("void_only_there", "Anulada solo en el PAC"),
                            ("other_tenant", "De otra empresa"),
                            ("imported", "Emitida en otro sistema"),
                            ("environment", "De otro ambiente"),
                            ("missing_here", "Falta aquí"),
                            ("missing_at_pac", "Falta en el PAC"),
                            ("duplicate", "Duplicada"),
                            ("unexplained", "Sin explicar"),
                        ],
                        max_length=15,
                        verbose_name="clase de diferencia",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("INVOICE", "Factura"), ("CREDIT", "Nota de crédito")],
                        max_length=7,
                        verbose_name="clase",
                    ),
                ),
                ("legal_status", models.CharField(blank=True, max_length=60, verbose_name="estado legal")),
                ("document_uid", models.UUIDField(null=True, verbose_name="documento")),
                (
                    "pac_document_id",
                    models.CharField(blank=True, max_length=255, verbose_name="identificador en el PAC"),
                ),
                ("ours", models.JSONField(default=dict, verbose_name="nuestro")),
                ("pac", models.JSONField(default=dict, verbose_name="PAC")),
                ("reason_key", models.CharField(max_length=40, verbose_name="motivo")),
                ("reason_values", models.JSONField(default=dict)),
                ("subject", models.CharField(db_index=True, max_length=64)),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("open", "Por decidir"),
                            ("adopt", "Adoptada"),
                            ("refetch", "Consultada de nuevo"),
                            ("accept", "Aceptada"),
                            ("dispute", "En disputa"),
                        ],
                        default="open",
                        max_length=7,
                        verbose_name="decisión",
                    ),
                ),
                ("decision_reason", models.TextField(blank=True, verbose_name="motivo de la decisión")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decidida")),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="responsable",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decidió",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
                (
                    "reconciliation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="differences",
                        to="reports.reconciliation",
                        verbose_name="conciliación",
                    ),
                ),
            ],
            options={
                "verbose_name": "diferencia",
                "verbose_name_plural": "diferencias",
                "ordering": ["id"],
            },
        ),
        migrations.AddIndex(
            model_name="reconciliation",
            index=models.Index(fields=["month", "tenant", "-run"], name="reconciliation_month"),
        ),
        migrations.AddIndex(
            model_name="reconciliation",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="reconciliation_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="reconciliation",
            constraint=models.UniqueConstraint(
                fields=("tenant", "month", "environment", "run"), name="reconciliation_run_once"
            ),
        ),
        migrations.AddIndex(
            model_name="difference",
            index=models.Index(
                fields=["reconciliation", "difference_class", "id"], name="difference_of_class"
            ),
        ),
    ]
