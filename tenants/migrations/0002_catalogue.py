import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Catalogue",
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
                ("provider", models.CharField(max_length=20, verbose_name="proveedor")),
                ("environment", models.CharField(max_length=8, verbose_name="ambiente")),
                (
                    "name",
                    models.CharField(
                        choices=[("goods", "Bienes y servicios (CPBS)"), ("locations", "Ubicaciones")],
                        max_length=10,
                        verbose_name="catálogo",
                    ),
                ),
                ("size", models.PositiveIntegerField(default=0, verbose_name="códigos")),
                ("fetched_at", models.DateTimeField(null=True, verbose_name="recibido")),
                ("fetched_by", models.CharField(blank=True, max_length=150, verbose_name="pedido por")),
                ("tried_at", models.DateTimeField(null=True, verbose_name="último intento")),
                ("problem", models.TextField(blank=True, verbose_name="último problema")),
            ],
            options={
                "verbose_name": "catálogo",
                "verbose_name_plural": "catálogos",
                "ordering": ["name", "provider", "environment"],
                "permissions": [("refresh_catalogue", "Puede pedir al PAC sus catálogos")],
                "constraints": [
                    models.UniqueConstraint(fields=("provider", "environment", "name"), name="catalogue_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CatalogueEntry",
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
                ("code", models.CharField(max_length=20, verbose_name="código")),
                ("name", models.CharField(max_length=300, verbose_name="nombre")),
                ("unit", models.CharField(blank=True, max_length=20, verbose_name="unidad")),
                ("words", models.CharField(editable=False, max_length=300)),
                (
                    "catalogue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="tenants.catalogue",
                        verbose_name="catálogo",
                    ),
                ),
            ],
            options={
                "verbose_name": "código de catálogo",
                "verbose_name_plural": "códigos de catálogo",
                "ordering": ["catalogue", "code"],
                "constraints": [
                    models.UniqueConstraint(fields=("catalogue", "code"), name="catalogue_code_once")
                ],
            },
        ),
    ]
