"""Companies, their affiliation and their offices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cifras.sandbox.alanube import shapes
from cifras.sandbox.alanube.answers import Problem, Refused, error, not_found, rule_error, schema_error
from cifras.sandbox.alanube.schema import Shape, examine
from cifras.sandbox.authority import new_id
from cifras.sandbox.records import Company, Office
from cifras.sandbox.taxpayer import JURIDICO, NATURAL, check_digit
from cifras.sandbox.web import Request, Response
from cifras.sandbox.world import World

_KINDS = {"NATURAL": NATURAL, "JURIDICO": JURIDICO}
_CHANGEABLE = {
    "qr": "qr",
    "securityCode": "security_code",
    "logo": "logo",
    "tradeName": "trade_name",
    "nextIdRequest": "next_id_request",
    "webhooks": "webhooks",
    "emails": "emails",
}


@dataclass(frozen=True)
class Reception:
    """Where companies are received."""

    world: World

    def create_company(self, request: Request) -> Response:
        """Register a company: the flat body with one certificate or the nested one with two."""
        body = request.json
        is_nested = isinstance(body, dict) and "certificates" in body
        self._examine(shapes.NESTED_COMPANY if is_nested else shapes.FLAT_COMPANY, body)
        company = _nested(body) if is_nested else _flat(body)
        with self.world.authority.lock:
            problems = self._company_problems(company, body["checkDigit"])
            if problems:
                return rule_error(problems, self.world.behaviour)
            self.world.authority.save(company)
        return Response(201, company_shown(company))

    def list_companies(self, request: Request) -> Response:
        """Every company, or those of a type or state."""
        query = request.query
        found = [
            company_shown(company)
            for company in list(self.world.authority.companies.values())
            if query.get("type") in (None, company.type)
            and query.get("active") in (None, str(company.is_active).lower())
        ]
        return Response(200, found)

    def main_company(self, _request: Request) -> Response:
        """The main company of the key."""
        companies = list(self.world.authority.companies.values())
        main = next((company for company in companies if company.type == "main"), None)
        return Response(200, company_shown(main)) if main else not_found("Company")

    def get_company(self, _request: Request, company_id: str) -> Response:
        """One company; `affiliated` tells whether it may issue."""
        return Response(200, company_shown(self._company(company_id)))

    def update_company(self, request: Request, company_id: str) -> Response:
        """Change some members. Saving a webhook posts a probe to it."""
        company, body = self._company(company_id), request.json
        self._examine(shapes.COMPANY_CHANGE, body)
        with self.world.authority.lock:
            for name, value in body.items():
                if name in _CHANGEABLE:
                    setattr(company, _CHANGEABLE[name], value)
            self.world.authority.save(company)
        if "webhooks" in body:
            hook = body["webhooks"]["documents"]["emissionFinished"]
            self.world.webhooks.send(hook["url"], hook.get("headers", {}), {"message": "Test message"})
        return Response(200, company_shown(company))

    def affiliate(self, request: Request) -> Response:
        """Type 3 asks for the code to scan, type 1 finishes; both may be repeated."""
        company = self._company(request.query.get("idCompany", ""))
        authority, step = self.world.authority, request.query.get("affiliationType")
        if step == "3":
            authority.request_affiliation(company)
            qr = f"{self.world.links.base_url}/control/scan/{company.id}"
            return Response(200, {"message": "Affiliation requested", "qr": qr})
        if step != "1":
            return error(400, "affiliationType must be 1 or 3")
        if company.affiliated is None:
            return error(400, "Affiliation not requested")
        authority.finish_affiliation(company)
        message = "Affiliation completed" if company.may_issue else "Affiliation pending"
        return Response(200, {"message": message, "affiliated": company.affiliated})

    def create_office(self, request: Request, company_id: str) -> Response:
        """Add a branch; codes are unique, and there is one main office."""
        company, body = self._company(company_id), request.json
        self._examine(shapes.OFFICE, body)
        with self.world.authority.lock:
            problems = self._office_problems(company, body)
            if problems:
                return rule_error(problems, self.world.behaviour)
            office = Office(id=new_id(), company_id=company.id, **body)
            self.world.authority.save(office)
        return Response(201, office_shown(office))

    def list_offices(self, _request: Request, company_id: str) -> Response:
        """A company's branches."""
        offices = self.world.authority.offices_of(self._company(company_id).id)
        return Response(200, [office_shown(office) for office in offices])

    def get_office(self, _request: Request, company_id: str, office_id: str) -> Response:
        """One branch."""
        for office in self.world.authority.offices_of(self._company(company_id).id):
            if office.id == office_id:
                return Response(200, office_shown(office))
        return not_found("Office")

    def get_main_office(self, _request: Request, company_id: str) -> Response:
        """The main office, once it was made."""
        main = self._main_office(self._company(company_id))
        return Response(200, office_shown(main)) if main else not_found("Office")

    def update_main_office(self, request: Request, company_id: str) -> Response:
        """Make or change the main office."""
        company, body = self._company(company_id), request.json
        self._examine(shapes.OFFICE, body)
        if body["type"] != "main":
            return error(400, "The office is not the main one")
        with self.world.authority.lock:
            old = self._main_office(company)
            office = Office(id=old.id if old else new_id(), company_id=company.id, **body)
            self.world.authority.save(office)
        return Response(200, office_shown(office))

    def _examine(self, shape: Shape, body: Any) -> None:
        complaints = examine(shape, body)
        if complaints:
            raise Refused(schema_error(complaints, self.world.behaviour))

    def _company(self, company_id: str) -> Company:
        company = self.world.authority.companies.get(company_id)
        if company is None:
            raise Refused(not_found("Company"))
        return company

    def _main_office(self, company: Company) -> Office | None:
        offices = self.world.authority.offices_of(company.id)
        return next((office for office in offices if office.type == "main"), None)

    def _company_problems(self, company: Company, claimed_dv: str) -> list[Problem]:
        dv = check_digit(company.ruc, company.ruc_type)
        if dv is None:
            return [Problem("The RUC is not valid", field="ruc")]
        company.dv = dv
        if dv != claimed_dv:
            return [Problem("The check digit is not valid", field="checkDigit")]
        if self.world.authority.company_of_ruc(company.ruc):
            return [Problem("Company already exists", field="ruc")]
        return []

    def _office_problems(self, company: Company, body: Mapping[str, Any]) -> list[Problem]:
        offices = self.world.authority.offices_of(company.id)
        problems = []
        if any(office.code == body["code"] for office in offices):
            problems.append(Problem("Office code already exists", field="code"))
        if body["type"] == "main" and self.world.behaviour.main_office_by_patch:
            problems.append(Problem("The main office exists already, update it", field="type"))
        elif body["type"] == "main" and any(office.type == "main" for office in offices):
            problems.append(Problem("The company has a main office", field="type"))
        return problems


