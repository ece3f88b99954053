"""Alanube's addresses: which operation a request is, whom it concerns, who answers it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cifras.sandbox.alanube import catalogues, files, hooks, reports
from cifras.sandbox.alanube.answers import Refused, error, not_found
from cifras.sandbox.alanube.documents import Desk
from cifras.sandbox.alanube.onboarding import Reception
from cifras.sandbox.journal import Posting
from cifras.sandbox.records import CREDIT_NOTE, DEBIT_NOTE, INVOICE, Company
from cifras.sandbox.web import NoJson, Request, Response
from cifras.sandbox.world import World

Answer = Callable[..., Response]
_BASE = "/pan/v1"
_PATHS = {INVOICE: "invoices", CREDIT_NOTE: "credit-notes", DEBIT_NOTE: "debit-notes"}
_WITH_BODY = ("POST", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    """One operation. `is_open` needs no key, as a signed link does."""

    method: str
    path: re.Pattern[str]
    operation: str
    answer: Answer
    is_open: bool = False


class Alanube:
    """The dialect. Paths arrive without the prefix."""

    prefix = "/alanube"

    def __init__(self, world: World) -> None:
        self.world = world
        self._routes = [*self._document_routes(), *self._company_routes(), *self._other_routes()]

    def operation(self, request: Request) -> str:
        """The name of the operation, as faults and journal know it; empty when there is none."""
        route, _ = self._match(request)
        return route.operation if route else ""

    def posting(self, request: Request) -> Posting | None:
        """The number that a posted document wants, whatever else is wrong with it."""
        if not self.operation(request).startswith("create_") or "/companies" in request.path:
            return None
        try:
            body = request.json
            information = body["information"]
            number = str(information["numeration"])
        except (NoJson, KeyError, TypeError):
            return None
        return Posting(
            company_id=request.query.get("idCompany", ""),
            office_id=str(body.get("idOffice", "")),
            document_type=str(information.get("documentType", "")),
            billing_point=str(information.get("billingPoint", "")),
            number=number,
        )

    def answer(self, request: Request) -> Response:
        """Let the right counter answer."""
        route, parts = self._match(request)
        if route is None:
            return self._no_route(request)
        if not route.is_open and not self.world.behaviour.accepts(request.bearer):
            return error(401, "Unauthorized")
        if request.method in _WITH_BODY and request.media_type != "application/json":
            return error(415, "Content-Type must be application/json")
        try:
            return route.answer(request, **parts)
        except NoJson as wrong:
            return error(400, f"Malformed JSON: {wrong}")
        except Refused as refused:
            return refused.response

    def _match(self, request: Request) -> tuple[Route | None, dict[str, str]]:
        for route in self._routes:
            match = route.path.fullmatch(request.path)
            if match and route.method == request.method:
                return route, match.groupdict()
        return None, {}

    def _no_route(self, request: Request) -> Response:
        if any(route.path.fullmatch(request.path) for route in self._routes):
            return error(405, f"Method {request.method} not allowed")
        return error(404, f"Cannot {request.method} {request.path}")

    def _company(self, request: Request) -> Company:
        companies, company_id = self.world.authority.companies, request.query.get("idCompany")
        if company_id is None:
            main = next((each for each in list(companies.values()) if each.type == "main"), None)
        else:
            main = companies.get(company_id)
        if main is None:
            raise Refused(not_found("Company"))
        return main

    def _for_company(self, answer: Answer) -> Answer:
        return lambda request, **parts: answer(self.world, self._company(request), request, **parts)

    def _at_desk(self, kind: str, act: Callable[..., Response]) -> Answer:
        def answer(request: Request, **parts: Any) -> Response:
            return act(Desk(self.world, self._company(request), kind), request, **parts)

        return answer

    def _document_routes(self) -> list[Route]:
        routes = []
        for kind, plural in _PATHS.items():
            noun, one = plural.removesuffix("s").replace("-", "_"), f"/{plural}/(?P<document_id>[^/]+)"
            routes += [
                _route("POST", f"/{plural}", f"create_{noun}", self._at_desk(kind, Desk.create)),
                _route("GET", f"/{plural}", f"list_{noun}s", self._at_desk(kind, Desk.list)),
                _route("GET", one, f"get_{noun}", self._at_desk(kind, Desk.read)),
                _route("DELETE", one, f"void_{noun}", self._at_desk(kind, Desk.void)),
            ]
        return routes

    def _company_routes(self) -> list[Route]:
        desk = Reception(self.world)
        one = "/companies/(?P<company_id>[^/]+)"
        return [
            _route("POST", "/companies", "create_company", desk.create_company),
            _route("GET", "/companies", "list_companies", desk.list_companies),
            _route("GET", "/company", "get_main_company", desk.main_company),
            _route("GET", one, "get_company", desk.get_company),
            _route("PATCH", one, "update_company", desk.update_company),
            _route("GET", "/company-affiliate", "affiliate_company", desk.affiliate),
            _route("POST", f"{one}/offices", "create_office", desk.create_office),
            _route("GET", f"{one}/offices", "list_offices", desk.list_offices),
            _route("GET", f"{one}/offices/(?P<office_id>[^/]+)", "get_office", desk.get_office),
            _route("GET", f"{one}/office", "get_main_office", desk.get_main_office),
            _route("PATCH", f"{one}/office", "update_main_office", desk.update_main_office),
        ]

    def _other_routes(self) -> list[Route]:
        world = self.world
        return [
            _route(
                "POST", "/documents/notify-webhook", "notify_webhook", self._for_company(hooks.notify_webhook)
            ),
            _route("POST", "/documents/notify-email", "notify_email", self._for_company(hooks.notify_email)),
            _route(
                "GET",
                "/check-digit",
                "check_digit",
                lambda asked: catalogues.check_digit_answer(world, asked),
            ),
            _route(
                "GET",
                "/goods-and-services",
                "goods_and_services",
                lambda _asked: catalogues.catalogue("goods-and-services"),
            ),
            _route(
                "GET",
                "/dgi/(?P<name>[^/]+)",
                "dgi_catalogue",
                lambda _asked, name: catalogues.catalogue(name),
            ),
            _route("GET", "/reports/documents", "report_documents", self._for_company(reports.of_company)),
            _route(
                "GET",
                "/reports/documents/all-companies",
                "report_documents_all_companies",
                lambda asked: reports.of_all(world, asked),
            ),
            Route("GET", re.compile(r"/files/(?P<name>\w+)\.pdf"), "download_pdf", self._file("pdf"), True),
            Route("GET", re.compile(r"/files/(?P<name>\w+)\.xml"), "download_xml", self._file("xml"), True),
            Route(
                "GET",
                re.compile("/Consultas/FacturasPorQR"),
                "public_consultation",
                lambda asked: files.consultation(world, asked),
                True,
            ),
        ]

    def _file(self, kind: str) -> Answer:
        return lambda asked, name: files.download(self.world, asked, name, kind)


def _route(method: str, path: str, operation: str, answer: Answer) -> Route:
    return Route(method, re.compile(_BASE + path), operation, answer)
