"""The company's branches: taken down here, then registered at the provider one by one.

Each is looked for first. `Office.registration` is UNKNOWN from before its request leaves until it is certain what became of it,
and an unknown one is asked about, never posted again before the provider says that it is not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from django.db import transaction
from django.db.models import ProtectedError

from cifras.core import audit
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.pac.contract import OfficeProfile, OfficeState, PacProvider
from cifras.pac.errors import NotFound, NotSupported, Outcome, PacError, Refused, Unsettled
from tenants.models import BillingPoint, Office, Tenant
from tenants.services.accounts import company_id, provider_for
from tenants.services.companies import is_request_over, with_request_noted
from tenants.services.office_reading import OfficeEntry, PointEntry, read_offices
from tenants.services.progress import StepResult, StepRun, StepState

_AT_PROVIDER = ("type", "address", "telephone", "coordinates", "location", "email")


def take_offices(run: StepRun) -> StepResult:
    """Input `offices`: the whole list, as in the JSON. Unlisted ones that were never sent are removed.

    Raises RulesBroken also for a change to an office that the provider has, or may have.
    """
    entries = read_offices(run.inputs, country=run.tenant.country)
    with transaction.atomic():
        existing = {office.code: office for office in run.tenant.offices.select_for_update()}
        _require_unchanged(existing, entries)
        _remove_unlisted(existing, entries)
        # Only one may be the main one at any moment: make room before another becomes it.
        run.tenant.offices.filter(registration=Office.Registration.PENDING).update(
            type=Office.Type.ASSOCIATED
        )
        for entry in entries:
            _save(run.tenant, entry)
    return StepResult()


def entries_of(tenant: Tenant) -> tuple[OfficeEntry, ...]:
    """What was taken before, by code. Reads `offices__billing_points`, which may be prefetched."""
    return tuple(
        OfficeEntry(
            code=office.code,
            type=office.type,
            address=office.address,
            telephone=office.telephone,
            coordinates=office.coordinates,
            location=office.location,
            email=office.email,
            billing_points=tuple(
                PointEntry(point.code, point.first_number)
                for point in sorted(office.billing_points.all(), key=lambda point: point.code)
            ),
        )
        for office in sorted(tenant.offices.all(), key=lambda office: office.code)
    )


def register_offices(run: StepRun) -> StepResult:
    """Register every open office the provider does not have, the main one first.

    Input `absent_because`: how a person knows that an office in doubt is not at the provider. A refusal of one office does not
    stop the others; a lost answer does, since the provider is in trouble.
    """
    provider = provider_for(run.tenant)
    offices = list(run.tenant.offices.filter(closed_at=None).exclude(registration=Office.Registration.DONE))
    offices.sort(key=lambda office: (office.type != Office.Type.MAIN, office.code))
    if not offices:
        return StepResult()
    known = _known_offices(provider, company_id(run.tenant))
    doubts: list[RuleBroken] = []
    refusals: list[Refused] = []
    for office in offices:
        run.hold()
        state = known.get(office.code) if known is not None else None
        if state:
            _registered(run, office, state)
        elif office.registration == Office.Registration.UNKNOWN and not _is_absent(run, office, known):
            doubts.append(_in_doubt(office, can_ask=known is not None))
        else:
            try:
                _register(run, office, provider)
            except Refused as error:
                refusals.append(error)
    if refusals:
        raise _together(refusals)
    return StepResult(StepState.UNKNOWN if doubts else StepState.DONE, notes=tuple(doubts))


def _known_offices(provider: PacProvider, at_company: str) -> Mapping[str, OfficeState] | None:
    """What the provider has, by code; None when it cannot be asked."""
    try:
        return {state.code: state for state in provider.offices(at_company) if state.office_id}
    except (NotSupported, NotFound):
        return None


def _is_absent(run: StepRun, office: Office, known: Mapping[str, OfficeState] | None) -> bool:
    """Whether an office in doubt, which the provider did not show, may be posted again."""
    if str(run.inputs.get("absent_because") or "").strip():
        return True
    return known is not None and is_request_over(run.onboarding, _request_name(office))


def _register(run: StepRun, office: Office, provider: PacProvider) -> None:
    profile = OfficeProfile(
        code=office.code,
        is_main=office.type == Office.Type.MAIN,
        address=office.address,
        telephone=office.telephone,
        coordinates=office.coordinates,
        location=office.location,
        email=office.email,
    )
    with transaction.atomic():
        run.hold(data=with_request_noted(run.onboarding, _request_name(office)))
        _mark(office, Office.Registration.UNKNOWN)
    try:
        state = provider.create_office(company_id(run.tenant), profile)
    except PacError as error:
        if error.outcome is Outcome.NOT_DONE:
            _mark(office, Office.Registration.PENDING)
        raise
    if not state.office_id:
        raise Unsettled(body=state.body, exchange_id=state.exchange_id)
    _registered(run, office, state)


def _registered(run: StepRun, office: Office, state: OfficeState) -> None:
    with transaction.atomic():
        office.pac_office_id = state.office_id
        office.registration = Office.Registration.DONE
        office.save(update_fields=["pac_office_id", "registration"])
        audit.record(
            "office.registered",
            actor=run.actor,
            tenant_uid=run.tenant.uid,
            target=office,
            after={"code": office.code, "pac_office_id": state.office_id},
            reason=str(run.inputs.get("absent_because") or ""),
            exchange_id=state.exchange_id,
        )


def _mark(office: Office, registration: Office.Registration) -> None:
    office.registration = registration
    office.save(update_fields=["registration"])


def _request_name(office: Office) -> str:
    return f"office {office.code}"


def _save(tenant: Tenant, entry: OfficeEntry) -> None:
    values = {name: value for name, value in asdict(entry).items() if name in _AT_PROVIDER}
    office, _ = Office.objects.update_or_create(tenant=tenant, code=entry.code, defaults=values)
    # Points that are kept whatever the list says: of an office that is registered, and those that gave numbers.
    kept = office.billing_points.all()
    if office.registration == Office.Registration.PENDING:
        kept = kept.filter(code__in=office.number_series.values("billing_point"))
        listed = [point.code for point in entry.billing_points]
        office.billing_points.exclude(pk__in=kept).exclude(code__in=listed).delete()
    fixed = set(kept.values_list("code", flat=True))
    for point in entry.billing_points:
        if point.code not in fixed:
            BillingPoint.objects.update_or_create(
                office=office, code=point.code, defaults={"first_number": point.first_number}
            )


def _require_unchanged(existing: Mapping[str, Office], entries: Sequence[OfficeEntry]) -> None:
    reasons = [
        RuleBroken(
            "office_already_sent",
            gettext_noop(
                "El PAC ya recibió la sucursal {office}: este dato no se cambia durante la habilitación."
            ),
            f"offices[{position}].{name}",
            office=entry.code,
        )
        for position, entry in enumerate(entries)
        for name in _AT_PROVIDER
        if (office := existing.get(entry.code))
        and office.registration != Office.Registration.PENDING
        and getattr(office, name) != getattr(entry, name)
    ]
    refuse(reasons)


def _remove_unlisted(existing: Mapping[str, Office], entries: Sequence[OfficeEntry]) -> None:
    listed = {entry.code for entry in entries}
    for office in existing.values():
        if office.code in listed or office.registration != Office.Registration.PENDING:
            continue
        try:
            office.billing_points.all().delete()
            office.delete()
        except ProtectedError:
            raise RuleBroken(
                "office_in_use",
                gettext_noop("La sucursal {office} ya tiene documentos: déjela en la lista."),
                "offices",
                office=office.code,
            ) from None


def _in_doubt(office: Office, *, can_ask: bool) -> RuleBroken:
    if can_ask:
        return RuleBroken(
            "office_unknown_yet",
            gettext_noop(
                "Se pidió registrar la sucursal {office}, la respuesta se perdió y el PAC aún no la muestra. Repita el paso en "
                "unos minutos: se le preguntará de nuevo antes de registrarla."
            ),
            office=office.code,
        )
    return RuleBroken(
        "office_unknown",
        gettext_noop(
            "Se pidió registrar la sucursal {office}, la respuesta se perdió y este PAC no deja buscarla. Compruebe en su portal "
            "si existe; si no existe, confírmelo para pedirla otra vez."
        ),
        office=office.code,
    )


def _together(refusals: Sequence[Refused]) -> Refused:
    """One error with all the complaints, in words that fit: it is offices that were refused."""
    return Refused(
        gettext_noop("El PAC rechazó una sucursal. Corrija lo que señala y repita el paso."),
        status=refusals[0].status,
        problems=tuple(problem for error in refusals for problem in error.problems),
        body=refusals[0].body,
        exchange_id=refusals[0].exchange_id,
    )
