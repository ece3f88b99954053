"""What things are called in the country of a company: its tax, its authority, the acts that it knows (screens: Words)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cifras.fiscal.lifecycle import LegalStatus
from invoicing.models import Document
from invoicing.models.choices import LEGAL_STATUSES
from tenants.models import Tenant
from tenants.services.accounts import provider_spec


@dataclass(frozen=True, slots=True)
class Words:
    """One country's. `country` is its name; every other member is the word or sentence that stands on our pages."""

    country: Any
    authority: str
    tax: str
    clock: Any
    issued: Any
    office: Any
    point: Any
    receiver: Any
    tax_of_rate: Any
    untaxed: Any
    by_rate: Any
    other_taxes: Any
    withholds: Any
    withheld: Any
    issue: Any
    confirm_issue: Any
    note_amount: Any
    note_amount_help: Any
    note_reason: Any
    note_reason_help: Any
    waits_for: Any
    void: Any
    void_propose: Any
    void_submit: Any
    void_reason: Any
    void_asked: Any
    void_proposed: Any
    void_next: Any
    void_effect: Any
    void_step: Any
    void_portal: Any
    void_chosen: tuple[Any, ...]
    credit_offer: Any
    correct_by_void: Any
    discarded: Any
    note_keeps: Any
    note_changes: Any
    promoted: Any
    mail_void: Any
    number_consumed: Any
    numbers_of_month: Any
    legal: Mapping[str, Any]


