from django.db import migrations


class Migration(migrations.Migration):
    """The rights to see and to download the accountant's books."""

    dependencies = [("reports", "0004_billing")]

    operations = [
        migrations.AlterModelOptions(
            name="monthlyrate",
            options={
                "verbose_name": "cifra por tasa",
                "verbose_name_plural": "cifras por tasa",
                "permissions": [
                    ("view_books", "Puede ver los libros del mes"),
                    ("export_books", "Puede descargar los libros del mes"),
                ],
            },
        ),
    ]
