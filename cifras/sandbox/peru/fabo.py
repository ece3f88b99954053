"""Fabo's dialect: five commands posted below /v1/<UUID>, as JSON or as text, answered in the same format save a 405.

Where the paper is silent the names are those that Fabo's older papers or its library show, and are read leniently here.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from cifras.sandbox.journal import Posting
from cifras.sandbox.peru.sunat import (
    BOLETA,
    CREDIT_NOTE,
    DEBIT_NOTE,
    FACTURA,
    Comprobante,
    NotVoidable,
    Number,
    NumberUsed,
    Taxpayer,
    new_id,
)
from cifras.sandbox.web import NoJson, Request, Response
from cifras.sandbox.world import Mail, World

NAME = "fabo"
_LIMA = timezone(timedelta(hours=-5))
_TYPES = {"f": FACTURA, "b": BOLETA, "c": CREDIT_NOTE, "d": DEBIT_NOTE}
_LETTERS = {FACTURA: "F", BOLETA: "B"}
_PATH = re.compile(r"/v1/(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<command>\w+)")
_OPERATIONS = {"101", "102", "103", "104", "105", "106", "107", "108", "110"}
_IDENTITIES = set("rdxpcn-")
_MEMBER = re.compile(r"(?P<collection>\w+)-(?P<index>\d+)-(?P<member>\w+)")
_IN_COURSE = "SUNAT-TICKET"  # in the reason of a baja: taken, with a ticket, and SUNAT's word comes later
Body = dict[str, Any]


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str, words: str, extra: str = "", **more: Any) -> None:
        super().__init__(words)
        self.status = status
        self.body = {"codigo_error": code, "descripcion_error": words, "descripcion_extra": extra, **more}


class Fabo:
    """The dialect. Paths arrive without the prefix."""

    prefix = "/fabo"

    def __init__(self, world: World) -> None:
        self.world, self.sunat = world, world.sunat
        self._commands: dict[str, Callable[[Taxpayer, Body], Body | None]] = {
            "emitir": self._emitir,
            "baja": self._baja,
            "consultar_ruc": self._consultar_ruc,
            "correo": self._correo,
            "hola": lambda company, _body: {"mensaje": f"Hola, {company.name}"},
        }

    def operation(self, request: Request) -> str:
        """The command, as faults and journal know it."""
        found = _PATH.fullmatch(request.path)
        return found["command"] if found and found["command"] in self._commands else ""

    def posting(self, request: Request) -> Posting | None:
        """The number that an `emitir` wants, whatever else is wrong with it."""
        found = _PATH.fullmatch(request.path)
        if found is None or found["command"] != "emitir":
            return None
        try:
            body = _read(request)
            document_type = _TYPES.get(str(body["tipo"]), "")
            return Posting(
                found["uuid"], "", document_type, str(body["serie"]), str(int(body["correlativo"]))
            )
        except (Refused, KeyError, TypeError, ValueError):
            return None

    def answer(self, request: Request) -> Response:
        """Let the right command answer."""
        try:
            return self._answered(request)
        except Refused as refused:
            as_text = request.media_type == "text/plain" and refused.status != 405
            return Response(refused.status, *_written(refused.body, as_text=as_text))

    def _answered(self, request: Request) -> Response:
        found = _PATH.fullmatch(request.path)
        if request.method != "POST":
            raise Refused(405, "metodo", "Solo se aceptan conexiones POST")
        if found is None or found["command"] not in self._commands:
            raise Refused(406, "comando", "Comando desconocido")
        company = self.sunat.company(found["uuid"], NAME)
        if company is None or not self.world.behaviour.accepts(request.bearer):
            raise Refused(403, "autorizacion", "UUID o token inválido")
        result = self._commands[found["command"]](company, _read(request))
        if result is None:
            return Response(204, b"")
        return Response(200, *_written(result, as_text=request.media_type == "text/plain"))

    def _emitir(self, company: Taxpayer, body: Body) -> Body:
        document, texts = _document_of(company, body)
        try:
            self.sunat.register(document, texts)
        except NumberUsed as used:
            raise _refused_by_sunat(*_held(used)) from None
        if not document.is_accepted:
            raise _refused_by_sunat(document.code, document.description)
        return {
            "valor_resumen": base64.b64encode(hashlib.sha1(document.body.encode()).digest()).decode(),  # noqa: S324 the digest that SUNAT prescribes
            "codigo_descarga": hashlib.sha1(document.id.encode()).hexdigest(),  # noqa: S324 the code of a download, no secret
            "codigo_documento": _code_of(company, document),
            "sunat_respuesta": document.code,
            "sunat_descripcion": document.description,
            "sunat_observaciones": document.observations,
        }

    def _baja(self, company: Taxpayer, body: Body) -> Body:
        document = self._named(company, body)
        reason = str(body.get("motivo", "")).strip()
        if not 3 <= len(reason) <= 100:
            raise Refused(400, "motivo", "El motivo tiene de 3 a 100 caracteres", f"longitud: {len(reason)}")
        if document.series.startswith("B"):
            raise Refused(400, "boleta", "Las boletas y sus notas se anulan por resumen diario")
        try:
            self.sunat.void(document, reason)
        except NotVoidable as refused:
            raise _refused_by_sunat(refused.code, refused.description) from None
        if _IN_COURSE in reason.upper():
            return {"ticket": self.world.clock.now().strftime("%Y%m%d%H%M%S")}
        return {"sunat_respuesta": 0, "sunat_descripcion": "La Comunicacion de baja ha sido aceptada"}

    def _consultar_ruc(self, _company: Taxpayer, body: Body) -> Body:
        ruc = str(body.get("ruc") or f"10{body.get('dni', '')}")
        if not re.fullmatch(r"\d{10,11}", ruc):
            raise Refused(400, "ruc", "El RUC tiene once cifras", ruc[:40])
        if ruc in self.sunat.strangers:
            raise Refused(400, "ruc", "El RUC no existe", ruc)
        known = next((each for each in self.sunat.companies.values() if each.ruc == ruc), None)
        name = known.name if known else f"Contribuyente {ruc} S.A.C."
        return {
            "ruc": ruc,
            "razon_social": name,
            "estado": "ACTIVO",
            "condicion": "HABIDO",
            "direccion": "Av. de la Práctica 100, Lima",
            "ubigeo": "150101",
        }

    def _correo(self, company: Taxpayer, body: Body) -> None:
        document = self._named(company, body)
        addresses = str(body.get("correo", "")).split(",")
        if not all("@" in address for address in addresses):
            raise Refused(400, "correo", "Falta el correo del destinatario")
        self.world.mails.extend(Mail(document.id, address.strip(), "") for address in addresses)

    def _named(self, company: Taxpayer, body: Body) -> Comprobante:
        code = str(body.get("codigo_documento", "")).removeprefix("prueba-").split("-")
        if len(code) == 4:
            given = (code[1], code[2], code[3])
        else:
            letter = str(body.get("tipo", ""))
            given = (_TYPES.get(letter, ""), str(body.get("serie", "")), str(body.get("correlativo", "")))
        number = int(given[2]) if given[2].isdecimal() else 0
        document = self.sunat.find(Number(company.id, given[0], given[1], number))
        if document is None:
            raise _refused_by_sunat(2105, "2105 - El comprobante no se encuentra registrado")
        return document


def _document_of(company: Taxpayer, body: Body) -> tuple[Comprobante, list[str]]:
    """The document that a request describes, and the words that decide its fate. Refused for what the paper does not allow."""
    letter, series = str(body.get("tipo", "")), str(body.get("serie", ""))
    items = body.get("items")
    first = str(body.get("documento_tipo", letter)) if letter in "cd" else letter
    complaints = [
        (letter not in _TYPES, "tipo"),
        (
            not re.fullmatch(rf"{_LETTERS.get(_TYPES.get(first, ''), '[FB]')}[A-Z0-9]{{3}}|\d{{4}}", series),
            "serie",
        ),
        (not re.fullmatch(r"0*[1-9]\d{0,7}", str(body.get("correlativo", ""))), "correlativo"),
        (str(body.get("tipo_operacion", "101")) not in _OPERATIONS, "tipo_operacion"),
        (str(body.get("tipo_doc", "")) not in _IDENTITIES, "tipo_doc"),
        (not 0 < len(str(body.get("numero_doc", ""))) <= 14, "numero_doc"),
        (not 0 < len(str(body.get("razon_social", ""))) <= 100, "razon_social"),
        (not isinstance(items, list) or not items, "items"),
        (letter in "cd" and not body.get("motivo_codigo"), "motivo_codigo"),
    ]
    wrong = [name for is_wrong, name in complaints if is_wrong]
    if wrong:
        raise Refused(400, "propiedad", "Valor incorrecto en una propiedad", ", ".join(wrong))
    try:
        issued_at = datetime.fromisoformat(f"{body['fecha']}T{body['hora']}").replace(tzinfo=_LIMA)
        sums = _sums(items or [])
    except (KeyError, ValueError, TypeError, InvalidOperation) as error:
        raise Refused(400, "propiedad", "Valor incorrecto en una propiedad", str(error)) from None
    document = Comprobante(
        id=new_id("fabo_"),
        company_id=company.id,
        document_type=_TYPES[letter],
        series=series,
        number=int(body["correlativo"]),
        issued_at=issued_at,
        receiver_type=str(body["tipo_doc"]),
        receiver_number=str(body["numero_doc"]),
        receiver_name=str(body["razon_social"]),
        currency=str(body.get("moneda", "PEN")),
        net=sums[0],
        igv=sums[1],
        total=sums[0] + sums[1] + sums[2],
        body=json.dumps(body, default=str, ensure_ascii=False),
        references="-".join(
            str(body.get(f"documento_{name}", "")) for name in ("tipo", "serie", "correlativo")
        ),
    )
    return document, [document.receiver_name, *(str(item.get("descripcion", "")) for item in items or [])]


def _sums(items: list[Any]) -> tuple[Decimal, Decimal, Decimal]:
    """Value, IGV and bags of what is paid for, to the cent."""
    net = igv = bags = Decimal(0)
    for item in items:
        affectation = str(item["afectacion_igv"])
        quantity, unit = Decimal(str(item["cantidad"])), Decimal(str(item["valor_unitario"]))
        bags += Decimal(str(item.get("icbper") or 0))
        if affectation in {"10", "17", "20", "30", "40"}:
            value = round(Decimal(str(item.get("valor_venta") or quantity * unit)), 2)
            net += value
            igv += value * 18 / 100 if affectation == "10" else Decimal(0)
    return net, round(igv, 2), bags


def _code_of(company: Taxpayer, document: Comprobante) -> str:
    code = f"{company.ruc}-{document.document_type}-{document.series}-{document.number}"
    return code if company.is_live else f"prueba-{code}"


def _held(used: NumberUsed) -> tuple[int, str]:
    """SUNAT's code and sentence about a number that is in use."""
    if not used.held.has_effect:
        return 1032, "1032 - El comprobante ya esta informado y se encuentra con estado anulado o rechazado"
    if used.is_same:
        return 4000, "4000 - El comprobante fue presentado anteriormente"
    return 1033, "1033 - El comprobante fue registrado previamente con otros datos"


