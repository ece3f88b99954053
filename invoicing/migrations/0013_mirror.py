import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0012_peru"),
        ("tenants", "0008_peruvian_offices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Mirror",
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
                ("run", models.PositiveIntegerField(default=0, verbose_name="vuelta")),
                ("is_running", models.BooleanField(default=False, verbose_name="en curso")),
                ("since", models.DateField(blank=True, null=True, verbose_name="desde")),
                ("token", models.TextField(blank=True, editable=False)),
                ("pages_read", models.PositiveIntegerField(default=0, verbose_name="páginas leídas")),
                ("rows_read", models.PositiveIntegerField(default=0, verbose_name="documentos listados")),
                ("rows_new", models.PositiveIntegerField(default=0, verbose_name="documentos nuevos")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="comenzó")),
                (
                    "completed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="última vuelta completa"),
                ),
                ("listed_until", models.DateTimeField(blank=True, null=True, verbose_name="al día hasta")),
                ("whole_at", models.DateTimeField(blank=True, null=True, verbose_name="lista entera leída")),
                ("problem", models.JSONField(blank=True, editable=False, null=True, verbose_name="problema")),
                ("failures", models.PositiveSmallIntegerField(default=0, verbose_name="fallos seguidos")),
                ("is_wanted_whole", models.BooleanField(default=False, editable=False)),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="próxima vuelta")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="creada")),
            ],
            options={
                "verbose_name": "copia de lo emitido en el PAC",
                "verbose_name_plural": "copias de lo emitido en el PAC",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="MirroredRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("pac_document_id", models.CharField(max_length=255, verbose_name="identificador en el PAC")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Por traer"),
                            ("BROUGHT", "Traído"),
                            ("OURS", "Emitido desde Cifras"),
                            ("OTHER_KIND", "De una clase que no se lleva aquí"),
                            ("HELD", "Necesita a una persona"),
                        ],
                        default="WAITING",
                        max_length=10,
                        verbose_name="estado",
                    ),
                ),
                ("run", models.PositiveIntegerField(default=0)),
                ("raw_kind", models.CharField(blank=True, max_length=40, verbose_name="clase")),
                ("number", models.CharField(blank=True, max_length=40, verbose_name="número")),
                (
                    "raw_legal_status",
                    models.CharField(blank=True, max_length=60, verbose_name="palabra del PAC"),
                ),
                ("refers_to", models.CharField(blank=True, max_length=20)),
                ("problem", models.JSONField(blank=True, null=True, verbose_name="problema")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="intentos")),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="visto")),
            ],
            options={
                "verbose_name": "documento listado por el PAC",
                "verbose_name_plural": "documentos listados por el PAC",
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="document",
            name="sent_has_number_and_payload",
        ),
        migrations.RemoveConstraint(
            model_name="document",
            name="number_once",
        ),
        migrations.AddField(
            model_name="document",
            name="is_mirrored",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="emitido en el PAC"
            ),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="effect",
            field=models.CharField(
                blank=True,
                choices=[
                    ("legal", "Cambió el estado legal"),
                    ("adopted", "Probó que el PAC recibió el documento"),
                    ("mirrored", "Trajo un documento emitido en el PAC sin Cifras"),
                    ("files", "Trajo archivos"),
                    ("news", "Trajo datos nuevos del documento"),
                    ("same", "Sin efecto: el PAC dice lo que ya constaba"),
                    ("old", "Sin efecto: la misma noticia ya se había procesado"),
                    ("probe", "Sin efecto: es un mensaje de prueba, no habla de ningún documento"),
                    ("unmatched", "Sin efecto: en una semana no apareció el documento del que habla"),
                ],
                default="",
                max_length=9,
                verbose_name="efecto",
            ),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("is_mirrored", True)), fields=["-id"], name="document_mirrored"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    models.Q(("number", ""), _negated=True),
                    ("is_received", False),
                    models.Q(("is_mirrored", True), ("legal_status", "PAC_REJECTED"), _negated=True),
                ),
                fields=("office", "billing_point", "series", "number"),
                name="number_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("submission__in", ("QUEUED", "SENDING", "UNKNOWN", "ACCEPTED", "REFUSED")),
                        _negated=True,
                    ),
                    models.Q(
                        models.Q(("number", ""), _negated=True),
                        models.Q(("security_code", ""), _negated=True),
                        ("payload__isnull", False),
                    ),
                    models.Q(models.Q(("number", ""), _negated=True), ("is_mirrored", True)),
                    _connector="OR",
                ),
                name="sent_has_number_and_payload",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_mirrored", False),
                    models.Q(
                        ("mode", "DGI"),
                        ("submission__in", ["ACCEPTED", "REFUSED"]),
                        models.Q(("document_id", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="mirrored_is_held_there",
            ),
        ),
        migrations.AddField(
            model_name="mirror",
            name="tenant",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mirror",
                to="tenants.tenant",
                verbose_name="empresa",
            ),
        ),
        migrations.AddField(
            model_name="mirroredrow",
            name="document",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="invoicing.document",
                verbose_name="documento",
            ),
        ),
        migrations.AddField(
            model_name="mirroredrow",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mirrored_rows",
                to="tenants.tenant",
                verbose_name="empresa",
            ),
        ),
        migrations.AddIndex(
            model_name="mirror",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="mirror_due"
            ),
        ),
        migrations.AddIndex(
            model_name="mirroredrow",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="mirrored_row_due"
            ),
        ),
        migrations.AddIndex(
            model_name="mirroredrow",
            index=models.Index(fields=["tenant", "state"], name="mirrored_row_state"),
        ),
        migrations.AddIndex(
            model_name="mirroredrow",
            index=models.Index(
                condition=models.Q(("refers_to", ""), _negated=True),
                fields=["tenant", "refers_to"],
                name="mirrored_row_refers",
            ),
        ),
        migrations.AddConstraint(
            model_name="mirroredrow",
            constraint=models.UniqueConstraint(
                fields=("tenant", "pac_document_id"), name="mirrored_row_once"
            ),
        ),
    ]
