"""Four eyes: proposals that wait for a second person."""

import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Proposal",
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
                ("act", models.CharField(max_length=60, verbose_name="qué se propone")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Por aprobar"),
                            ("approved", "Aprobada"),
                            ("refused", "Rechazada"),
                            ("withdrawn", "Retirada"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="estado",
                    ),
                ),
                ("tenant_uid", models.UUIDField(blank=True, null=True, verbose_name="empresa")),
                ("target_type", models.CharField(max_length=60, verbose_name="clase de objeto")),
                ("target_uid", models.UUIDField(verbose_name="identificador del objeto")),
                ("target_label", models.CharField(max_length=200, verbose_name="sobre")),
                ("content", models.JSONField(default=dict, verbose_name="contenido")),
                ("reason", models.TextField(verbose_name="motivo")),
                ("evidence", models.JSONField(default=list, verbose_name="pruebas")),
                ("proposed_by", models.UUIDField()),
                ("proposed_by_name", models.CharField(max_length=150, verbose_name="propuso")),
                (
                    "proposed_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="propuesta"),
                ),
                ("decided_by", models.UUIDField(blank=True, null=True)),
                ("decided_by_name", models.CharField(blank=True, max_length=150, verbose_name="decidió")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decidida")),
                ("decision_note", models.TextField(blank=True, verbose_name="nota de quien decidió")),
            ],
            options={
                "verbose_name": "propuesta",
                "verbose_name_plural": "propuestas",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["state", "-id"], name="proposal_state"),
                    models.Index(fields=["tenant_uid", "-id"], name="proposal_tenant"),
                    models.Index(fields=["target_uid", "-id"], name="proposal_target"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(state="open"), fields=("target_uid",), name="one_open_proposal"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(state="open", decided_by=None)
                        | (~models.Q(state="open") & models.Q(decided_by__isnull=False)),
                        name="proposal_is_decided_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(state__in=["approved", "refused"])
                        | ~models.Q(decided_by=models.F("proposed_by")),
                        name="proposal_needs_four_eyes",
                    ),
                ],
            },
        )
    ]
