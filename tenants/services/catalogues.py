"""Code tables of the authority, as the provider serves them: kept a day, their age shown, the last good copy while it is down.

Source: domain 4 and wire contract 8. A search never waits for the provider once there is a copy; an old one is renewed behind it.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.core.scopes import all_tenants
from cifras.core.wording import sentence
from cifras.fiscal.catalogues.places import LOCATIONS
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import Capability, CatalogueRow
from cifras.pac.errors import NotSupported, PacError
from cifras.pac.registry import PROVIDERS
from tenants.models import Catalogue, CatalogueEntry, Tenant
from tenants.services.accounts import company_id, provider_for, provider_spec, provider_without_tenant

GOOD_FOR = timedelta(hours=24)
MOST_FOUND = 20
_PAUSE_AFTER_FAILURE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Copy:
    """A code table as we hold it. `warning` says why it is not of today, or empty."""

    rows: tuple[CatalogueRow, ...] = ()
    fetched_at: datetime | None = None
    warning: RuleBroken | None = None

    def __iter__(self) -> Iterator[CatalogueRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def age(self) -> timedelta | None:
        """How long ago it came; None when it never did."""
        return timezone.now() - self.fetched_at if self.fetched_at else None


def goods_and_services(tenant: Tenant, *, actor: Staff | None = None, refresh: bool = False) -> Copy:
    """The CPBS catalogue for `tenant`: of the last 24 h, or asked for now.

    While the provider does not answer, the last good copy with a warning; PacError when there has never been one.
    """
    catalogue = _catalogue(tenant.pac_provider, tenant.environment, Catalogue.Name.GOODS)
    warning = None
    if refresh or is_old(catalogue):
        try:
            fetch(catalogue, actor=actor, tenant=tenant)
        except PacError as error:
            if catalogue.fetched_at is None:
                raise
            warning = _old_copy(error)
    rows = tuple(CatalogueRow(row.code, row.name, row.unit) for row in catalogue.entries.order_by("code"))
    return Copy(rows=rows, fetched_at=catalogue.fetched_at, warning=warning)


def find_goods(tenant: Tenant, typed: str, *, actor: Staff | None) -> list[CatalogueEntry]:
    """The first CPBS codes that begin with what was typed, or whose name holds its words; [] where nobody can be asked."""
    catalogue = _catalogue(tenant.pac_provider, tenant.environment, Catalogue.Name.GOODS)
    if is_old(catalogue) and not _failed_lately(catalogue):
        if catalogue.fetched_at:
            wake("tenants.catalogues")
        else:
            _fetch_quietly(catalogue, actor, tenant)
    return list(_matching(catalogue, typed)[:MOST_FOUND])


def unknown_goods(tenant: Tenant, codes: Iterable[str]) -> set[str]:
    """Which of these CPBS codes are not in the copy we hold; none without a copy. Nobody is asked."""
    wanted = set(codes)
    rows = CatalogueEntry.objects.filter(
        catalogue__provider=tenant.pac_provider,
        catalogue__environment=tenant.environment,
        catalogue__name=Catalogue.Name.GOODS,
    )
    if not wanted or not rows.exists():
        return set()
    return wanted - set(rows.filter(code__in=wanted).values_list("code", flat=True))


def find_places(typed: str) -> list[CatalogueRow]:
    """The first places whose code begins with what was typed, or whose names hold its words.

    From the provider's list where it was fetched, else from the sample that comes with the house.
    """
    catalogue = Catalogue.objects.filter(name=Catalogue.Name.LOCATIONS, size__gt=0)
    newest = catalogue.order_by("-fetched_at").first()
    if newest:
        found = _matching(newest, typed)[:MOST_FOUND]
        return [CatalogueRow(row.code, row.name) for row in found]
    words = plain(typed).split()
    rows = (CatalogueRow(code, ", ".join(place)) for code, place in LOCATIONS.items())
    fits = [
        row
        for row in rows
        if row.code.startswith(typed.strip()) or all(word in plain(row.name) for word in words)
    ]
    return fits[:MOST_FOUND]


def place_name(code: str) -> str:
    """The names of a place, from the largest part to the smallest; empty for a code that nobody named yet."""
    known = LOCATIONS.get(code.strip())
    if known:
        return ", ".join(known)
    row = CatalogueEntry.objects.filter(catalogue__name=Catalogue.Name.LOCATIONS, code=code.strip()).first()
    return row.name if row else ""


def fetch(catalogue: Catalogue, *, actor: Staff | None, tenant: Tenant | None = None) -> Catalogue:
    """Ask the provider for the whole table now and keep it instead of the copy; PacError leaves the copy as it was."""
    asked = timezone.now()
    try:
        rows = _asked(catalogue, tenant)
    except PacError as error:
        Catalogue.objects.filter(pk=catalogue.pk).update(tried_at=asked, problem=sentence(error))
        catalogue.refresh_from_db()
        raise
    with transaction.atomic():
        locked = Catalogue.objects.select_for_update().get(pk=catalogue.pk)
        locked.entries.all().delete()
        CatalogueEntry.objects.bulk_create(_entries(locked, rows), batch_size=1000)
        size = locked.entries.count()
        Catalogue.objects.filter(pk=catalogue.pk).update(
            fetched_at=asked,
            tried_at=asked,
            fetched_by=actor.username if actor else "",
            problem="",
            size=size,
        )
        audit.record("catalogue.fetched", actor=actor, target=catalogue, after={"size": size})
    catalogue.refresh_from_db()
    return catalogue


def refresh_catalogues(*, actor: Staff | None = None, only_old: bool = False) -> list[Catalogue]:
    """Fetch every code table of every provider account in use; what cannot be had is told by its `problem`."""
    tried = []
    for tenant in _one_tenant_per_account():
        for name, capability in _CAPABILITIES.items():
            if not provider_spec(tenant).can(capability):
                continue
            catalogue = _catalogue(tenant.pac_provider, tenant.environment, name)
            if not only_old or (is_old(catalogue) and not _failed_lately(catalogue)):
                _fetch_quietly(catalogue, actor, tenant)
                tried.append(catalogue)
    return tried


def is_old(catalogue: Catalogue) -> bool:
    """Whether it is time to ask again."""
    return catalogue.fetched_at is None or catalogue.fetched_at < timezone.now() - GOOD_FOR


def plain(text: str) -> str:
    """`text` without accents or capitals."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_CAPABILITIES = {
    Catalogue.Name.GOODS: Capability.CATALOGUE,
    Catalogue.Name.LOCATIONS: Capability.LOCATIONS,
}


