"""Every provider of the registry with an account, a company and a draft at the practice PACs: what a contract test needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cifras.fiscal.document import DocumentDraft, Kind
from cifras.fiscal.totals import spread_discounts
from cifras.pac.contract import Account, Exchange, PacAnswer, PacProvider, ProviderSpec
from cifras.pac.registry import PROVIDERS
from cifras.sandbox.peru.sunat import Taxpayer
from cifras.sandbox.server import SandboxServer
from tests.fiscal import drafts, peru_drafts

TOKEN = "practice-key-9f8e7d6c5b4a"
UUID = "0b8a2c44-5d61-4a36-9c7e-1f2a3b4c5d6e"


@dataclass
class Practice:
    """One provider, ready to speak. `held` counts the documents that the practice PAC holds under a number."""

    key: str
    provider: PacProvider
    company_id: str
    sandbox: SandboxServer
    options: Mapping[str, str]
    draft: Callable[[int], DocumentDraft]
    number_of: Callable[[int], str]
    held: Callable[[], int]
    create: str
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def spec(self) -> ProviderSpec:
        return PROVIDERS[self.key]

    def issue(self, number: int = 1, **changes: Any) -> PacAnswer:
        payload = self.provider.payload(replace(self.draft(number), **changes))
        return self.provider.submit(
            Kind.INVOICE, self.company_id, payload, idempotency_key=f"intent-{number}"
        )


def practice(key: str, sandbox: SandboxServer, **options: str) -> Practice:
    """The provider's practice; a new provider adds its row here and passes the same sentences."""
    return _PRACTICES[key](sandbox, {**_DEFAULTS.get(key, {}), **options})


def _connected(
    key: str, sandbox: SandboxServer, company_id: str, base: str, options: Mapping[str, str], **rest: Any
) -> Practice:
    exchanges: list[Exchange] = []
    account = Account(
        f"{sandbox.root_url}{base}",
        TOKEN,
        read_timeout=5,
        retry_wait=(0, 0),
        options={"ruc": "20131312955", **options, "company_id": company_id},
    )
    provider = PROVIDERS[key].connect(account, exchanges.append, "c-1")
    return Practice(key, provider, company_id, sandbox, account.options, exchanges=exchanges, **rest)


def _alanube(sandbox: SandboxServer, options: Mapping[str, str]) -> Practice:
    company = sandbox.authority.add_company(ruc="155646463-2-2017", name="Emisor de Ejemplo, S.A.")

    def draft(number: int) -> DocumentDraft:
        plain = spread_discounts(drafts.invoice())
        return replace(plain, number=f"{number:010d}", security_code="123456789")

    return _connected(
        "alanube",
        sandbox,
        company.id,
        "/alanube",
        options,
        draft=draft,
        number_of=lambda number: f"{number:010d}",
        held=lambda: len(sandbox.authority.of_company(company.id)),
        create="create_invoice",
    )


def _peruvian(key: str, create: str, base: str) -> Callable[[SandboxServer, Mapping[str, str]], Practice]:
    def made(sandbox: SandboxServer, options: Mapping[str, str]) -> Practice:
        company = Taxpayer(
            UUID if key == "fabo" else "com_61a43c55fbe873", "20131312955", "Emisor de Ejemplo S.A.C.", key
        )
        sandbox.sunat.save(company)
        return _connected(
            key,
            sandbox,
            company.id,
            base,
            options,
            draft=lambda number: peru_drafts.factura(number=str(number)),
            number_of=lambda number: f"F001-{number}",
            held=lambda: len(sandbox.sunat.of_company(company.id)),
            create=create,
        )

    return made


_DEFAULTS = {"tandia": {"create_path": "/api/document"}}
_PRACTICES = {
    "alanube": _alanube,
    "tandia": _peruvian("tandia", "create_document", "/tandia"),
    "fabo": _peruvian("fabo", "emitir", "/fabo/v1"),
}
