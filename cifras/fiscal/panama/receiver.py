"""What the receiver needs, by type (DGI contract 3.4)."""

import re
from collections.abc import Iterator

from cifras.fiscal.catalogues.places import require_location
from cifras.fiscal.document import DocumentDraft, Party, ReceiverType
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken, gettext_noop
from cifras.fiscal.lengths import outside
from cifras.fiscal.panama.kinds import HOME
from cifras.fiscal.ruc import panama as ruc_rules

NAME = (2, 200)
ADDRESS = (5, 100)
EMAIL_LENGTH = 50
MOST_CONTACTS = 3
FOREIGN_NUMBER = (1, 50)
FOREIGN_COUNTRY = (2, 50)

_PHONE = re.compile(r"[0-9]{3,4}-[0-9]{4}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_COUNTRY = re.compile(r"[A-Z]{2}")


def receiver_reasons(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """Everything wrong with the receiver of a document."""
    receiver = draft.receiver
    match receiver.type:
        case ReceiverType.CONTRIBUYENTE | ReceiverType.GOBIERNO:
            yield from _registered(receiver)
        case ReceiverType.CONSUMIDOR_FINAL:
            yield from _final_consumer(receiver)
        case ReceiverType.EXTRANJERO:
            yield from _foreigner(receiver)
    yield from _country(receiver)
    yield from _contacts(receiver)


def _registered(receiver: Party) -> Iterator[RuleBroken]:
    """A taxpayer or government entity: RUC with DV, name, address and location."""
    yield from _tax_id(receiver)
    yield from outside(receiver.name, "receiver.name", *NAME)
    yield from outside(receiver.address, "receiver.address", *ADDRESS)
    try:
        require_location(receiver.location)
    except RuleBroken as error:
        yield error.at("receiver.location")


def _tax_id(receiver: Party) -> Iterator[RuleBroken]:
    missing = [member for member in ("contributor", "ruc", "dv") if not getattr(receiver, member)]
    for member in missing:
        yield RuleBroken(
            f"receiver_{member}_missing",
            gettext_noop(
                "Un contribuyente o una entidad de gobierno lleva RUC, tipo y DV. Complételos en el receptor."
            ),
            f"receiver.{member}",
        )
    if missing or receiver.contributor is None:
        return
    try:
        ruc_rules.validate(receiver.ruc, receiver.contributor, receiver.dv)
    except CannotVerifyLocally:
        return  # the provider's check-digit service has the word
    except RuleBroken as error:
        yield error.at(f"receiver.{error.field}")


def _final_consumer(receiver: Party) -> Iterator[RuleBroken]:
    """Nothing is demanded; what is given has to be well formed, and the RUC not a legal entity's."""
    if receiver.ruc and ruc_rules.is_juridical(receiver.ruc, receiver.contributor):
        yield RuleBroken(
            "juridical_ruc_for_final_consumer",
            gettext_noop(
                "El RUC {ruc} es de persona jurídica: la DGI no lo acepta como consumidor final. Use CONTRIBUYENTE."
            ),
            "receiver.ruc",
            ruc=receiver.ruc,
        )
    if receiver.name:
        yield from outside(receiver.name, "receiver.name", *NAME)
    if receiver.address:
        yield from outside(receiver.address, "receiver.address", *ADDRESS)
    if receiver.location:
        try:
            require_location(receiver.location)
        except RuleBroken as error:
            yield error.at("receiver.location")


def _foreigner(receiver: Party) -> Iterator[RuleBroken]:
    """A foreign id and its country; no RUC and no DV. A location is simply never sent."""
    if receiver.foreign_id is None:
        yield RuleBroken(
            "foreign_id_missing",
            gettext_noop(
                "Un extranjero se identifica con su pasaporte o número tributario y el país. Complételos."
            ),
            "receiver.foreign_id",
        )
    else:
        yield from outside(receiver.foreign_id.number, "receiver.foreign_id.number", *FOREIGN_NUMBER)
        yield from outside(receiver.foreign_id.country, "receiver.foreign_id.country", *FOREIGN_COUNTRY)
    for member in ("ruc", "dv"):
        if getattr(receiver, member):
            yield RuleBroken(
                f"foreigner_with_{member}",
                gettext_noop(
                    "Un extranjero no lleva RUC ni DV. Quítelos, o cambie el tipo de receptor si es contribuyente."
                ),
                f"receiver.{member}",
            )
    if receiver.name:
        yield from outside(receiver.name, "receiver.name", *NAME)
    if receiver.address:
        yield from outside(receiver.address, "receiver.address", *ADDRESS)


def _country(receiver: Party) -> Iterator[RuleBroken]:
    if not _COUNTRY.fullmatch(receiver.country):
        yield RuleBroken(
            "country_shape",
            gettext_noop("«{country}» no es un código de país de dos letras mayúsculas, como PA o US."),
            "receiver.country",
            country=receiver.country,
        )
    elif receiver.country != HOME and receiver.type is not ReceiverType.EXTRANJERO:
        yield RuleBroken(
            "country_not_panama",
            gettext_noop(
                "Solo un receptor EXTRANJERO puede tener un país distinto de PA. Cambie el país o el tipo."
            ),
            "receiver.country",
        )


def _contacts(receiver: Party) -> Iterator[RuleBroken]:
    for member, values in (("telephones", receiver.telephones), ("emails", receiver.emails)):
        if len(values) > MOST_CONTACTS:
            yield RuleBroken(
                f"too_many_{member}",
                gettext_noop(
                    "La DGI admite {limit} teléfonos y {limit} correos por receptor. Quite los que sobran."
                ),
                f"receiver.{member}",
                limit=MOST_CONTACTS,
            )
    for index, telephone in enumerate(receiver.telephones):
        if not _PHONE.fullmatch(telephone):
            yield RuleBroken(
                "telephone_shape",
                gettext_noop(
                    "El teléfono «{telephone}» no tiene la forma 999-9999 o 9999-9999. Corríjalo o quítelo."
                ),
                f"receiver.telephones[{index}]",
                telephone=telephone,
            )
    for index, email in enumerate(receiver.emails):
        if len(email) > EMAIL_LENGTH or not _EMAIL.fullmatch(email):
            yield RuleBroken(
                "email_shape",
                gettext_noop("«{email}» no es un correo, o pasa de {limit} caracteres. Corríjalo o quítelo."),
                f"receiver.emails[{index}]",
                email=email,
                limit=EMAIL_LENGTH,
            )
