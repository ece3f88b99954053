"""Following the companies' affiliation: the waiting ones until the customer has scanned, the affiliated live ones daily.

`Tenant.affiliation_due_at` is the queue. A row is claimed by moving that time forward, so a killed worker costs one wait; asking
twice does no harm. Persons are not disturbed: what the worker learns leaves the onboarding's version as it is.
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from cifras.core.context import act_context
from cifras.fiscal.errors import RuleBroken
from cifras.pac.contract import Capability, CompanyState, PacProvider
from cifras.pac.errors import PacError
from tenants.models import Onboarding, Tenant
from tenants.services.accounts import company_id, provider_for
from tenants.services.affiliation import remember, waiting_since
from tenants.services.onboarding import run_step
from tenants.services.progress import StepState, last_try
from tenants.services.providers import provider_names

logger = logging.getLogger(__name__)

_A_DAY = timedelta(days=1)
# How long a code is shown before another one is fetched, and how long after the last request that goes on by itself.
_CODE_LASTS = timedelta(hours=24)
_CODE_RENEWED_FOR = timedelta(days=14)

type _Account = tuple[str, str]


def read_due(*, limit: int = 20) -> int:
    """Read the companies whose turn has come; answers how many. A provider that fails is left alone for this round."""
    done = 0
    silent: set[_Account] = set()
    while done < limit and (tenant := _claim_next(timezone.now(), silent)):
        done += 1
        try:
            with act_context():
                _read(tenant)
        except (PacError, RuleBroken) as error:
            silent.add((tenant.pac_provider, tenant.environment))
            logger.warning("The affiliation of tenant %s could not be read: %s", tenant.uid, error.code)
    return done


def _claim_next(now: datetime, silent: set[_Account]) -> Tenant | None:
    due = _due(now)
    for provider, environment in silent:
        due &= ~Q(pac_provider=provider, environment=environment)
    with transaction.atomic():
        tenant = (
            Tenant.objects.select_for_update(skip_locked=True, of=("self",))
            .annotate(last_read=Coalesce("affiliation_read_at", "created_at"))
            .filter(due)
            .order_by(F("affiliation_due_at").asc(nulls_first=True), "pk")
            .first()
        )
        if tenant is None:
            return None
        Tenant.objects.filter(pk=tenant.pk).update(affiliation_due_at=now + _lease())
    return tenant


def _due(now: datetime) -> Q:
    """Waiting ones that the customer may scan by now, and live ones that hold; without a time of their own yet, those too."""
    able = [key for key, _name in provider_names(Capability.ONBOARD)]
    waiting = Q(may_issue_live=False) & (~Q(affiliated="") | Q(onboarding__qr__gt=""))
    waiting &= Q(affiliation_due_at__lte=now) | Q(affiliation_due_at=None)
    holding = Q(may_issue_live=True, environment=Tenant.Environment.LIVE)
    holding &= Q(affiliation_due_at__lte=now) | Q(affiliation_due_at=None, last_read__lte=now - _A_DAY)
    known = Q(pac_company_id__isnull=False, pac_provider__in=able) & ~Q(state=Tenant.State.CLOSED)
    return known & (waiting | holding)


def _lease() -> timedelta:
    """Longer than the calls of one turn can take together."""
    return timedelta(seconds=3 * (settings.PAC_CONNECT_TIMEOUT + settings.PAC_TOTAL_TIMEOUT) + 60)


def _read(tenant: Tenant) -> None:
    onboarding = Onboarding.objects.filter(tenant=tenant).first()
    provider, company = provider_for(tenant), company_id(tenant)
    is_renewed = _is_to_be_finished(tenant, onboarding) and _finish(provider, company)
    state = provider.read_company(company)
    with transaction.atomic():
        remember(tenant, state, actor=None, is_renewed=is_renewed)
    if onboarding is None:
        return
    onboarding.tenant = tenant
    if tenant.may_issue_live:
        _note_done(onboarding)
    elif _is_code_old(onboarding):
        _keep_code(onboarding, provider.request_affiliation(company))


def _is_to_be_finished(tenant: Tenant, onboarding: Onboarding | None) -> bool:
    """Whether the customer may have scanned: a code was asked for, and after the lapse if there was one."""
    if tenant.may_issue_live or onboarding is None:
        return False
    asked = last_try(onboarding, "request_affiliation")
    if asked.state is not StepState.DONE or asked.at is None:
        return False
    return tenant.affiliation_lapsed_at is None or asked.at > tenant.affiliation_lapsed_at


def _finish(provider: PacProvider, company: str) -> bool:
    """The call of type 1. What it failed with says little: the company is read after it anyhow."""
    try:
        provider.finish_affiliation(company)
    except PacError:
        return False
    return True


def _note_done(onboarding: Onboarding) -> None:
    """Let the step say so too, unless somebody is at it."""
    if last_try(onboarding, "finish_affiliation").state is StepState.WAITING:
        with suppress(RuleBroken):
            run_step(onboarding, "finish_affiliation", actor=None)


def _is_code_old(onboarding: Onboarding) -> bool:
    now = timezone.now()
    if not onboarding.qr or onboarding.qr_read_at is None:
        return False
    is_awaited = now - waiting_since(onboarding.tenant, onboarding) < _CODE_RENEWED_FOR
    return is_awaited and now - onboarding.qr_read_at > _CODE_LASTS


def _keep_code(onboarding: Onboarding, state: CompanyState) -> None:
    if state.qr:
        Onboarding.objects.filter(pk=onboarding.pk).update(qr=state.qr, qr_read_at=timezone.now())
