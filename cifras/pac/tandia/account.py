"""What a company's account at Tandia consists of (Peru contract 1.1 and 1.6)."""

from cifras.fiscal.errors import gettext_noop
from cifras.pac.contract import AccountField

FIELDS = (
    AccountField(
        "company_id",
        gettext_noop("Identificador de la empresa"),
        gettext_noop("Empieza con com_: está en la página de la empresa en Tandia."),
        shape="com_[0-9A-Za-z_-]{1,100}",
        is_required=True,
    ),
    AccountField(
        "base_url", gettext_noop("Dirección de Tandia"), gettext_noop("Solo si no es la acostumbrada.")
    ),
    AccountField(
        "token",
        gettext_noop("Clave (token)"),
        gettext_noop("La de la cuenta a la que pertenece la empresa."),
        shape=r"[!-~]{8,4000}",
        is_required=True,
        is_secret=True,
    ),
    AccountField(
        "webhook_secret",
        gettext_noop("Secreto del webhook"),
        gettext_noop("Firma sus avisos. Sin comas: la coma separa dos durante una rotación."),
        shape=r"[!-+\--~]{8,4000}",
        is_secret=True,
    ),
    AccountField(
        "search_path",
        gettext_noop("Forma de las búsquedas"),
        gettext_noop("La documentación de Tandia muestra dos."),
        choices=(
            ("search", gettext_noop("Con /search, como en sus títulos")),
            ("plain", gettext_noop("Sin /search, como en sus ejemplos")),
        ),
    ),
    AccountField(
        "create_path",
        gettext_noop("Ruta para crear documentos"),
        gettext_noop(
            "Vacía: aquí no se emite, solo se copia lo emitido en Tandia. Su documentación no la publica: escriba la que dé "
            "su soporte."
        ),
        shape="/[0-9A-Za-z/_-]{1,100}",
    ),
)