def _refused_by_sunat(code: int, words: str) -> Refused:
    """A rejection holds SUNAT's pair, and Fabo's own words may be missing (contract 2.3)."""
    return Refused(400, "sunat", "", "", sunat_respuesta=code, sunat_descripcion=words)


def _read(request: Request) -> Body:
    if request.media_type == "application/json":
        try:
            body = request.json
        except NoJson as error:
            raise Refused(400, "sintaxis", "El cuerpo no es JSON", str(error)) from None
        if not isinstance(body, dict):
            raise Refused(400, "sintaxis", "El cuerpo no es un objeto")
        return body
    if request.media_type == "text/plain":
        return _from_text(request.body.decode(errors="replace"))
    raise Refused(406, "formato", "Formato desconocido", request.media_type)


def _from_text(text: str) -> Body:
    """One property a line; `items-1-unidad` is a member of the first of items."""
    body: Body = {}
    for line in filter(None, text.split("\n")):
        name, colon, value = line.partition(":")
        if not colon:
            raise Refused(400, "sintaxis", "Una línea no tiene la forma propiedad: valor", line[:60])
        member = _MEMBER.fullmatch(name)
        if member is None:
            body[name] = value.strip()
            continue
        rows = body.setdefault(member["collection"], [])
        if int(member["index"]) > len(rows):
            rows.append({})
        rows[-1][member["member"]] = value.strip()
    return body


def _written(body: Mapping[str, Any], *, as_text: bool) -> tuple[Any, str]:
    """The body and its media type. Collections are repeated without a number, in the singular."""
    if not as_text:
        return dict(body), "application/json; charset=utf-8"
    lines = []
    for name, value in body.items():
        if isinstance(value, list):
            lines += [f"{name.removesuffix('es')}: {each}" for each in value]
        else:
            lines.append(f"{name}: {value}")
    return ("\n".join(lines) + "\n").encode(), "text/plain; charset=utf-8"
