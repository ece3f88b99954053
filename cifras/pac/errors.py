"""What the network or a provider did, and above all whether the deed was done.

    PacError
    |-- NotDelivered        no byte reached the provider (refused, DNS, TLS): NOT_DONE
    |-- Busy                429: NOT_DONE, `retry_after` in seconds when the provider said so
    |-- Unsettled           read time-out, connection lost, 408, 5xx, unreadable answer: UNKNOWN
    |-- Incident            401-403, 405, 407, 413, 415, company unknown, not affiliated: NOT_DONE, holds the queue
    |   `-- WrongEnvironment  the provider only practised, where we issue for good
    |-- Refused             400/422 about this document: NOT_DONE, `problems` say what and where
    |   |-- NumberTaken     "numeration already used": says nothing about whose document holds the number
    |   |-- Returned        the authority did not take it in: mend it, and send the same number again
    |   |-- WindowClosed    a void came too late
    |   `-- AlreadyVoided   a void that had been done before: for the caller a success
    |-- NotFound            404 about a document
    `-- NotSupported        the provider cannot do this: NOT_DONE

Nothing is retried blindly: the caller looks at `outcome` and never at the class name of a network library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cifras.fiscal.errors import gettext_noop
from cifras.fiscal.lifecycle import LegalStatus


class Outcome(StrEnum):
    """Whether the provider may have carried out what we asked."""

    NOT_DONE = "NOT_DONE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint of a provider, as received: its code, its words and the member it names (all may be empty)."""

    message: str
    code: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """The document that holds a number, as far as a refusal proves it: its id, its number as printed, its legal word.

    `is_same`: the authority says that it was handed in with just what we sent.
    """

    document_id: str
    number: str
    legal_status: LegalStatus
    raw_legal_status: str = ""
    is_same: bool = False


class PacError(Exception):
    """Base of the tree. `message` is our Spanish sentence, `problems` are the provider's own words."""

    code = "pac_error"
    outcome = Outcome.UNKNOWN
    sentence = gettext_noop(
        "El proveedor respondió de un modo que no entendemos. Revise el intercambio antes de repetir."
    )

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        problems: tuple[Problem, ...] = (),
        body: Any = None,
        exchange_id: str = "",
        retry_after: float | None = None,
        **values: Any,
    ) -> None:
        self.template = message or self.sentence
        self.values: Mapping[str, Any] = values
        self.status = status
        self.problems = problems
        self.body = body
        self.exchange_id = exchange_id
        self.retry_after = retry_after
        super().__init__(self.template)

    @property
    def message(self) -> str:
        """The Spanish sentence, with its values filled in."""
        return self.template.format(**self.values) if self.values else self.template

    @property
    def provider_words(self) -> str:
        """What the provider said, word for word, one complaint after another."""
        return "; ".join(problem.message for problem in self.problems)

    def __str__(self) -> str:
        return f"{self.message} «{self.provider_words}»" if self.problems else self.message


class NotDelivered(PacError):
    """The connection never came about: no byte of the request left."""

    code = "not_delivered"
    outcome = Outcome.NOT_DONE
    sentence = gettext_noop("No se pudo conectar con el proveedor. No se envió nada; se intentará de nuevo.")


class Busy(PacError):
    """429: the provider asks us to wait."""

    code = "provider_busy"
    outcome = Outcome.NOT_DONE
    sentence = gettext_noop("El proveedor pidió esperar antes de seguir enviando. Se intentará de nuevo.")


class Unsettled(PacError):
    """The request left and no clear answer came back."""

    code = "unsettled"
    outcome = Outcome.UNKNOWN
    sentence = gettext_noop(
        "El proveedor no contestó con claridad: no se sabe si lo hizo. Se le preguntará antes de repetir."
    )


class Incident(PacError):
    """Not about this document: the account, the company or the provider is at fault. The queue is held."""

    code = "incident"
    outcome = Outcome.NOT_DONE
    sentence = gettext_noop(
        "El proveedor rechazó la cuenta o la empresa, no el documento. La cola queda retenida."
    )


class WrongEnvironment(Incident):
    """The provider issued for practice only: the account's address is not the one of a company that issues for good."""

    code = "wrong_environment"
    sentence = gettext_noop(
        "El proveedor lo emitió solo de pruebas, sin efecto: corrija la dirección de la cuenta antes de seguir."
    )


class Refused(PacError):
    """The provider examined the document and refuses it."""

    code = "refused"
    outcome = Outcome.NOT_DONE
    sentence = gettext_noop("El proveedor rechazó el documento.")


class NumberTaken(Refused):
    """Somebody's document holds this number. After an attempt of ours it may well be our own.

    `holder`: what holds it, where the provider's refusal and its ids say so.
    """

    holder: Holder | None = None

    code = "number_taken"
    sentence = gettext_noop("El proveedor dice que esta numeración ya se usó.")


class Returned(Refused):
    """The authority did not take the document in, and its number is free: it is mended and sent again under the same one."""

    code = "returned"
    sentence = gettext_noop(
        "La autoridad devolvió el documento sin registrarlo: corríjalo y envíelo con el mismo número."
    )


class WindowClosed(Refused):
    """The provider says that the void window has closed."""

    code = "void_window_closed"
    sentence = gettext_noop(
        "El proveedor dice que el plazo de anulación ya venció. Emita una nota de crédito."
    )


class AlreadyVoided(Refused):
    """The provider says that the document was voided before."""

    code = "already_voided"
    sentence = gettext_noop("El documento ya estaba anulado.")


class NotFound(PacError):
    """404 about a document: a wrong id, or another tenant's."""

    code = "not_found"
    outcome = Outcome.NOT_DONE
    sentence = gettext_noop(
        "El proveedor no conoce ese documento: revise el identificador y la empresa (pac_company_id)."
    )


class NotSupported(PacError):
    """This provider has no such service."""

    code = "not_supported"
    outcome = Outcome.NOT_DONE
    sentence = gettext_noop("Este proveedor no ofrece esa operación.")
