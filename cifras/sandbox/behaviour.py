"""The sandbox's switches: where the contract is silent or contradicts itself, and what a test wants otherwise."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

CHOICES: dict[str, tuple[Any, ...]] = {
    "created_status": (200, 201, 202),
    "duplicate_answer": ("document", "plain", "errors"),
    "schema_answer": ("list", "single", "unified"),
    "rule_answer": ("single", "errors", "unified"),
    "list_status": (200, 404, 405, 501),
    "check_digit_type": ("any", "words", "numbers"),
    "itbms_rounding": ("line", "total"),
    "environment_digit": ("1", "2"),
    "webhook_shape": ("cifras", "native"),
}


class UnknownSwitch(ValueError):
    """No such switch, or a value it cannot take."""


@dataclass
class Behaviour:
    """Every switch with its default. Spans are seconds or hours of the sandbox's own clock unless said otherwise."""

    # The pretend DGI
    authorise_after: float = 0  # seconds between acceptance and the DGI's word
    authorise_after_reads: int = 0  # reads that still see the document in process
    in_process_word: str = "PAC_AUTHORIZED"  # legalStatus until the DGI speaks: also REGISTERED, DGI_REQUEST
    void_window_hours: float = 182
    window_first: bool = False  # a repeated void after the window hears "outside void window"
    environment_digit: str = "2"  # iAmb in the CUFE: 2 is the test environment
    itbms_rounding: str = "line"
    require_affiliation: bool = True  # AP1010 until the company is SUBSCRIBED
    auto_scan: bool = True  # the customer scans the QR at once

    # How answers look
    created_status: int = 200
    flat_answers: bool = False  # GET answers the document without its envelope
    duplicate_answer: str = "document"
    schema_answer: str = "list"
    rule_answer: str = "single"
    list_status: int = 200  # 404, 405 or 501: documents cannot be listed
    list_ignores_number: bool = False  # the list does not honour documentNumber
    check_digit_type: str = "any"
    main_office_by_patch: bool = False  # POST refuses the main office, PATCH /office makes it
    reports_in_utc: bool = False  # days of a report begin at 19:00 of the day before

    # Files
    pdf_after: float = 0  # seconds between the DGI's word and the PDF
    link_seconds: float = 300  # life of a signed link

    # Webhooks; waits are real seconds
    webhooks_automatic: bool = False
    webhook_url: str = ""  # {company} stands for the company's id
    webhook_secret: str = ""
    webhook_shape: str = "cifras"
    webhook_attempts: int = 3
    webhook_retry_wait: float = 0.5

    accepted_keys: set[str] = field(default_factory=set, repr=False)  # empty: any key
    revoked_keys: set[str] = field(default_factory=set, repr=False)

    def accepts(self, key: str) -> bool:
        """Whether a bearer token opens the door."""
        return (
            bool(key)
            and key not in self.revoked_keys
            and (not self.accepted_keys or key in self.accepted_keys)
        )

    def update(self, changes: Mapping[str, Any]) -> None:
        """Take several switches at once, all or none; texts are read as the switch's own type. Raises UnknownSwitch."""
        for name, value in [(name, self._read(name, value)) for name, value in changes.items()]:
            setattr(self, name, value)

    def reset(self) -> None:
        """Every switch back to its default, keys included."""
        for name, value in vars(Behaviour()).items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """All switches save the keys and the webhook secret."""
        hidden = {"accepted_keys", "revoked_keys", "webhook_secret"}
        return {name: value for name, value in asdict(self).items() if name not in hidden}

    def _read(self, name: str, value: Any) -> Any:
        kinds = {each.name: each.type for each in fields(self)}
        kind = kinds.get(name)
        try:
            if kind is bool:
                return _READ_BOOL[str(value).lower()]
            if kind in (int, float, str):
                value = kind(value)
                if value in CHOICES.get(name, (value,)):
                    return value
        except (KeyError, ValueError, TypeError) as error:
            raise UnknownSwitch(f"{name}: {value!r}") from error
        raise UnknownSwitch(f"{name}: {value!r}")


_READ_BOOL = {
    "true": True,
    "on": True,
    "1": True,
    "yes": True,
    "false": False,
    "off": False,
    "0": False,
    "no": False,
}
_READ_BOOL[""] = False