PANAMA = Words(
    country=_("Panamá"),
    authority="DGI",
    tax="ITBMS",
    clock=_("hora de Panamá"),
    issued=_("Emisión (hora de Panamá)"),
    office=_("Sucursal"),
    point=_("punto"),
    receiver=_("Receptor"),
    tax_of_rate=_("ITBMS {rate} sobre {base}"),
    untaxed=_("Exento sobre {base}"),
    by_rate=_("Por tasa de ITBMS"),
    other_taxes=_("Otros impuestos"),
    withholds=_("Retiene ITBMS"),
    withheld=_("Retención (no cambia el total)"),
    issue=_("Emitir ante la DGI"),
    confirm_issue=_("Sí, emitir ante la DGI"),
    note_amount=_("Importe de la nota, con ITBMS"),
    note_amount_help=_(
        "Un solo importe, con su ITBMS incluido. Se reparte entre las líneas según lo que queda de cada una, a la tasa de cada "
        "una, de modo que bases e impuestos suman exactamente ese importe."
    ),
    note_reason=_("Motivo"),
    note_reason_help=_("Sale en la nota, como información para el receptor."),
    waits_for=_("la palabra de la DGI"),
    void=_("Anular"),
    void_propose=_("Proponer la anulación"),
    void_submit=_("Anular ante la DGI"),
    void_reason=_("Motivo de la anulación"),
    void_asked=_("Anulación pedida: se hace ante la DGI en seguida y el resultado aparece aquí."),
    void_proposed=_("Anulación propuesta: se hace ante la DGI cuando otra persona la apruebe."),
    void_next=_("La anulación se pide a la DGI en seguida."),
    void_effect=_(
        "Ante la DGI queda anulada para siempre; su estado sigue «{word}», con la anulación al lado."
    ),
    void_step=_("Permanente, ante la DGI. Hasta que conste, el original sigue vigente."),
    void_portal=_(
        "El PAC negó la repetición y eso no prueba si la primera llamada anuló. Compruébelo en el portal de la DGI."
    ),
    void_chosen=(
        _("Datos del receptor incorrectos; se emitirá una factura nueva."),
        _("Importes o líneas incorrectos; se emitirá un documento corregido."),
        _("La operación no se realizó: el cliente desistió de la compra."),
        _("Documento emitido dos veces por error; la venta ya consta en otro."),
    ),
    credit_offer=_(
        "Lo que corresponde ahora es una nota de crédito por {amount}: lo que queda de esta factura."
    ),
    correct_by_void=_("Se pide la anulación de {document} ante la DGI; el plazo aún corre."),
    discarded=_("Solo nosotros lo sabemos: no llegó a la DGI, o el PAC lo rechazó. No se puede deshacer."),
    note_keeps=_("Cuando la DGI la autorice, la factura sigue «{after}»."),
    note_changes=_("Cuando la DGI la autorice, la factura pasa de «{before}» a «{after}»."),
    promoted=_(
        "La proforma pasa a documento ante la DGI con el siguiente número de {point} y se envía al PAC."
    ),
    mail_void=_("El correo dice que el documento quedó sin validez ante la DGI y no lleva el PDF."),
    number_consumed=_("Rechazado por la DGI: consumido"),
    numbers_of_month=_("Números emitidos en {month}, hora de Panamá"),
    legal=dict(LEGAL_STATUSES),
)
PERU = Words(
    country=_("Perú"),
    authority="SUNAT",
    tax="IGV",
    clock=_("hora de Lima"),
    issued=_("Emisión (hora de Lima)"),
    office=_("Establecimiento"),
    point=_("serie"),
    receiver=_("Cliente"),
    tax_of_rate=_("IGV {rate} sobre {base}"),
    untaxed=_("Sin IGV sobre {base}"),
    by_rate=_("Por tasa de IGV"),
    other_taxes=_("ICBPER (bolsas)"),
    withholds=_("Es agente de retención"),
    withheld=_("Retención del cliente (no cambia el total)"),
    issue=_("Emitir ante la SUNAT"),
    confirm_issue=_("Sí, emitir ante la SUNAT"),
    note_amount=_("Importe de la nota, con IGV"),
    note_amount_help=_(
        "Un solo importe, con su IGV incluido. Se reparte entre las líneas según lo que queda de cada una, de modo que bases e "
        "impuestos suman exactamente ese importe."
    ),
    note_reason=_("Sustento"),
    note_reason_help=_("Qué se corrige y por qué: va a la SUNAT con el código del motivo."),
    waits_for=_("la palabra de la SUNAT"),
    void=_("Comunicación de baja"),
    void_propose=_("Proponer la baja"),
    void_submit=_("Comunicar la baja a la SUNAT"),
    void_reason=_("Motivo de la baja"),
    void_asked=_("Baja pedida: se comunica a la SUNAT en seguida y el resultado aparece aquí."),
    void_proposed=_("Baja propuesta: se comunica a la SUNAT cuando otra persona la apruebe."),
    void_next=_("La baja se comunica a la SUNAT en seguida."),
    void_effect=_("Ante la SUNAT queda de baja para siempre; su estado sigue «{word}», con la baja al lado."),
    void_step=_("Permanente, ante la SUNAT. Hasta que conste la baja, el original sigue vigente."),
    void_portal=_(
        "El proveedor negó la repetición y eso no prueba si la primera comunicación dio la baja. Compruébelo en el portal de la "
        "SUNAT."
    ),
    void_chosen=(
        _("Datos del cliente incorrectos; se emitirá una factura nueva."),
        _("Importes o líneas incorrectos; se emitirá otra factura."),
        _("La operación no se realizó."),
        _("Factura emitida dos veces por error."),
    ),
    credit_offer=_(
        "Lo que corresponde ahora es una nota de crédito por {amount}: lo que queda del comprobante."
    ),
    correct_by_void=_("Se comunica a la SUNAT la baja de {document}; el plazo aún corre."),
    discarded=_("Solo nosotros lo sabemos: la SUNAT no lo aceptó. No se puede deshacer."),
    note_keeps=_("Cuando la SUNAT la acepte, el comprobante sigue «{after}»."),
    note_changes=_("Cuando la SUNAT la acepte, el comprobante pasa de «{before}» a «{after}»."),
    promoted=_("La proforma pasa a comprobante con el siguiente número de {point} y se envía a la SUNAT."),
    mail_void=_("El correo dice que el documento quedó sin validez ante la SUNAT y no lleva el PDF."),
    number_consumed=_("Rechazado por la SUNAT: consumido"),
    numbers_of_month=_("Números emitidos en {month}, hora de Lima"),
    legal={
        LegalStatus.PAC_AUTHORIZED: _("Recibida por el proveedor"),
        LegalStatus.DGI_AUTHORIZED: _("Aceptada por SUNAT"),
        LegalStatus.PAC_REJECTED: _("Rechazada por el proveedor"),
        LegalStatus.DGI_REJECTED: _("Rechazada por SUNAT"),
    },
)
_BY_COUNTRY: Mapping[str, Words] = {Tenant.Country.PANAMA: PANAMA, Tenant.Country.PERU: PERU}


def words_of(document: Document) -> Words:
    """The words of the country where the document is issued; its provider tells, so that no list has to ask for more."""
    return _BY_COUNTRY[provider_spec(document.provider or document.tenant).country]


def words_in(country: str) -> Words:
    """The words of a country."""
    return _BY_COUNTRY[country]


def legal_words(countries: Iterable[str]) -> dict[str, str]:
    """The authority's words as these countries call them, one after another where they differ; Panama's for none."""
    seen = frozenset(countries)
    chosen = [words for country, words in _BY_COUNTRY.items() if country in seen] or [PANAMA]
    return {
        status: " · ".join(dict.fromkeys(str(words.legal[status]) for words in chosen))
        for status in PANAMA.legal
    }
