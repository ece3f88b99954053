"""`FaboService`: the commands of Fabo's paper (seeds/fabo-api.txt), in both body formats.

Every call is a POST to ``<base>/<COMANDO>``, where the base ends with the company's UUID. Answers come in the format of the
request, save a 405, which is always JSON: so the answer's own Content-Type is read first. `emitir`, `baja` and `correo` are
repeated only while no byte has left; after that the outcome is unknown, and only the caller may probe with the same number.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, Unpack

from cifras.pac.errors import Unsettled
from cifras.pac.fabo import text
from cifras.pac.fabo.complaints import problems_of, require_success
from cifras.pac.masking import masked_url
from cifras.pac.payload import to_bytes
from cifras.pac.transport import Answer, Reads, Transport, TransportOptions

BodyFormat = Literal["json", "text"]
_CONTENT_TYPES: Mapping[str, str] = {"json": "application/json", "text": "text/plain"}
_DNI_LENGTH = 8

Row = dict[str, Any]


class FaboService:
    """Fabo over HTTP. Times are seconds; nothing is read from the environment or from Django.

    Calls answer a dict: numbers are Decimal, `sunat_observaciones` is always a list. `correo` answers an empty one (204).
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        body_format: BodyFormat = "json",
        **options: Unpack[TransportOptions],
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.body_format = body_format
        self._http = Transport(
            self.base_url,
            {"Authorization": f"Bearer {token}", "Accept": _CONTENT_TYPES[body_format]},
            **options,
            reads=reader_of(body_format),
        )

    def __repr__(self) -> str:
        return f"FaboService({masked_url(self.base_url)!r})"

    def emitir(self, document: Mapping[str, Any] | bytes, *, idempotency_key: str = "") -> Row:
        """Issue a factura, boleta or note. Raises Refused with SUNAT's code where it rejects."""
        return self._command("emitir", document, idempotency_key=idempotency_key)

    def baja(self, data: Mapping[str, Any]) -> Row:
        """Ask for the void of a document; SUNAT's word may come later."""
        return self._command("baja", data)

    def consultar_ruc(self, ruc: str) -> Row:
        """What is registered about a RUC, or about the business of a DNI."""
        return self._command(
            "consultar_ruc", {"dni" if len(ruc) == _DNI_LENGTH else "ruc": ruc}, may_repeat=True
        )

    def correo(self, data: Mapping[str, Any]) -> Row:
        """Have a document mailed; {} on success."""
        return self._command("correo", data)

    def hola(self) -> Row:
        """A test of the line."""
        return self._command("hola", {}, may_repeat=True)

    def body(self, data: Mapping[str, Any]) -> bytes:
        """`data` as it will leave. Raises RuleBroken for what the text format cannot say."""
        return to_bytes(data) if self.body_format == "json" else text.encode(data).encode()

    def read(self, body: bytes) -> Row:
        """What `body` says, as it was written by `body`; {} for what is none of ours."""
        found = reader_of(self.body_format)("", body.decode(errors="replace"))
        return dict(found) if isinstance(found, Mapping) else {}

    def _command(
        self,
        name: str,
        data: Mapping[str, Any] | bytes,
        *,
        idempotency_key: str = "",
        may_repeat: bool = False,
    ) -> Row:
        headers = {"Content-Type": _CONTENT_TYPES[self.body_format]}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        body = data if isinstance(data, bytes) else self.body(data)
        send = self._http.ask if may_repeat else self._http.write
        try:
            answer = send(name, "POST", f"/{name}", body=body, headers=headers)
        except Unsettled as error:
            error.problems = tuple(problems_of(error.body))
            raise
        return _object(require_success(answer))


def reader_of(body_format: str) -> Reads:
    """How an answer's text becomes an object: by its own Content-Type, else by the look of it, else by the request's format."""

    def read(content_type: str, body: str) -> Any:
        if "json" in content_type or body.lstrip().startswith(("{", "[")):
            return _json(body)
        if "text/plain" in content_type or body_format == "text":
            return text.decode(body)
        return _json(body)

    return read


def _json(body: str) -> Any:
    data = json.loads(body, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)
    if isinstance(data, Mapping) and "sunat_observacion" in data:
        data = {**data, "sunat_observaciones": data["sunat_observacion"]}
        del data["sunat_observacion"]
    return data


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _object(answer: Answer) -> Row:
    """The variables of an answer; {} for one without a body. Unsettled for anything else: nobody knows what it means."""
    if answer.body is None:
        return {}
    if not isinstance(answer.body, Mapping):
        raise Unsettled(status=answer.status, body=answer.body, exchange_id=answer.exchange_id)
    observations = answer.body.get("sunat_observaciones", [])
    row = dict(answer.body)
    if "sunat_observaciones" in row and not isinstance(observations, list):
        row["sunat_observaciones"] = [observations]
    return row
