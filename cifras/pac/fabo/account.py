"""What a company's account at Fabo consists of (Peru contract 2.1)."""

from cifras.fiscal.errors import gettext_noop
from cifras.pac.contract import AccountField

FIELDS = (
    AccountField(
        "company_id",
        gettext_noop("UUID de la empresa"),
        gettext_noop("En minúsculas, como 0b8a2c44-5d61-4a36-9c7e-1f2a3b4c5d6e: lo da Fabo con la cuenta."),
        shape="[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        is_required=True,
    ),
    AccountField(
        "base_url",
        gettext_noop("Dirección de los envíos"),
        gettext_noop(
            "La del correo de bienvenida, de pruebas o de producción, con /v1: con el UUID al final o sin él."
        ),
    ),
    AccountField(
        "token",
        gettext_noop("Clave (token)"),
        gettext_noop("64 cifras hexadecimales en minúsculas."),
        shape="[0-9a-f]{64}",
        is_required=True,
        is_secret=True,
    ),
    AccountField(
        "body_format",
        gettext_noop("Formato de los envíos"),
        gettext_noop("Los dos dicen lo mismo."),
        choices=(("json", "JSON"), ("text", gettext_noop("Texto"))),
    ),
)
