from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_onboarding_wizard"),
    ]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="mail_language",
            field=models.CharField(
                choices=[("es-pa", "Español"), ("en", "Inglés")],
                default="es-pa",
                max_length=5,
                verbose_name="idioma de los correos",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="mail_text",
            field=models.TextField(
                blank=True,
                help_text="Vacío: el nuestro. Se pueden usar {receptor}, {empresa}, {documento}, {numero}, {fecha}, {total} y {cufe}.",
                verbose_name="texto del correo",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="mails_receivers",
            field=models.BooleanField(
                default=False,
                help_text="Con el PDF, al autorizar la DGI; desde que se activa. El PAC puede enviar además el suyo.",
                verbose_name="correo al receptor desde Cifras",
            ),
        ),
    ]
