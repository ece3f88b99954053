"""Why each difference is one, in a sentence: templates whose values are kept with the difference."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from cifras.fiscal.errors import gettext_noop

REASONS: Mapping[str, str] = {
    "amount": gettext_noop("El total difiere en {difference}."),
    "rounding": gettext_noop("El total difiere en {difference}: un redondeo, que no se acepta por sí solo."),
    "currency": gettext_noop("Aquí está en {ours} y el PAC lo tiene en {pac}."),
    "sign": gettext_noop("El importe es el mismo con el signo contrario."),
    "status": gettext_noop("Aquí consta {ours} y el PAC dice «{pac}»."),
    "news_on_its_way": gettext_noop("El PAC ya tiene la palabra final y aquí aún no llega."),
    "unconfirmed": gettext_noop("El PAC tiene el documento y aquí está sin confirmar."),
    "not_sent_yet": gettext_noop("El documento aún no consta en el PAC: sigue en cola o sin confirmar."),
    "group_pending": gettext_noop(
        "Según los totales, el PAC cuenta {count} documento(s) como «{pac}» y aquí ya constan como {ours}."
    ),
    "void_denied": gettext_noop("Aquí consta anulado y el PAC dice que sigue vigente."),
    "void_unproven": gettext_noop("Aquí consta anulado y ninguna respuesta del PAC lo prueba."),
    "void_there": gettext_noop("El PAC lo tiene por anulado y aquí sigue vigente."),
    "cufe_of_another": gettext_noop("El CUFE que muestra el PAC es de otro emisor, con RUC {ruc}."),
    "cufe_differs": gettext_noop("El CUFE que muestra el PAC no es el que consta aquí."),
    "tenant_of_another": gettext_noop("Este documento consta aquí como de otra empresa."),
    "office_of_another": gettext_noop("Su CUFE nombra la sucursal {office}, que la empresa no tiene aquí."),
    "imported": gettext_noop("Consta aquí como emitido en otro sistema: no entra en la comparación."),
    "environment": gettext_noop("Consta aquí en el ambiente {environment}."),
    "received": gettext_noop("Consta aquí como recibido de otro emisor."),
    "discarded": gettext_noop("Consta aquí como {submission}, que no cuenta en los informes."),
    "duplicate": gettext_noop("El PAC tiene otro documento con el mismo número o CUFE."),
    "duplicate_there": gettext_noop("El PAC tiene {count} documentos con el número {number}."),
    "missing_here": gettext_noop("El PAC lo tiene y aquí no existe."),
    "group_missing_here": gettext_noop(
        "El PAC cuenta {count} documento(s) más, por {total}: aquí no existen."
    ),
    "missing_at_pac": gettext_noop("El PAC respondió que no existe."),
    "group_missing_at_pac": gettext_noop("El PAC cuenta {count} documento(s) menos, por {total}."),
    "border": gettext_noop(
        "Emitido el {moment}, hora de Panamá: a menos de 5 h de la frontera del mes. El PAC lo cuenta en otro mes."
    ),
    "border_issue_date": gettext_noop("El PAC le pone la fecha {day}, que es de otro mes."),
    "issue_date": gettext_noop("El PAC le pone la fecha {day}."),
    "group_status": gettext_noop(
        "Según los totales, el PAC cuenta {count} documento(s) como «{pac}» en vez de {ours}."
    ),
    "group_amount": gettext_noop("El total del grupo difiere en {difference}, con los mismos documentos."),
    "group_rounding": gettext_noop(
        "El total del grupo difiere en {difference}: redondeos de varios documentos."
    ),
    "not_counted": gettext_noop("El PAC muestra los documentos, pero su informe cuenta {count} menos."),
}


def reason_text(key: str, values: Mapping[str, Any]) -> str:
    """The sentence in the language of whoever reads it."""
    template = REASONS.get(key, "")
    return gettext(template).format(**values) if template else key
