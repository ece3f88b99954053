"""Is this RUC right, does it exist, and what kind of receiver is it? Locally first, then the provider."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from cifras.fiscal.document import ReceiverType
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken
from cifras.pac.errors import PacError
from cifras.sandbox.server import SandboxServer
from tenants.models import Exchange, TaxIdCheck, Tenant
from tenants.services import TaxIdResult, verify_ruc
from tests.factories import an_administrator

RUC, DV = "155596713-2-2015", "59"

pytestmark = pytest.mark.django_db


def verified(ruc: str = RUC, contributor: str = "JURIDICO", **options: Any) -> TaxIdResult:
    return verify_ruc(ruc, contributor, **{"actor": None, "environment": "sandbox", **options})


def warning_of(result: TaxIdResult) -> str:
    assert result.warning is not None
    return result.warning.code


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("CONTRIBUYENTE", ReceiverType.CONTRIBUYENTE),
        ("GOBIERNO", ReceiverType.GOBIERNO),
        ("OTRO", ReceiverType.CONSUMIDOR_FINAL),
    ],
)
def test_the_providers_word_decides_the_receiver_type(
    pac: SandboxServer, word: str, kind: ReceiverType
) -> None:
    pac.authority.taxpayers[RUC] = word
    result = verified()
    assert (result.dv, result.receiver_type, result.source, result.warning) == (DV, kind, "pac", None)


def test_the_answer_is_kept_with_who_asked_and_when_and_serves_for_a_day(pac: SandboxServer) -> None:
    ana = an_administrator(username="ana")
    verified(actor=ana)
    check = TaxIdCheck.objects.get()
    assert (check.checked_by, check.dv, check.receiver_word) == ("ana", DV, "CONTRIBUYENTE")
    exchange = Exchange.objects.get(uid=check.exchange_id)
    assert (exchange.operation, exchange.tenant_uid) == ("check_digit", None)

    assert verified(f" {RUC} ").source == "cache"
    assert verified(refresh=True).source == "pac"
    TaxIdCheck.objects.update(checked_at=timezone.now() - timedelta(hours=25))
    assert verified().source == "pac"
    assert len(pac.journal.requests("check_digit")) == 3


def test_the_exchange_names_the_tenant_that_asked(pac: SandboxServer) -> None:
    tenant = Tenant.objects.create(ruc=RUC, dv=DV, legal_name="La que pregunta", environment="sandbox")
    verified(tenant=tenant)
    assert Exchange.objects.get().tenant_uid == tenant.uid


def test_a_ruc_nobody_knows_is_a_refusal_and_remembered(pac: SandboxServer) -> None:
    pac.authority.taxpayers[RUC] = None
    for _ in range(2):
        with pytest.raises(RuleBroken) as refused:
            verified()
        assert refused.value.code == "unknown_tax_id"
    assert not TaxIdCheck.objects.get().is_known
    assert len(pac.journal.requests("check_digit")) == 1


@pytest.mark.parametrize(
    ("ruc", "dv", "code"),
    [(RUC, "58", "dv_mismatch"), ("not a ruc", "", "ruc_shape"), ("", "", "ruc_missing")],
)
def test_what_is_wrong_by_arithmetic_is_refused_without_asking(
    pac: SandboxServer, ruc: str, dv: str, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        verified(ruc, dv=dv)
    assert refused.value.code == code
    assert pac.journal.requests() == []


def test_with_the_provider_down_a_right_dv_passes_with_a_warning(pac: SandboxServer) -> None:
    pac.faults.add("500_before", "check_digit", times=None)
    result = verified()
    assert (result.dv, result.receiver_type, result.source) == (DV, None, "local")
    assert warning_of(result) == "tax_id_not_asked"


def test_with_the_provider_down_an_older_answer_serves_with_a_warning(pac: SandboxServer) -> None:
    verified()
    TaxIdCheck.objects.update(checked_at=timezone.now() - timedelta(days=40))
    pac.faults.add("drop_before", "check_digit", times=None)
    result = verified()
    assert (result.receiver_type, result.source) == (ReceiverType.CONTRIBUYENTE, "cache")
    assert warning_of(result) == "tax_id_not_asked"


def test_where_only_the_provider_could_tell_its_failure_is_the_answer(pac: SandboxServer) -> None:
    pac.faults.add("500_before", "check_digit", times=None)
    with pytest.raises(PacError):
        verified("12345-678")


def test_a_dv_that_the_provider_sees_otherwise_is_pointed_out(pac: SandboxServer) -> None:
    TaxIdCheck.objects.create(
        country="PA",
        environment="sandbox",
        ruc=RUC,
        contributor="JURIDICO",
        dv="11",
        receiver_word="CONTRIBUYENTE",
        checked_at=timezone.now(),
    )
    result = verified()
    assert (result.dv, result.local_dv, result.agrees) == ("11", DV, False)
    assert warning_of(result) == "dv_differs"
    with pytest.raises(RuleBroken) as refused:
        verified(dv=DV)
    assert refused.value.code == "dv_mismatch"


def test_offline_nothing_is_asked_and_the_receiver_stays_open(pac: SandboxServer) -> None:
    result = verified(offline=True)
    assert (result.dv, result.receiver_type, result.source) == (DV, None, "local")
    with pytest.raises(CannotVerifyLocally):
        verified("12345-678", offline=True)
    assert pac.journal.requests() == []


def command(capsys: Any, *arguments: str) -> tuple[int, Any]:
    code = 0
    try:
        call_command("verify_ruc", *arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_the_command_prints_dv_and_receiver(pac: SandboxServer, capsys: Any) -> None:
    code, line = command(capsys, RUC, "--type", "JURIDICO")
    assert code == 0
    assert (line["ruc"], line["type"], line["dv"], line["receiver"], line["source"], line["errors"]) == (
        RUC,
        "JURIDICO",
        DV,
        "CONTRIBUYENTE",
        "pac",
        [],
    )


@pytest.mark.parametrize(
    ("ruc", "contributor", "dv"),
    [
        (RUC, "JURIDICO", DV),
        ("10102-64-103462", "JURIDICO", "30"),
        ("8-274-125", "NATURAL", "91"),
        ("PE-1-19", "NATURAL", "60"),
        ("155587169-2-2014", "JURIDICO", "09"),
    ],
)
def test_the_command_needs_no_network_with_offline(
    capsys: Any, ruc: str, contributor: str, dv: str, settings: Any
) -> None:
    settings.PAC_BASE_URL = "http://127.0.0.1:9"
    code, line = command(capsys, ruc, "--type", contributor, "--offline")
    assert (code, line["dv"], line["receiver"], line["source"]) == (0, dv, None, "local")


@pytest.mark.parametrize(
    "arguments",
    [
        ("1-2", "--type", "NATURAL", "--offline"),
        (RUC, "--type", "JURIDICO", "--dv", "95", "--offline"),
        ("12345-678", "--type", "JURIDICO", "--offline"),
    ],
)
def test_the_command_exits_1_for_what_is_wrong(capsys: Any, arguments: tuple[str, ...]) -> None:
    code, line = command(capsys, *arguments)
    assert code == 1
    assert line["errors"][0]["message"]
