"""What the law, or a rule of ours, refuses.

A refusal says which rule (`code`, stable, for programs), what is wrong and what to do about it (`message`, for staff) and
where (`field`, the path of the member as the JSON document names it, such as ``lines[0].cpbs_code``; empty for the whole).

Messages are Spanish templates; the English ones stand in the catalogue of the web floor, which translates `template` and
fills in `values` again. This floor knows no translation machinery: `gettext_noop` only marks a text for the catalogue.
"""

from collections.abc import Iterable, Mapping
from typing import Any


def gettext_noop(text: str) -> str:
    """Mark `text` for the message catalogue and give it back unchanged."""
    return text


class RuleBroken(Exception):
    """One rule refuses. Nothing has been done."""

    def __init__(self, code: str, message: str, field: str = "", **values: Any) -> None:
        self.code = code
        self.template = message
        self.field = field
        self.values: Mapping[str, Any] = values
        super().__init__(code, message, field)

    @property
    def message(self) -> str:
        """The Spanish sentence, with its values filled in."""
        return self.template.format(**self.values) if self.values else self.template

    @property
    def reasons(self) -> tuple["RuleBroken", ...]:
        """Every refusal this error stands for: itself."""
        return (self,)

    def at(self, field: str) -> "RuleBroken":
        """The same refusal, said about another member (`lines[2].` + field, for instance)."""
        moved = RuleBroken(self.code, self.template, field, **self.values)
        moved.__cause__ = self
        return moved

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class RulesBroken(RuleBroken):
    """Several rules refuse at once: staff see all reasons in one go."""

    def __init__(self, reasons: Iterable[RuleBroken]) -> None:
        self._reasons = tuple(reason for group in reasons for reason in group.reasons)
        first = self._reasons[0]
        super().__init__(first.code, first.template, first.field, **first.values)

    @property
    def reasons(self) -> tuple[RuleBroken, ...]:
        return self._reasons

    def __str__(self) -> str:
        return "\n".join(str(reason) for reason in self._reasons)


class CannotVerifyLocally(RuleBroken):
    """The authority's paper leaves this case open: ask the provider's check-digit service instead."""


def refuse(reasons: Iterable[RuleBroken]) -> None:
    """Raise what there is: nothing, the only reason itself, or all of them as one `RulesBroken`."""
    found = tuple(reasons)
    if len(found) == 1:
        raise found[0]
    if found:
        raise RulesBroken(found)
