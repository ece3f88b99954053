"""From a request to a document that could be registered, with everything that speaks against it."""

from collections.abc import Mapping
from typing import Any

from cifras.sandbox import cufe
from cifras.sandbox.alanube import references, rules
from cifras.sandbox.alanube.answers import Problem
from cifras.sandbox.amounts import Amounts, compute
from cifras.sandbox.authority import new_id
from cifras.sandbox.records import INVOICE, Company, Document
from cifras.sandbox.verdicts import Verdict, verdict_on
from cifras.sandbox.world import World

HEAD_OFFICE = "0000"


def draft(
    world: World, company: Company, kind: str, body: Mapping[str, Any], text: str
) -> tuple[Document, list[Problem]]:
    """The document of a body whose shape is right; `text` is the body as posted. Call it under the ledger's lock."""
    amounts = compute(body, world.behaviour.itbms_rounding)
    problems = rules.problems_of(body, amounts, world.clock.now())
    branch = _branch_of(world, company, body)
    if branch is None:
        problems.append(Problem("Office not found", field="idOffice"))
    document = _filled_in(world, company, kind, body, amounts, branch or HEAD_OFFICE)
    document.body = text
    if kind != INVOICE:
        invoices, complaints = references.examine(
            world.authority,
            company.id,
            body,
            kind=kind,
            tax_id=document.receiver_tax_id,
            total=amounts.total,
        )
        document.references = [invoice.id for invoice in invoices]
        problems += complaints
    return document, problems


def verdict_of(body: Mapping[str, Any]) -> Verdict:
    """What will become of it, by the words it carries."""
    return verdict_on([body["receiver"].get("name", ""), *(item["description"] for item in body["items"])])


def _branch_of(world: World, company: Company, body: Mapping[str, Any]) -> str | None:
    if "idOffice" not in body:
        return HEAD_OFFICE
    office = world.authority.offices.get(body["idOffice"])
    return office.code if office and office.company_id == company.id else None


def _filled_in(
    world: World, company: Company, kind: str, body: Mapping[str, Any], amounts: Amounts, branch: str
) -> Document:
    information, now = body["information"], world.clock.now()
    parts = cufe.CufeParts(
        document_type=information["documentType"],
        ruc_type=company.ruc_type,
        ruc=company.ruc,
        dv=company.dv,
        branch=branch,
        issue_date=rules.issued_at(body, now).date(),
        number=information["numeration"],
        billing_point=information["billingPoint"],
        emission_type=information["issueType"],
        environment=world.behaviour.environment_digit,
        security_code=information["securityCode"],
    )
    return Document(
        id=new_id(),
        company_id=company.id,
        kind=kind,
        document_type=parts.document_type,
        branch=branch,
        billing_point=parts.billing_point,
        number=parts.number,
        security_code=parts.security_code,
        cufe=cufe.build(parts),
        issued_at=rules.issued_at(body, now.replace(microsecond=0)),
        accepted_at=now,
        receiver_name=body["receiver"].get("name", ""),
        receiver_tax_id=_tax_id_of(body["receiver"]),
        net=amounts.net,
        itbms=amounts.itbms,
        total=amounts.total,
        body="",
    )


def _tax_id_of(receiver: Mapping[str, Any]) -> str:
    if "ruc" in receiver:
        return str(receiver["ruc"]["ruc"])
    return str(receiver.get("foreign", {}).get("number", ""))
