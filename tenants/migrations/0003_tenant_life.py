from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0002_catalogue"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="tenant",
            options={
                "ordering": ["legal_name", "pk"],
                "permissions": [
                    ("onboard_tenant", "Puede habilitar empresas ante el PAC"),
                    ("suspend_tenant", "Puede suspender y reactivar empresas"),
                    ("close_tenant", "Puede cerrar empresas y sucursales"),
                ],
                "verbose_name": "empresa",
                "verbose_name_plural": "empresas",
            },
        ),
        migrations.AddField(
            model_name="onboarding",
            name="certificate_unknown",
            field=models.BooleanField(
                default=False,
                help_text="Se envió otro certificado y la respuesta se perdió.",
                verbose_name="cambio de certificado sin confirmar",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="affiliation_due_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="affiliation_lapsed_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Desde cuándo el PAC o la DGI ya no la reconocen como afiliada.",
                null=True,
                verbose_name="afiliación caducada",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="closed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="cerrada"),
        ),
    ]