def _catalogue(provider: str, environment: str, name: str) -> Catalogue:
    found, _made = Catalogue.objects.get_or_create(provider=provider, environment=environment, name=name)
    return found


def _failed_lately(catalogue: Catalogue) -> bool:
    return (
        bool(catalogue.problem)
        and catalogue.tried_at is not None
        and catalogue.tried_at > timezone.now() - _PAUSE_AFTER_FAILURE
    )


def _fetch_quietly(catalogue: Catalogue, actor: Staff | None, tenant: Tenant) -> None:
    """As `fetch`; what went wrong stays on the catalogue."""
    with suppress(PacError):
        fetch(catalogue, actor=actor, tenant=tenant)


def _asked(catalogue: Catalogue, tenant: Tenant | None) -> Sequence[CatalogueRow]:
    spec = PROVIDERS[catalogue.provider]
    if not spec.can(_CAPABILITIES[Catalogue.Name(catalogue.name)]):
        raise NotSupported(gettext_noop("{provider} no ofrece ese catálogo."), provider=spec.name)
    if catalogue.name == Catalogue.Name.LOCATIONS:
        provider = (
            provider_for(tenant) if tenant else provider_without_tenant(spec.key, catalogue.environment)
        )
        return provider.locations()
    customer = tenant or _customer(catalogue)
    return provider_for(customer).goods_and_services(company_id(customer))


def _customer(catalogue: Catalogue) -> Tenant:
    """Somebody with an account, in whose name the table is asked for."""
    with all_tenants(reason="a customer in whose name to fetch a code table"):
        rows = Tenant.objects.filter(pac_provider=catalogue.provider, environment=catalogue.environment)
    found = rows.exclude(pac_company_id=None).order_by("pk").first()
    if found is None:
        raise NotSupported(
            gettext_noop("Todavía no hay ninguna empresa en el PAC en cuyo nombre pedir el catálogo.")
        )
    return found


def _one_tenant_per_account() -> list[Tenant]:
    found: dict[tuple[str, str], Tenant] = {}
    for tenant in (
        Tenant.objects.exclude(pac_company_id=None).exclude(state=Tenant.State.CLOSED).order_by("pk")
    ):
        found.setdefault((tenant.pac_provider, tenant.environment), tenant)
    return list(found.values())


def _entries(catalogue: Catalogue, rows: Iterable[CatalogueRow]) -> Iterator[CatalogueEntry]:
    """What fits the columns; the first of rows with the same code."""
    codes: set[str] = set()
    for row in rows:
        if len(row.code) > 20 or row.code in codes:
            continue
        codes.add(row.code)
        name = row.name[:300]
        yield CatalogueEntry(
            catalogue=catalogue, code=row.code, name=name, unit=row.unit[:20], words=plain(name)[:300]
        )


def _matching(catalogue: Catalogue, typed: str) -> QuerySet[CatalogueEntry]:
    words = Q()
    for word in plain(typed).split():
        words &= Q(words__contains=word)
    return catalogue.entries.filter(Q(code__startswith=typed.strip()) | words).order_by("code")


def _old_copy(error: PacError) -> RuleBroken:
    return RuleBroken(
        "catalogue_is_old",
        gettext_noop("El PAC no respondió: se usa la última copia del catálogo. {problem}"),
        problem=error.message,
    )
