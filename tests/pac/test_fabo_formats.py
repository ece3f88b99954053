"""Fabo's commands in both body formats: whatever happens, JSON and text come to the same (Peru contract 2.2)."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest

from cifras.fiscal.document import Kind
from cifras.pac.contract import Account, PacAnswer
from cifras.pac.errors import Outcome, PacError, Returned, WrongEnvironment
from cifras.pac.fabo.provider import FaboProvider
from cifras.sandbox.server import SandboxServer
from tests.fiscal import peru_drafts
from tests.fiscal.drafts import NOW
from tests.pac.practice import UUID, Practice, practice
from tests.pac.wire_server import WireServer, text

_OF_THE_MOMENT = frozenset(
    {"exchange_id", "raw_text", "body", "protocol"}
)  # the last is a digest of what was posted
MOTIVE = "Error de datos"


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as made:
        yield made


def said(words: str) -> dict[str, Any]:
    return {"lines": (peru_drafts.line(description=words),)}


def voids(at: Practice, document_id: str, reason: str = MOTIVE) -> PacAnswer:
    return at.provider.void(Kind.INVOICE, at.company_id, document_id, reason)


def mails(at: Practice, document_id: str) -> PacAnswer:
    return at.provider.send_email(
        Kind.INVOICE, at.company_id, document_id, address="a@x.test,b@x.test", message=""
    )


def after(at: Practice, act: Callable[[str], Any], hours: int = 0) -> Any:
    """Something done to a document that was issued just now, or so many hours ago."""
    document_id = at.issue().document_id
    at.sandbox.clock.advance(hours=hours)
    return act(document_id)


def twice(act: Callable[[], Any]) -> Any:
    act()
    return act()


def refuses_everybody(at: Practice) -> Any:
    at.sandbox.behaviour.accepted_keys = {"somebody-elses"}
    return at.provider.read_company(at.company_id)


def notes_and_credit(at: Practice) -> Any:
    at.issue(123)
    drafts = [peru_drafts.note("07"), peru_drafts.on_credit("100.00", "136.00")]
    return [
        at.provider.submit(
            draft.kind,
            at.company_id,
            at.provider.payload(replace(draft, number=str(number))),
            idempotency_key="k",
        ).document_id
        for number, draft in enumerate(drafts, start=1)
    ]


SCENES: dict[str, Callable[[Practice], Any]] = {
    "emitir: accepted": lambda at: at.issue(),
    "emitir: a note, and a sale on credit": lambda at: notes_and_credit(at),
    "emitir: with remarks": lambda at: at.issue(**said("SUNAT-OBSERVA")),
    "emitir: words that look like another line": lambda at: at.issue(**said("uno\nserie: F009\r\ndos")),
    "emitir: rejected": lambda at: at.issue(**said("SUNAT-2335")),
    "emitir: returned": lambda at: at.issue(**said("SUNAT-1001")),
    "emitir: presented before": lambda at: twice(at.issue),
    "emitir: registered with other data": lambda at: at.issue() and at.issue(lines=(peru_drafts.line("3"),)),
    "baja: done": lambda at: after(at, lambda found: voids(at, found)),
    "baja: in course": lambda at: after(at, lambda found: voids(at, found, "SUNAT-TICKET por error")),
    "baja: done before": lambda at: after(at, lambda found: twice(lambda: voids(at, found))),
    "baja: too late": lambda at: after(at, lambda found: voids(at, found), hours=24 * 9),
    "baja: a reason too short": lambda at: after(at, lambda found: voids(at, found, "x")),
    "baja: unknown": lambda at: voids(at, "prueba-20131312955-01-F001-9"),
    "consultar_ruc: known": lambda at: at.provider.verify_tax_id("20100070970", "JURIDICO").receiver,
    "consultar_ruc: unknown": lambda at: at.provider.verify_tax_id("123", "JURIDICO").receiver,
    "correo: sent": lambda at: after(at, lambda found: mails(at, found)),
    "correo: unknown": lambda at: mails(at, "prueba-20131312955-01-F001-9"),
    "hola: welcome": lambda at: at.provider.read_company(at.company_id).may_issue,
    "hola: not welcome": refuses_everybody,
}


def outcome(scene: Callable[[Practice], Any], server: SandboxServer, body_format: str) -> tuple[Any, Any]:
    """What we conclude, and what the provider holds then."""
    server.world.reset()
    server.clock.set(NOW + timedelta(hours=1))
    at = practice("fabo", server, body_format=body_format)
    try:
        told = scene(at)
    except PacError as error:
        told = (type(error), error.status, error.outcome, error.problems, getattr(error, "holder", None))
    if isinstance(told, PacAnswer):
        told = {name: value for name, value in asdict(told).items() if name not in _OF_THE_MOMENT}
    there = [
        (row.series, row.number, row.total, row.igv, row.receiver_name, row.code, row.void_reason)
        for row in server.sunat.documents.values()
    ]
    return told, (there, len(server.world.mails))


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_both_formats_say_the_same_and_hear_the_same(
    server: SandboxServer, scene: Callable[[Practice], Any]
) -> None:
    assert outcome(scene, server, "json") == outcome(scene, server, "text")


def account(wire: WireServer, **options: str) -> FaboProvider:
    known = {"ruc": "20131312955", "company_id": UUID, **options}
    return FaboProvider(Account(f"{wire.base_url}/v1", "x" * 64, retry_wait=(0, 0), options=known))


def issue(fabo: FaboProvider) -> PacAnswer:
    payload = fabo.payload(peru_drafts.factura(number="1"))
    return fabo.submit(Kind.INVOICE, UUID, payload, idempotency_key="k")


def test_a_refusal_of_fabos_own_returns_the_document_with_its_number(wire: WireServer) -> None:
    wire.says(text('{"codigo_error": "E1", "descripcion_error": "Valor incorrecto"}', 400))
    with pytest.raises(Returned) as returned:
        issue(account(wire))
    assert returned.value.provider_words == "Valor incorrecto"


def test_what_was_issued_for_practice_is_never_taken_for_good(wire: WireServer) -> None:
    wire.says(text('{"codigo_documento": "prueba-20131312955-01-F001-1", "sunat_respuesta": 0}'))
    with pytest.raises(WrongEnvironment) as other:
        issue(account(wire, environment="live"))
    assert other.value.outcome is Outcome.NOT_DONE


@pytest.mark.parametrize("host", ["api-testing.fabo.dev", "api1-pruebas.fabo.dev"])
def test_who_issues_for_good_never_asks_at_an_address_of_practice(wire: WireServer, host: str) -> None:
    """What SUNAT holds under a number there proves no acceptance; all it would say goes through a proxy, which hears nothing."""
    options = {"ruc": "20131312955", "company_id": UUID, "environment": "live"}
    address, proxy = f"http://{host}/v1", wire.base_url
    with pytest.raises(WrongEnvironment):
        issue(FaboProvider(Account(address, "x" * 64, retry_wait=(0, 0), proxy_url=proxy, options=options)))
    assert wire.heard == []


@pytest.mark.parametrize(
    ("answer", "is_void"),
    [
        ('{"sunat_respuesta": 0}', True),
        ('{"sunat_respuesta": 98, "sunat_descripcion": "En proceso"}', False),
        ('{"ticket": "202611210001"}', False),
        ("{}", False),
    ],
)
def test_a_baja_is_done_only_when_sunat_says_so(wire: WireServer, answer: str, is_void: bool) -> None:
    wire.says(text(answer))
    told = account(wire).void(Kind.INVOICE, UUID, "prueba-20131312955-01-F001-1", MOTIVE)
    assert told.is_void is is_void


def test_a_ticket_that_ended_with_errors_is_a_refusal_in_sunats_words(wire: WireServer) -> None:
    wire.says(text('{"sunat_respuesta": 99, "sunat_descripcion": "Procesó con errores"}'))
    with pytest.raises(PacError) as refused:
        account(wire).void(Kind.INVOICE, UUID, "prueba-20131312955-01-F001-1", MOTIVE)
    assert (refused.value.outcome, refused.value.provider_words) == (Outcome.NOT_DONE, "Procesó con errores")
