"""Settlements that can be reversed and told apart, what becomes of money after a void, and corrections of issued documents."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0001_initial"),
        ("tenants", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Correction",
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
                    "way",
                    models.CharField(
                        choices=[
                            ("VOID", "Anular y emitir de nuevo"),
                            ("CREDIT", "Nota de crédito y emitir de nuevo"),
                        ],
                        max_length=6,
                        verbose_name="camino",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "En curso"), ("DONE", "Terminada"), ("STOPPED", "Detenida")],
                        default="OPEN",
                        max_length=7,
                        verbose_name="estado",
                    ),
                ),
                ("reason", models.TextField(verbose_name="motivo")),
                (
                    "money",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("refund", "Devolverlo al cliente"),
                            ("move", "Pasarlo al documento que lo reemplaza"),
                            ("balance", "Dejarlo como saldo a favor del cliente"),
                        ],
                        max_length=7,
                        verbose_name="dinero recibido",
                    ),
                ),
                ("issues_itself", models.BooleanField(default=False, verbose_name="se emite por sí sola")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="próximo paso")),
                ("problems", models.JSONField(default=list, editable=False, verbose_name="lo que falta")),
                ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="iniciada")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="terminada")),
                ("ended_by", models.CharField(blank=True, max_length=150, verbose_name="terminada por")),
                (
                    "end_reason",
                    models.CharField(blank=True, max_length=500, verbose_name="por qué se detuvo"),
                ),
            ],
            options={
                "verbose_name": "corrección",
                "verbose_name_plural": "correcciones",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="document",
            name="open_before",
            field=models.DecimalField(
                decimal_places=2,
                editable=False,
                max_digits=16,
                null=True,
                verbose_name="saldo antes de la nota",
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="void_money",
            field=models.CharField(
                blank=True,
                choices=[
                    ("refund", "Devolverlo al cliente"),
                    ("move", "Pasarlo al documento que lo reemplaza"),
                    ("balance", "Dejarlo como saldo a favor del cliente"),
                ],
                default="",
                max_length=7,
                verbose_name="dinero recibido",
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="certificate",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="invoicing.attachment",
                verbose_name="archivo del certificado",
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="certificate_date",
            field=models.DateField(blank=True, null=True, verbose_name="fecha del certificado"),
        ),
        migrations.AddField(
            model_name="settlement",
            name="external_reference",
            field=models.CharField(blank=True, max_length=100, verbose_name="referencia externa"),
        ),
        migrations.AddField(
            model_name="settlement",
            name="moved_from",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="moved_to",
                to="invoicing.settlement",
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="note",
            field=models.CharField(blank=True, max_length=500, verbose_name="nota"),
        ),
        migrations.AddField(
            model_name="settlement",
            name="reversal_reason",
            field=models.CharField(
                blank=True, editable=False, max_length=500, verbose_name="por qué se revirtió"
            ),
        ),
        migrations.AddField(
            model_name="settlement",
            name="reversed_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="revertido"),
        ),
        migrations.AddField(
            model_name="settlement",
            name="reversed_by",
            field=models.CharField(blank=True, editable=False, max_length=150, verbose_name="revertido por"),
        ),
        migrations.AlterField(
            model_name="attachment",
            name="kind",
            field=models.CharField(
                choices=[("PDF", "PDF"), ("XML", "XML"), ("CDR", "CDR"), ("RET", "Certificado de retención")],
                max_length=3,
                verbose_name="clase",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_reference", ""), _negated=True),
                fields=("document", "external_reference"),
                name="settlement_reference_once",
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="credit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="invoicing.document",
                verbose_name="nota de crédito",
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="original",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="corrections",
                to="invoicing.document",
                verbose_name="original",
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="replacement",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="invoicing.document",
                verbose_name="la que la reemplaza",
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="started_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="iniciada por",
            ),
        ),
        migrations.AddField(
            model_name="correction",
            name="tenant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="corrections",
                to="tenants.tenant",
                verbose_name="empresa",
            ),
        ),
        migrations.AddIndex(
            model_name="correction",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="correction_due"
            ),
        ),
        migrations.AddIndex(
            model_name="correction",
            index=models.Index(fields=["state", "-id"], name="correction_state"),
        ),
        migrations.AddIndex(
            model_name="correction",
            index=models.Index(fields=["tenant", "-id"], name="correction_tenant"),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "OPEN")), fields=("original",), name="one_open_correction"
            ),
        ),
    ]
