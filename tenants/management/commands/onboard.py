"""`manage.py onboard FILE`: bring a company to where it may issue, as far as one can come without its customer.

In Panama one run creates the company, asks for the affiliation (3), finishes it (1), reads the company and registers the offices;
what is missing is pending, and another run goes on where this one stopped. Where the company has its account already, the
file names it (`pac_company_id`, `token_env`, ...), and the run tries it.
"""

import os
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cifras.core.management.results import as_line, error_list
from cifras.core.reading import parse_json
from cifras.fiscal.errors import RuleBroken, RulesBroken, gettext_noop, refuse
from cifras.pac.contract import ProviderSpec
from cifras.pac.errors import PacError
from tenants.models import Onboarding, Tenant
from tenants.services import advance, pending_steps, run_step, start_onboarding
from tenants.services.account_reading import AccountEntry, inputs_of, member_of, read_account
from tenants.services.accounts import provider_spec
from tenants.services.connecting import is_changed, known_secrets
from tenants.services.custody import open_pair
from tenants.services.finding import onboarding_of
from tenants.services.pkcs12_costs import LONGEST_FILE_BYTES
from tenants.services.reading import CertificateNames, OnboardingEntry, read_onboarding


@dataclass(frozen=True, slots=True)
class _Certificates:
    """What was read for the certificate step: (bytes, password) for signing and for authentication."""

    signature: tuple[bytes, str]
    authentication: tuple[bytes, str]

    def __repr__(self) -> str:
        return "_Certificates(…)"


class Command(BaseCommand):
    help = "Habilita una empresa ante el PAC desde un archivo JSON; repetirlo sigue donde quedó."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="archivo JSON con la empresa, su certificado y sus sucursales")
        parser.add_argument(
            "--absent-because",
            default="",
            metavar="TEXT",
            help="cómo se comprobó en el portal del PAC que la empresa o la sucursal en duda no existe: se pide otra vez",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        text = _text_of(path)
        entry: OnboardingEntry | None = None
        doubts = {"absent_because": options["absent_because"]}
        refusals: list[RuleBroken | PacError]
        try:
            entry = read_onboarding(parse_json(text), is_whole=True)
            certificates = _certificates(entry, path.parent)
            account = _account(entry)
            onboarding = start_onboarding(entry, actor=None)
            if account and is_changed(onboarding, account):
                run_step(onboarding, "account", actor=None, **inputs_of(account))
            if certificates:
                _hand_in(onboarding, certificates)
            refusals = advance(
                onboarding, actor=None, inputs={"create_company": doubts, "register_offices": doubts}
            )
        except (RuleBroken, PacError) as error:
            refusals = [error]
        self._tell(onboarding_of(entry.identity) if entry else None, refusals)

    def _tell(self, onboarding: Onboarding | None, refusals: list[RuleBroken | PacError]) -> None:
        line = _line(onboarding.tenant if onboarding else None, refusals)
        self.stdout.write(as_line(line))
        for problem in [*line["errors"], *line["pending_steps"]]:
            where = problem.get("field") or problem.get("step") or problem.get("code")
            self.stderr.write(f"{where}: {problem.get('message') or problem.get('reason')}")
        if line["errors"] or line["pending_steps"]:
            sys.exit(1)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"No se pudo leer {path}: {error}", returncode=2) from error


def _certificates(entry: OnboardingEntry, folder: Path) -> _Certificates | None:
    """What the file names, opened and judged before anything is stored; None where it is no longer needed."""
    known = onboarding_of(entry.identity)
    if (
        entry.account
        or entry.pac_company_id
        or (known and (known.tenant.pac_company_id or known.company_unknown))
    ):
        return None
    reasons: list[RuleBroken] = []
    signature = _read("certificate", entry.certificate, folder, reasons)
    authentication = (b"", "")
    if entry.authentication.path:
        authentication = _read("authentication_certificate", entry.authentication, folder, reasons)
    if reasons and known and known.certificate:
        return None  # the one handed in before serves
    refuse(reasons)
    open_pair(signature, authentication, ruc=entry.identity.ruc)
    return _Certificates(signature, authentication)


def _account(entry: OnboardingEntry) -> AccountEntry | None:
    """The account that the file names, with its secrets from the environment, judged before anything is stored."""
    if entry.account is None:
        return None
    known = onboarding_of(entry.identity)
    kept = known_secrets(known.tenant) if known else frozenset()
    spec = provider_spec(entry.identity.provider)
    refuse(
        RuleBroken(
            "secret_missing",
            gettext_noop(
                "Falta el secreto: póngalo en la variable de entorno que nombra este dato («{name}»)."
            ),
            f"{name}_env",
            name=variable,
        )
        for name, variable in entry.account.variables.items()
        if variable and variable not in os.environ and name not in kept
    )
    secrets = {name: os.environ.get(variable, "") for name, variable in entry.account.variables.items()}
    try:
        return read_account({**entry.account.plain, **secrets}, spec, known=kept)
    except RuleBroken as refusal:
        raise RulesBroken([_as_member(each, spec) for each in refusal.reasons]) from None


def _as_member(reason: RuleBroken, spec: ProviderSpec) -> RuleBroken:
    """A reason under the name that the file has for its field."""
    asked = next((each for each in spec.account if each.name == reason.field), None)
    return reason.at(member_of(asked)) if asked else reason


def _read(field: str, names: CertificateNames, folder: Path, reasons: list[RuleBroken]) -> tuple[bytes, str]:
    """The file, looked for beside the JSON and then from where the command runs, and its password."""
    if names.password_env not in os.environ:
        reasons.append(
            RuleBroken(
                "certificate_password_missing",
                gettext_noop(
                    "Falta la contraseña: póngala en la variable de entorno que nombra este dato («{name}»)."
                ),
                "certificate_password_env" if field == "certificate" else "authentication_password_env",
                name=names.password_env,
            )
        )
    content = b""
    try:
        beside = folder / names.path
        with (beside if beside.is_file() else Path(names.path)).open("rb") as file:
            content = file.read(LONGEST_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reasons.append(
            RuleBroken(
                "certificate_unreadable",
                gettext_noop("No se pudo leer el certificado «{path}» ({problem}): revise la ruta."),
                field,
                path=names.path,
                problem=getattr(error, "strerror", None) or str(error),
            )
        )
    return content, os.environ.get(names.password_env, "")


def _hand_in(onboarding: Onboarding, certificates: _Certificates) -> None:
    run_step(
        onboarding,
        "certificate",
        actor=None,
        certificate=certificates.signature[0],
        password=certificates.signature[1],
        authentication_certificate=certificates.authentication[0],
        authentication_password=certificates.authentication[1],
    )


def _line(tenant: Tenant | None, refusals: list[RuleBroken | PacError]) -> dict[str, Any]:
    errors = [reason for error in refusals for reason in error_list(error)]
    if tenant is None:
        return {
            "tenant": None,
            "pac_company_id": None,
            "affiliated": None,
            "offices": [],
            "pending_steps": [],
            "errors": errors,
        }
    return {
        "tenant": str(tenant.uid),
        "pac_company_id": tenant.pac_company_id,
        "affiliated": tenant.affiliated or None,
        "offices": [
            {"code": office.code, "pac_office_id": office.pac_office_id or None}
            for office in tenant.offices.order_by("code")
        ],
        "pending_steps": [
            {"step": pending.step, "reason": pending.reason} for pending in pending_steps(tenant)
        ],
        "errors": errors,
    }