def company_shown(company: Company) -> dict[str, Any]:
    """A company as the provider shows it; certificates never come back."""
    return {
        "id": company.id,
        "name": company.name,
        "tradeName": company.trade_name,
        "ruc": company.ruc,
        "checkDigit": company.dv,
        "typeRuc": {"code": company.ruc_type},
        "type": company.type,
        "affiliated": company.affiliated,
        "isActive": company.is_active,
        "qr": company.qr,
        "nextIdRequest": company.next_id_request,
        "nextIdBatchRequest": 1,
    }


def office_shown(office: Office) -> dict[str, Any]:
    """An office as the provider shows it."""
    names = ("id", "code", "type", "coordinates", "address", "telephone", "location", "email")
    return {name: getattr(office, name) for name in names}


def _flat(body: Mapping[str, Any]) -> Company:
    return Company(
        id=new_id(),
        ruc=body["ruc"],
        ruc_type=_KINDS[body["rucType"]],
        dv=body["checkDigit"],
        name=body["tradeName"],
        trade_name=body["tradeName"],
        logo=body.get("logoUrl"),
    )


def _nested(body: Mapping[str, Any]) -> Company:
    kind = body["typeRuc"]
    return Company(
        id=new_id(),
        ruc=body["ruc"],
        ruc_type=kind["code"] if isinstance(kind, dict) else kind,
        dv=body["checkDigit"],
        name=body["name"],
        trade_name=body.get("tradeName", body["name"]),
        type=body["type"],
        emails=body.get("emails"),
        logo=body.get("logo"),
    )


def kind_of_taxpayer(word: str, accepted: str) -> int | None:
    """NATURAL, JURIDICO, 1 or 2 as a number, if `accepted` (any, words, numbers) allows that way to say it."""
    if word in _KINDS and accepted != "numbers":
        return _KINDS[word]
    return int(word) if re.fullmatch("[12]", word) and accepted != "words" else None
