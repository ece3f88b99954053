"""What persons settled about a document, and the evidence for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0004_imports")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="legal_kept",
            field=models.CharField(
                blank=True, editable=False, max_length=60, verbose_name="noticia contraria desoída"
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="settled_by_person",
            field=models.BooleanField(default=False, editable=False, verbose_name="decidido por personas"),
        ),
        migrations.AddField(
            model_name="document",
            name="legal_settled_by_person",
            field=models.BooleanField(
                default=False, editable=False, verbose_name="estado legal decidido por personas"
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="number_fate",
            field=models.CharField(
                blank=True,
                choices=[
                    ("taken", "Ocupado por otro documento"),
                    ("rejected-not-consumed", "Rechazado sin consumir el número"),
                ],
                default="",
                editable=False,
                max_length=24,
                verbose_name="qué fue del número",
            ),
        ),
        migrations.AlterField(
            model_name="attachment",
            name="kind",
            field=models.CharField(
                choices=[
                    ("PDF", "PDF"),
                    ("XML", "XML"),
                    ("CDR", "CDR"),
                    ("RET", "Certificado de retención"),
                    ("EVI", "Prueba"),
                ],
                max_length=3,
                verbose_name="clase",
            ),
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
