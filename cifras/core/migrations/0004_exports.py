"""Files of long lists, made by the workers."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0003_heartbeat")]

    operations = [
        migrations.CreateModel(
            name="ExportJob",
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
                ("list_name", models.CharField(max_length=100, verbose_name="lista")),
                ("query", models.TextField(blank=True, verbose_name="filtros")),
                (
                    "form",
                    models.CharField(
                        choices=[("csv", "CSV"), ("csv-bom", "CSV para Excel"), ("xlsx", "Excel (XLSX)")],
                        max_length=7,
                        verbose_name="formato",
                    ),
                ),
                ("language", models.CharField(max_length=10, verbose_name="idioma")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("QUEUED", "En espera"),
                            ("RUNNING", "Preparando el archivo"),
                            ("DONE", "Listo"),
                            ("FAILED", "No se pudo preparar"),
                            ("EXPIRED", "Vencido: el archivo se borró"),
                        ],
                        default="QUEUED",
                        max_length=7,
                        verbose_name="estado",
                    ),
                ),
                (
                    "rows_expected",
                    models.PositiveBigIntegerField(null=True, verbose_name="filas por escribir"),
                ),
                ("rows_written", models.PositiveBigIntegerField(default=0, verbose_name="filas escritas")),
                ("scope", models.JSONField(editable=False, null=True)),
                ("file", models.FileField(blank=True, editable=False, max_length=200, upload_to="")),
                ("sha256", models.CharField(blank=True, max_length=64, verbose_name="SHA-256")),
                ("size_bytes", models.PositiveBigIntegerField(default=0, verbose_name="bytes")),
                ("problem", models.TextField(blank=True, verbose_name="problema")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="intentos")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="pedido")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="terminado")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="vence")),
                ("due_at", models.DateTimeField(editable=False, null=True)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="export_jobs",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="de",
                    ),
                ),
            ],
            options={
                "verbose_name": "exportación",
                "verbose_name_plural": "exportaciones",
                "ordering": ["-id"],
                "permissions": [
                    ("export_lists", "Puede exportar listas e informes; los documentos piden otro permiso")
                ],
                "indexes": [
                    models.Index(fields=["owner", "-id"], name="export_owner"),
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="export_due"
                    ),
                    models.Index(
                        condition=models.Q(("expires_at__isnull", False)),
                        fields=["expires_at"],
                        name="export_expires",
                    ),
                ],
            },
        ),
    ]
