"""Issue, read, list and void invoices and notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cifras.sandbox.alanube import shapes
from cifras.sandbox.alanube.answers import Refused, error, not_found, page_of, rule_error, schema_error
from cifras.sandbox.alanube.drafting import draft, verdict_of
from cifras.sandbox.alanube.schema import examine
from cifras.sandbox.alanube.showing import shown, status_of, word_of
from cifras.sandbox.authority import NotVoidable, NumberUsed
from cifras.sandbox.records import PAC_REJECTED, Company, Document
from cifras.sandbox.verdicts import Verdict
from cifras.sandbox.web import Request, Response
from cifras.sandbox.world import World

NUMBER_USED = Verdict(PAC_REJECTED, "", "Document numeration already used", is_immediate=True)
_LONGEST_PAGE = 100
_VOID_REFUSALS = {
    "not_authorised": ("Document is not authorized by the DGI", ""),
    "already_void": ("Document already cancelled", "0622"),
    "window": ("outside void window", ""),
    "has_notes": ("Document has credit notes", ""),
}


@dataclass(frozen=True)
class Desk:
    """Where documents of one kind are handled, for one company."""

    world: World
    company: Company
    kind: str

    def create(self, request: Request) -> Response:
        """Examine, number, authorise."""
        body, behaviour = request.json, self.world.behaviour
        complaints = examine(shapes.DOCUMENTS[self.kind], body)
        if complaints:
            return schema_error(complaints, behaviour)
        if behaviour.require_affiliation and not self.company.may_issue:
            return error(400, "Company QR not requested or wrong", "AP1010")
        with self.world.authority.lock:
            document, problems = draft(self.world, self.company, self.kind, body, request.body.decode())
            if problems:
                return rule_error(problems, behaviour)
            return self._enter(document, verdict_of(body))

    def read(self, request: Request, document_id: str) -> Response:
        """One document; with documents=pdf also the address of its PDF."""
        with self.world.authority.lock:
            document = self._find(document_id, is_read=True)
            with_pdf = "pdf" in request.query.get("documents", "").split(",")
            members = shown(self.world, document, with_pdf=with_pdf)
        return Response(200, members if self.world.behaviour.flat_answers else {"document": members})

    def list(self, request: Request) -> Response:
        """A page of documents, newest first."""
        query, status = request.query, self.world.behaviour.list_status
        if status != 200:
            return error(status, "Not available")
        try:
            page, limit = int(query.get("page", 1)), min(int(query.get("limit", 25)), _LONGEST_PAGE)
            start = date.fromisoformat(query.get("start", "0001-01-01"))
            end = date.fromisoformat(query.get("end", "9999-12-31"))
        except ValueError:
            return error(400, "page, limit, start or end is not valid")
        if page < 1 or limit < 1:
            return error(400, "page and limit must be greater than 0")
        with self.world.authority.lock:
            found = [
                document
                for document in reversed(self.world.authority.of_company(self.company.id, self.kind))
                if start <= document.issued_at.date() <= end and self._fits(document, query)
            ]
            start_at = (page - 1) * limit
            members = [shown(self.world, document) for document in found[start_at : start_at + limit]]
        return page_of(members, page=page, limit=limit, start_at=start_at)

    def void(self, request: Request, document_id: str) -> Response:
        """Record the void event; the legal status stays."""
        document = self._find(document_id)
        complaints = examine(shapes.VOID, request.json)
        if complaints:
            return schema_error(complaints, self.world.behaviour)
        reason = request.json["reason"].strip()
        if len(reason) < 15:
            return error(400, "reason too short")
        if len(reason) > 1000:
            return error(400, "reason too long")
        try:
            self.world.authority.void(document, reason)
        except NotVoidable as refusal:
            return error(400, *_VOID_REFUSALS[refusal.reason])
        members = {"id": document.id, "legalStatus": document.legal_status}
        return Response(200, {"message": "Document cancelled", "document": members})

    def _find(self, document_id: str, *, is_read: bool = False) -> Document:
        document = self.world.authority.find(self.company.id, self.kind, document_id, is_read=is_read)
        if document is None:
            raise Refused(not_found("Document"))
        return document

    def _fits(self, document: Document, query: Mapping[str, str]) -> bool:
        actual = {"legalStatus": word_of(self.world, document), "status": status_of(document)}
        if not self.world.behaviour.list_ignores_number:
            actual["documentNumber"] = document.number
        return all(value in query[name].split(",") for name, value in actual.items() if query.get(name))

    def _enter(self, document: Document, verdict: Verdict) -> Response:
        authority, behaviour = self.world.authority, self.world.behaviour
        document.fate, document.fate_code = verdict.word, verdict.code
        document.fate_message = verdict.message
        if verdict.is_immediate and not authority.is_number_used(document.key):
            return self._rejected(document, verdict)
        try:
            authority.register(document)
        except NumberUsed:
            return self._duplicate(document)
        self.company.next_id_request += 1
        authority.save(self.company)
        members = shown(self.world, document) | {"status": "REGISTERED"}
        return Response(behaviour.created_status, {"message": "Document registered", "document": members})

    def _duplicate(self, document: Document) -> Response:
        answer = self.world.behaviour.duplicate_answer
        if answer == "plain":
            return error(400, NUMBER_USED.message)
        if answer == "errors":
            complaint = {"message": NUMBER_USED.message, "field": "information.numeration"}
            return Response(400, {"errors": [complaint]})
        document.holds_number = False
        return self._rejected(document, NUMBER_USED)

    def _rejected(self, document: Document, verdict: Verdict) -> Response:
        document.legal_status, document.cufe = PAC_REJECTED, ""
        document.decided_at = document.accepted_at
        document.response = [{"message": verdict.message}]
        self.world.authority.register(document)
        members = {"id": document.id, "status": "FINISHED", "legalStatus": PAC_REJECTED}
        errors = [{"message": verdict.message}]
        body = {"message": "Document rejected", "errors": errors, "document": members}
        return Response(verdict.status, body)
