"""How the provider words its answers: documents in their envelope, and errors in the several shapes that were seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cifras.sandbox.alanube.schema import Complaint
from cifras.sandbox.behaviour import Behaviour
from cifras.sandbox.web import Response


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that a well-formed request breaks. `code` only where one is known."""

    message: str
    code: str = ""
    field: str = ""

    def as_dict(self) -> dict[str, str]:
        """Without what is empty."""
        members = {"code": self.code, "message": self.message, "field": self.field}
        return {name: value for name, value in members.items() if value}


class Refused(Exception):
    """The request ends here with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def error(status: int, message: str, code: str | int = "") -> Response:
    """A single message."""
    return Response(status, {"code": code or status, "message": message})


def not_found(what: str) -> Response:
    """Unknown, or somebody else's."""
    return error(404, f"{what} not found")


def schema_error(complaints: Sequence[Complaint], behaviour: Behaviour) -> Response:
    """The body does not look as it should."""
    if behaviour.schema_answer == "single":
        return error(400, complaints[0].message)
    if behaviour.schema_answer == "unified":
        errors = [{"code": "AP10067", "message": each.text, "field": each.field} for each in complaints]
        return Response(400, {"code": 400, "errors": errors})
    return Response(400, {"message": [each.message for each in complaints], "code": 400})


def rule_error(problems: Sequence[Problem], behaviour: Behaviour) -> Response:
    """The body looks right and breaks rules; several at once always come as a list."""
    errors = [problem.as_dict() for problem in problems]
    if behaviour.rule_answer == "unified":
        return Response(400, {"code": 400, "errors": errors})
    if behaviour.rule_answer == "errors" or len(problems) > 1:
        return Response(400, {"errors": errors})
    return error(400, problems[0].message, problems[0].code)


def page_of(shown: Sequence[Any], *, page: int, limit: int, start_at: int) -> Response:
    """One page of a list; `shown` are its documents, the first of them is number `start_at` counted from 0."""
    metadata = {
        "current_page": page,
        "limit": limit,
        "from": start_at + 1 if shown else None,
        "to": start_at + len(shown) if shown else None,
    }
    return Response(200, {"metadata": metadata, "documents": shown})
