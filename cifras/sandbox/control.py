"""The hand behind the scenes: faults, clock, verdicts, switches and the ledger, as JSON or as forms of the control page.

Only for pages of this very server: a request with a foreign Host or Origin is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cifras.sandbox import control_page
from cifras.sandbox.behaviour import UnknownSwitch
from cifras.sandbox.peru import fabo, tandia
from cifras.sandbox.peru.sunat import Comprobante, Taxpayer
from cifras.sandbox.records import Company
from cifras.sandbox.web import NoJson, Request, Response
from cifras.sandbox.world import World

_OWN_HOSTS = ("127.0.0.1", "localhost", "::1")
_FORM = "application/x-www-form-urlencoded"
Members = Mapping[str, Any]


class NotUnderstood(ValueError):
    """A control request that makes no sense."""


class Control:
    """Answers what is asked below `/control`."""

    prefix = "/control"

    def __init__(self, world: World) -> None:
        self.world = world
        self._views: dict[str, Callable[[Members], Any]] = {
            "/state": self.state,
            "/clock": self._clock,
            "/faults": self._faults,
            "/behaviour": lambda _query: self.world.behaviour.as_dict(),
            "/requests": self._requests,
            "/webhooks": self._webhooks,
        }
        self._acts: dict[str, Callable[[Members], Any]] = {
            "/clock": self._move_clock,
            "/faults": self._plan,
            "/behaviour": self._switch,
            "/verdict": self._decide,
            "/scan": self._scan,
            "/lapse": self._lapse,
            "/keys": self._keys,
            "/ruc": self._ruc,
            "/taxpayers": self._taxpayer,
            "/settle": self._settle,
            "/reset": self._reset,
        }

    def answer(self, request: Request) -> Response:
        """A page, a look or an act."""
        if not _is_own(request):
            return Response(403, {"error": "only pages of this server may call"})
        if request.method == "GET":
            return self._look(request)
        if request.method == "DELETE" and request.path == "/faults":
            self.world.faults.clear()
            return Response(200, {"pending": []})
        act = self._acts.get(request.path)
        if request.method != "POST" or act is None:
            return Response(404, {"error": "no such control"})
        try:
            result = act(_members_of(request))
        except (NotUnderstood, UnknownSwitch, NoJson) as error:
            return Response(400, {"error": str(error)})
        except (KeyError, TypeError, ValueError) as error:
            return Response(400, {"error": f"{type(error).__name__}: {error}"})
        if request.media_type == _FORM:
            return Response(303, b"", headers={"Location": "/control/"})
        return Response(200, result)

    def state(self, _query: Members) -> dict[str, Any]:
        """The ledger: documents, each number with the documents that hold it, how often each was posted."""
        authority = self.world.authority
        with authority.lock:
            for company_id in authority.companies:
                authority.of_company(company_id)
            numbers = [
                {**key._asdict(), "documents": [document.id for document in documents]}
                for key, documents in authority.by_number().items()
            ]
            documents = [
                {
                    "id": document.id,
                    **document.key._asdict(),
                    "kind": document.kind,
                    "cufe": document.cufe,
                    "legal_status": document.legal_status,
                    "is_void": document.is_void,
                    "holds_number": document.holds_number,
                    "issued_at": document.issued_at.isoformat(),
                    "receiver": document.receiver_name,
                    "total": str(document.total),
                    "reads": document.reads,
                }
                for document in authority.documents.values()
            ]
            companies = [_company_shown(company) for company in authority.companies.values()]
            comprobantes = [_comprobante_shown(each) for each in self.world.sunat.documents.values()]
        postings = [
            {**posting._asdict(), "times": times} for posting, times in self.world.journal.postings().items()
        ]
        return {
            "now": self.world.clock.now().isoformat(),
            "companies": companies,
            "documents": documents,
            "comprobantes": comprobantes,
            "numbers": numbers,
            "postings": postings,
            "mails": [asdict(mail) for mail in self.world.mails],
        }

    def _look(self, request: Request) -> Response:
        if request.path == "/":
            return _page(control_page.overview(self.world))
        if request.path.startswith("/scan/"):
            company = self.world.authority.companies.get(request.path.removeprefix("/scan/"))
            return _page(control_page.scan(company)) if company else Response(404, {"error": "no company"})
        view = self._views.get(request.path)
        return Response(200, view(request.query)) if view else Response(404, {"error": "no such control"})

    def _clock(self, _query: Members) -> dict[str, Any]:
        clock = self.world.clock
        return {"now": clock.now().isoformat(), "offset_hours": clock.offset.total_seconds() / 3600}

    def _faults(self, _query: Members) -> dict[str, Any]:
        return {"pending": [fault.as_dict() for fault in self.world.faults.pending()]}

    def _requests(self, query: Members) -> list[dict[str, Any]]:
        return [
            {**asdict(received), "at": received.at.isoformat()}
            for received in self.world.journal.requests(query.get("operation", ""))
        ]

    def _webhooks(self, _query: Members) -> list[dict[str, Any]]:
        return [
            {
                "url": each.url,
                "body": each.body,
                "attempts": each.attempts,
                "status": each.status,
                "error": each.error,
            }
            for each in self.world.webhooks.deliveries()
        ]

    def _move_clock(self, wanted: Members) -> dict[str, Any]:
        if wanted.get("reset"):
            self.world.clock.reset()
        elif wanted.get("at"):
            at = datetime.fromisoformat(wanted["at"])
            if at.tzinfo is None:
                raise NotUnderstood("at needs an offset")
            self.world.clock.set(at)
        else:
            hours, seconds = float(wanted.get("hours") or 0), float(wanted.get("seconds") or 0)
            self.world.clock.advance(hours=hours, seconds=seconds)
        return self._clock({})

    def _plan(self, wanted: Any) -> dict[str, Any]:
        if isinstance(wanted, dict) and wanted.get("clear"):
            self.world.faults.clear()
            return self._faults({})
        for fault in wanted if isinstance(wanted, list) else [wanted]:
            if "seed" in fault:
                self.world.faults.seed(int(fault["seed"]))
            self.world.faults.add(
                fault["kind"],
                fault.get("operation") or "*",
                times=None if fault.get("times", 1) in (None, "", "null") else int(fault.get("times", 1)),
                probability=float(fault.get("probability") or 1),
                skip=int(fault.get("skip") or 0),
                seconds=float(fault["seconds"]) if fault.get("seconds") else None,
                retry_after=int(fault.get("retry_after") or 1),
            )
        return self._faults({})

    def _switch(self, wanted: Members) -> dict[str, Any]:
        self.world.behaviour.update(wanted)
        return self.world.behaviour.as_dict()

    def _decide(self, wanted: Members) -> dict[str, Any]:
        document = self.world.authority.documents[wanted["document_id"]]
        self.world.authority.decide(
            document, wanted["legal_status"], wanted.get("code", ""), wanted.get("message", "")
        )
        return {"id": document.id, "legal_status": document.legal_status}

    def _scan(self, wanted: Members) -> dict[str, Any]:
        company = self._company(wanted)
        self.world.authority.scan(company)
        return _company_shown(company)

    def _lapse(self, wanted: Members) -> dict[str, Any]:
        company = self._company(wanted)
        self.world.authority.lapse(company)
        return _company_shown(company)

    def _company(self, wanted: Members) -> Company:
        return self.world.authority.companies[wanted["company_id"]]

    def _keys(self, wanted: Members) -> dict[str, Any]:
        behaviour = self.world.behaviour
        if "revoke" in wanted:
            behaviour.revoked_keys.add(wanted["revoke"])
        if "restore" in wanted:
            behaviour.revoked_keys.discard(wanted["restore"])
        if "accept_only" in wanted:
            behaviour.accepted_keys = set(wanted["accept_only"])
        return {"accepted": len(behaviour.accepted_keys), "revoked": len(behaviour.revoked_keys)}

    def _ruc(self, wanted: Members) -> dict[str, Any]:
        self.world.authority.taxpayers[wanted["ruc"]] = wanted.get("receiver") or None
        return {"ruc": wanted["ruc"], "receiver": wanted.get("receiver") or None}

    def _taxpayer(self, wanted: Members) -> dict[str, Any]:
        """A company that signed up at one of Peru's providers."""
        company = Taxpayer(wanted["id"], wanted["ruc"], wanted["name"], wanted["provider"])
        if company.provider not in (fabo.NAME, tandia.NAME):
            raise NotUnderstood(f"provider: {company.provider!r}")
        self.world.sunat.save(company)
        return {"id": company.id, "ruc": company.ruc, "name": company.name, "provider": company.provider}

    def _settle(self, _wanted: Members) -> dict[str, Any]:
        self.world.authority.settle_due()
        return {}

    def _reset(self, _wanted: Members) -> dict[str, Any]:
        self.world.reset()
        return {}


def _is_own(request: Request) -> bool:
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    return urlsplit(f"//{host}").hostname in _OWN_HOSTS and (
        origin is None or urlsplit(origin).netloc == host
    )


def _members_of(request: Request) -> Any:
    if request.media_type == _FORM:
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    if request.media_type != "application/json":
        raise NotUnderstood("Content-Type must be application/json")
    return request.json


def _comprobante_shown(document: Comprobante) -> dict[str, Any]:
    return {
        "id": document.id,
        **document.key._asdict(),
        "code": document.code,
        "is_void": document.voided_at is not None,
        "issued_at": document.issued_at.isoformat(),
        "receiver": document.receiver_name,
        "currency": document.currency,
        "total": str(document.total),
    }


def _company_shown(company: Company) -> dict[str, Any]:
    return {"id": company.id, "ruc": company.ruc, "name": company.name, "affiliated": company.affiliated}


def _page(html: str) -> Response:
    policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    return Response(
        200,
        html.encode(),
        "text/html; charset=utf-8",
        {"Content-Security-Policy": policy, "Cache-Control": "no-store"},
    )
