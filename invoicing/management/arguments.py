"""How the commands are told which document is meant."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from invoicing.models import Document
from invoicing.services.finding import find_document, find_tenant


def add_document_arguments(parser: ArgumentParser) -> None:
    """DOC, and what tells an ambiguous external id apart."""
    parser.add_argument("document", help="identificador de Cifras, CUFE o referencia externa")
    parser.add_argument("--tenant", default="", help="pac_company_id o identificador de la empresa")
    parser.add_argument("--kind", default="", choices=["INVOICE", "CREDIT"], help="clase del documento")


def named_document(options: Mapping[str, Any]) -> Document:
    """The document the arguments name; RuleBroken when unknown or ambiguous."""
    tenant = find_tenant(options["tenant"], actor=None) if options["tenant"] else None
    return find_document(options["document"], actor=None, tenant=tenant, kind=options["kind"] or "")
