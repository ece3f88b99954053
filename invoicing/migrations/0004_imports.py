"""Documents issued elsewhere: what was received is kept apart, and the files that are imported."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import cifras.fiscal.lifecycle


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0001_initial"),
        ("invoicing", "0003_credited_lines"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportBatch",
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
                ("filename", models.CharField(max_length=200, verbose_name="archivo")),
                ("file", models.FileField(blank=True, editable=False, max_length=200, upload_to="")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("size_bytes", models.PositiveIntegerField(verbose_name="bytes")),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("READING", "Leyendo el archivo"),
                            ("CHECKING", "Probando"),
                            ("CHECKED", "Probado: falta importar"),
                            ("IMPORTING", "Importando"),
                            ("DONE", "Terminado"),
                            ("FAILED", "No se pudo leer"),
                        ],
                        default="READING",
                        max_length=9,
                        verbose_name="estado",
                    ),
                ),
                ("problem", models.JSONField(blank=True, editable=False, null=True, verbose_name="problema")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="subido")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="terminado")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("leased_until", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name": "importación",
                "verbose_name_plural": "importaciones",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="fila")),
                ("row_count", models.PositiveIntegerField(default=1, verbose_name="filas")),
                ("data", models.JSONField(default=dict)),
                (
                    "external_id",
                    models.CharField(blank=True, max_length=100, verbose_name="referencia externa"),
                ),
                ("cufe", models.CharField(blank=True, max_length=66, verbose_name="CUFE")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PENDING", "Pendiente"),
                            ("READY", "Se puede importar"),
                            ("CREATED", "Creado"),
                            ("KNOWN", "Ya existía"),
                            ("REFUSED", "Rechazado"),
                        ],
                        default="PENDING",
                        max_length=8,
                        verbose_name="resultado",
                    ),
                ),
                ("reasons", models.JSONField(default=list, verbose_name="motivos")),
                ("notes", models.JSONField(default=list, verbose_name="avisos")),
                ("document_uid", models.UUIDField(null=True, verbose_name="documento")),
            ],
            options={
                "verbose_name": "fila importada",
                "verbose_name_plural": "filas importadas",
                "ordering": ["batch", "number"],
            },
        ),
        migrations.CreateModel(
            name="Received",
            fields=[],
            options={
                "verbose_name": "documento recibido",
                "verbose_name_plural": "documentos recibidos",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("invoicing.document",),
        ),
        migrations.AlterModelOptions(
            name="document",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("import_document", "Puede importar y registrar documentos emitidos en otro sistema"),
                    (
                        "verify_document",
                        "Puede dar por verificado, o borrar, un documento emitido en otro sistema",
                    ),
                ],
                "verbose_name": "documento",
                "verbose_name_plural": "documentos",
            },
        ),
        migrations.RemoveConstraint(
            model_name="document",
            name="number_once",
        ),
        migrations.AddField(
            model_name="document",
            name="is_received",
            field=models.BooleanField(default=False, editable=False, verbose_name="recibido"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("is_received", True)), fields=["-id"], name="document_received"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("number", ""), _negated=True), ("is_received", False)),
                fields=("office", "billing_point", "series", "number"),
                name="number_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("mode", "DGI_IMPORT"), ("submission", cifras.fiscal.lifecycle.Submission["IMPORTED"])
                    ),
                    models.Q(
                        models.Q(("mode", "DGI_IMPORT"), _negated=True),
                        models.Q(
                            ("submission", cifras.fiscal.lifecycle.Submission["IMPORTED"]), _negated=True
                        ),
                        ("is_received", False),
                    ),
                    _connector="OR",
                ),
                name="imported_stays_imported",
            ),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="created_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to=settings.AUTH_USER_MODEL,
                verbose_name="subido por",
            ),
        ),
        migrations.AddField(
            model_name="importbatch",
            name="tenant",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="import_batches",
                to="tenants.tenant",
                verbose_name="empresa",
            ),
        ),
        migrations.AddField(
            model_name="importrow",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="invoicing.importbatch"
            ),
        ),
        migrations.AddIndex(
            model_name="importbatch",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="import_due"
            ),
        ),
        migrations.AddIndex(
            model_name="importbatch",
            index=models.Index(fields=["sha256"], name="import_sha256"),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["batch", "state", "number"], name="import_row_state"),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["batch", "external_id"], name="import_row_external"),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["batch", "cufe"], name="import_row_cufe"),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.UniqueConstraint(fields=("batch", "number"), name="import_row_once"),
        ),
    ]
