"""Fabo as the house asks for a provider: `FaboService` behind `contract.PacProvider`.

The company's UUID is a part of its address; documents are known by `codigo_documento` and cannot be read or found again, so
what `emitir` answers is kept at once (test documents vanish after 24 hours). Under a number that is in use the same document
hears so: that is how an unknown outcome is settled, since the code follows from RUC, type, series and number.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from cifras.fiscal import peru
from cifras.fiscal.document import DocumentDraft, Kind
from cifras.fiscal.errors import gettext_noop
from cifras.fiscal.lifecycle import LegalStatus
from cifras.fiscal.peru import Return
from cifras.pac.contract import Account, CompanyState, PacAnswer, Recorder, TaxIdAnswer
from cifras.pac.errors import (
    AlreadyVoided,
    Holder,
    NotSupported,
    NumberTaken,
    Problem,
    Refused,
    Returned,
    Unsettled,
    WindowClosed,
    WrongEnvironment,
)
from cifras.pac.fabo import factory
from cifras.pac.fabo.complaints import problems_of, sunat_code
from cifras.pac.fabo.service import BodyFormat, FaboService
from cifras.pac.lacking import Hearing, Lacking
from cifras.pac.masking import storable

_BOLETA_SERIES = "B"
_LONGEST_ID = 255
_LIVE = "live"
_TICKET_WITH_ERRORS = "0099"  # of a baja: 0 done, 98 in process, 99 done with errors (contract 3.9)
_PRACTICE_HOST = re.compile(r"https?://[^/]*(testing|prueba)")  # api-testing.fabo.dev, api1-pruebas.fabo.dev
_UNMARKED = gettext_noop(
    "El código del documento no lleva «prueba-»: confirme con Fabo que la cuenta de esta empresa es de pruebas."
)


class FaboProvider(Lacking):
    """One account at Fabo. Options: `body_format` (json or text), `ruc`, and `environment` (live, or practice)."""

    name = "Fabo"

    def __init__(self, account: Account, recorder: Recorder | None = None, correlation_id: str = "") -> None:
        self._account, self._correlation_id = account, correlation_id
        self._hearing = Hearing(recorder)

    def payload(self, draft: DocumentDraft) -> bytes:
        """The exact bytes for `draft`; no network. Raises RuleBroken for what Fabo cannot say."""
        return self._service("").body(factory.build(draft))

    def submit(self, kind: Kind, company_id: str, payload: bytes, *, idempotency_key: str) -> PacAnswer:
        """Issue a document. A rejection that burns its number is SUNAT's word; what it did not take in raises Returned.

        A document of practice for a company that issues for good raises WrongEnvironment, whatever SUNAT said of it; at an
        address of practice before a byte leaves, since a number that is in use there would prove nothing.
        """
        if not self._is_practice and _PRACTICE_HOST.match(self._account.base_url):
            raise WrongEnvironment
        try:
            row = self._service(company_id).emitir(payload, idempotency_key=idempotency_key)
        except NumberTaken as error:
            error.holder = self._holder(error, payload)
            raise
        except (AlreadyVoided, WindowClosed):
            raise
        except Refused as error:
            return self._refused(error)
        answer = self._issued(row)
        self._require_environment(answer)
        return answer

    def void(self, kind: Kind, company_id: str, document_id: str, reason: str) -> PacAnswer:
        """Ask for the baja of a factura or its note; without SUNAT's word it is in course (`is_void` False).

        Raises Refused for a ticket that ended with errors, NotSupported for boletas, which go by daily summary.
        """
        series = document_id.rpartition("-")[0].rpartition("-")[2]
        if series.startswith(_BOLETA_SERIES):
            raise NotSupported(
                gettext_noop(
                    "Fabo no da de baja boletas ni sus notas: van por resumen diario. Emita una nota de crédito."
                )
            )
        row = self._service(company_id).baja(factory.baja_of(document_id, reason))
        code = sunat_code(row)
        if code == _TICKET_WITH_ERRORS:
            raise Refused(
                problems=tuple(problems_of(row)), body=dict(row), exchange_id=self._hearing.exchange_id
            )
        return self._answer(row, document_id=document_id, is_void=peru.returned(code).is_accepted)

    def send_email(
        self, kind: Kind, company_id: str, document_id: str, *, address: str, message: str
    ) -> PacAnswer:
        """Have a document mailed with its files. Fabo takes no text of ours."""
        row = self._service(company_id).correo({"codigo_documento": document_id, "correo": address})
        return self._answer(row, document_id=document_id)

    def verify_tax_id(self, tax_id: str, contributor: str) -> TaxIdAnswer:
        """What is registered about a RUC; `receiver` holds its state and condition, such as ACTIVO HABIDO."""
        company_id = self._account.options.get("company_id", "")
        row = self._service(company_id).consultar_ruc(tax_id)
        words = [_text(row, name) for name in ("estado", "condicion")]
        return TaxIdAnswer(
            dv=tax_id[-1:],
            receiver=" ".join(filter(None, words)),
            body=row,
            exchange_id=self._hearing.exchange_id,
        )

    def read_company(self, company_id: str) -> CompanyState:
        """A test of the line, the UUID and the token: who may say `hola` may issue."""
        row = self._service(company_id).hola()
        return CompanyState(company_id, may_issue=True, body=row, exchange_id=self._hearing.exchange_id)

    def _service(self, company_id: str) -> FaboService:
        account = self._account
        base = account.base_url.rstrip("/")
        return FaboService(
            base if not company_id or base.endswith(company_id) else f"{base}/{company_id}",
            account.token,
            body_format=cast(BodyFormat, account.options.get("body_format", "json")),
            connect_timeout=account.connect_timeout,
            read_timeout=account.read_timeout,
            total_timeout=account.total_timeout,
            retry_wait=account.retry_wait,
            proxy_url=account.proxy_url,
            recorder=self._hearing,
            correlation_id=self._correlation_id,
        )

    def _issued(self, row: Mapping[str, Any]) -> PacAnswer:
        """A success, which names the document; one that does not settles nothing."""
        code = _text(row, "codigo_documento")
        if not code or len(code) > _LONGEST_ID:
            raise Unsettled(body=dict(row), exchange_id=self._hearing.exchange_id)
        remarks = [text for text in row.get("sunat_observaciones", ()) if isinstance(text, str)]
        said = peru.returned(sunat_code(row) or "?", remarks)
        return self._answer(
            row,
            document_id=code,
            legal_status=LegalStatus.DGI_AUTHORIZED if said.is_accepted else LegalStatus.PAC_AUTHORIZED,
            raw_legal_status=f"SUNAT {sunat_code(row)}".strip(),
            number=_number_in(code),
            protocol=_text(row, "valor_resumen"),
            problems=(*map(_remark, remarks), *self._doubts(code)),
        )

    def _doubts(self, code: str) -> Iterator[Problem]:
        """The papers show the codes of practice with and without their prefix, so its absence proves nothing and is told."""
        if self._is_practice and not code.startswith(factory.PRACTICE):
            yield Problem(_UNMARKED, "unmarked_practice")

    def _holder(self, error: NumberTaken, payload: bytes) -> Holder | None:
        """What SUNAT holds under the number: the same, something else, or what is void or was rejected."""
        posted = self._service("").read(payload)
        options = self._account.options
        code = factory.code_of(posted, options.get("ruc", ""), is_practice=self._is_practice)
        if not code:
            return None
        said = int(sunat_code(error.body))
        return Holder(
            document_id=code,
            number=_number_in(code),
            legal_status=(
                LegalStatus.DGI_REJECTED if said == peru.WITHOUT_EFFECT else LegalStatus.DGI_AUTHORIZED
            ),
            raw_legal_status=f"SUNAT {said}",
            is_same=said == peru.SAME_BEFORE,
        )

    @property
    def _is_practice(self) -> bool:
        return self._account.options.get("environment") != _LIVE

    def _require_environment(self, answer: PacAnswer) -> None:
        """What was issued for practice has no effect: a company that issues for good has issued nothing."""
        if answer.document_id.startswith(factory.PRACTICE) and not self._is_practice:
            raise WrongEnvironment(body=answer.body, exchange_id=answer.exchange_id)

    def _refused(self, error: Refused) -> PacAnswer:
        code = sunat_code(error.body)
        said = peru.returned(code)
        if said is Return.RETURNED or not code:  # without a code Fabo's own examination said no (domain 2)
            raise Returned(
                status=error.status, problems=error.problems, body=error.body, exchange_id=error.exchange_id
            ) from error
        if not said.burns_number:
            raise error
        return self._answer(
            error.body,
            legal_status=LegalStatus.DGI_REJECTED,
            raw_legal_status=f"SUNAT {sunat_code(error.body)}",
            problems=error.problems,
        )

    def _answer(self, row: Any, **members: Any) -> PacAnswer:
        return PacAnswer(
            message=_text(row, "sunat_descripcion") if isinstance(row, Mapping) else "",
            body=row,
            raw_text=self._hearing.text,
            exchange_id=self._hearing.exchange_id,
            **members,
        )


def _number_in(code: str) -> str:
    """Series and number, the last two parts of a document's code."""
    return "-".join(code.split("-")[-2:])


def _remark(text: str) -> Problem:
    code = text.partition(" ")[0]
    return Problem(storable(text[:2000]), code if code.isdecimal() else "")


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return storable(value).strip() if isinstance(value, str) else ""
