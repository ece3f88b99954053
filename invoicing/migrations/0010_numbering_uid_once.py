import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0009_numbering_uids")]

    operations = [
        migrations.AlterField(
            "numberseries",
            "uid",
            models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="identificador"),
        ),
    ]
