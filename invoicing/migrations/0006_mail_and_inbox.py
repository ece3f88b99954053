import uuid

import django.db.models.deletion
from django.db import migrations, models

_EFFECTS = [
    ("legal", "Cambió el estado legal"),
    ("adopted", "Probó que el PAC recibió el documento"),
    ("files", "Trajo archivos"),
    ("news", "Trajo datos nuevos del documento"),
    ("same", "Sin efecto: el PAC dice lo que ya constaba"),
    ("old", "Sin efecto: la misma noticia ya se había procesado"),
    ("probe", "Sin efecto: es un mensaje de prueba, no habla de ningún documento"),
    ("unmatched", "Sin efecto: en una semana no apareció el documento del que habla"),
]


def _key():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0005_verdicts"),
        ("tenants", "0005_receiver_mail"),
    ]

    operations = [
        migrations.CreateModel(
            name="DocumentMail",
            fields=[
                ("id", _key()),
                (
                    "uid",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, unique=True, verbose_name="identificador"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("DOCUMENT", "El documento"), ("NOTICE", "Aviso de documento sin validez")],
                        default="DOCUMENT",
                        max_length=8,
                        verbose_name="qué lleva",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("PAC", "por el PAC"), ("OWN", "desde Cifras"), ("OTHER", "por otro medio")],
                        max_length=5,
                        verbose_name="por dónde",
                    ),
                ),
                ("address", models.CharField(blank=True, max_length=400, verbose_name="para")),
                ("message", models.TextField(blank=True, verbose_name="mensaje")),
                ("is_automatic", models.BooleanField(default=False, verbose_name="automático")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("QUEUED", "En cola"),
                            ("SENDING", "Enviando"),
                            ("SENT", "Enviado"),
                            ("FAILED", "No salió"),
                            ("UNKNOWN", "Sin confirmar"),
                        ],
                        default="QUEUED",
                        max_length=7,
                        verbose_name="estado",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="intentos")),
                ("due_at", models.DateTimeField(null=True, verbose_name="próximo intento")),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("sent_at", models.DateTimeField(null=True, verbose_name="enviado")),
                ("error", models.TextField(blank=True, verbose_name="qué falló")),
                ("exchange_id", models.CharField(blank=True, max_length=36)),
                ("requested_by", models.UUIDField(null=True)),
                (
                    "requested_name",
                    models.CharField(blank=True, max_length=150, verbose_name="lo pidió"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="pedido")),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mails",
                        to="invoicing.document",
                        verbose_name="documento",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mails",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
            ],
            options={
                "verbose_name": "correo",
                "verbose_name_plural": "correos",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="mail_due"
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["FAILED", "UNKNOWN"])),
                        fields=["document"],
                        name="mail_troubled",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_automatic", True)),
                        fields=("document",),
                        name="mail_automatic_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["QUEUED", "SENDING"])),
                        fields=("document", "purpose", "channel", "address"),
                        name="mail_open_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookProbe",
            fields=[
                ("id", _key()),
                ("count", models.PositiveIntegerField(default=0, verbose_name="mensajes de prueba")),
                ("last_at", models.DateTimeField(null=True, verbose_name="último")),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_probe",
                        to="tenants.tenant",
                        verbose_name="empresa",
                    ),
                ),
            ],
            options={
                "verbose_name": "mensaje de prueba",
                "verbose_name_plural": "mensajes de prueba",
            },
        ),
        migrations.CreateModel(
            name="WebhookRequest",
            fields=[
                ("id", _key()),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("turn", models.PositiveSmallIntegerField(null=True, verbose_name="vez")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("QUEUED", "En cola"),
                            ("DONE", "Pedido"),
                            ("FAILED", "No se pudo pedir"),
                        ],
                        default="QUEUED",
                        max_length=6,
                        verbose_name="estado",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="intentos")),
                ("due_at", models.DateTimeField(null=True, verbose_name="próximo intento")),
                ("error", models.TextField(blank=True, verbose_name="qué falló")),
                ("exchange_id", models.CharField(blank=True, max_length=36)),
                ("requested_by", models.UUIDField(null=True)),
                (
                    "requested_name",
                    models.CharField(blank=True, max_length=150, verbose_name="lo pidió"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="pedido")),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="webhook_requests",
                        to="invoicing.document",
                    ),
                ),
            ],
            options={
                "verbose_name": "petición de webhook",
                "verbose_name_plural": "peticiones de webhooks",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="webhook_request_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("document", "turn"), name="webhook_request_turn_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "QUEUED")),
                        fields=("document",),
                        name="webhook_request_open_once",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="effect",
            field=models.CharField(
                blank=True, choices=_EFFECTS, default="", max_length=9, verbose_name="efecto"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["received_at"], name="delivery_received"),
        ),
        migrations.AlterModelOptions(
            name="document",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("export_document", "Puede exportar documentos y su expediente"),
                    ("import_document", "Puede importar y registrar documentos emitidos en otro sistema"),
                    (
                        "verify_document",
                        "Puede dar por verificado, o borrar, un documento emitido en otro sistema",
                    ),
                    ("decide_document", "Puede proponer y aprobar qué pasó con un documento dudoso"),
                    ("overrule_document", "Puede cambiar el estado legal por el que dice la autoridad"),
                    ("catch_up_document", "Puede poner al día los documentos después de una caída"),
                ],
                "verbose_name": "documento",
                "verbose_name_plural": "documentos",
            },
        ),
    ]
