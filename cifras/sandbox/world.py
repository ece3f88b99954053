"""Everything that one sandbox is made of, for the dialects and the control page."""

from dataclasses import dataclass, field

from cifras.sandbox.authority import Authority
from cifras.sandbox.behaviour import Behaviour
from cifras.sandbox.clock import Clock
from cifras.sandbox.faults import Faults
from cifras.sandbox.journal import Journal
from cifras.sandbox.links import Links
from cifras.sandbox.peru.sunat import Sunat
from cifras.sandbox.webhooks import Webhooks


@dataclass(frozen=True)
class Mail:
    """A mail that the provider says it sent."""

    document_id: str
    address: str
    message: str


@dataclass
class World:
    """One sandbox."""

    clock: Clock
    behaviour: Behaviour
    authority: Authority
    sunat: Sunat
    faults: Faults
    journal: Journal
    links: Links
    webhooks: Webhooks
    mails: list[Mail] = field(default_factory=list)

    def reset(self) -> None:
        """As new: nothing known, nothing planned, every switch at its default."""
        self.authority.reset()
        self.sunat.reset()
        self.behaviour.reset()
        self.faults.clear()
        self.journal.clear()
        self.webhooks.clear()
        self.mails.clear()
