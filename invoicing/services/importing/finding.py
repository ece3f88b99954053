"""Whose rows a file's are, where nobody chose: the tenant that its first row names."""

from collections.abc import Mapping
from typing import BinaryIO

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.services.finding import find_tenant
from invoicing.services.importing.files import read_rows
from invoicing.services.importing.rows import items
from tenants.models import Tenant


def tenant_in(file: BinaryIO, *, actor: Staff) -> Tenant:
    """The tenant of the first row, if `actor` may see it. Raises RuleBroken; the file stands at its beginning afterwards."""
    first = next(items(read_rows(file)), None)
    file.seek(0)
    data = first.data if first else None
    name = data.get("tenant") if isinstance(data, Mapping) else None
    if not isinstance(name, str) or not name.strip():
        raise RuleBroken(
            "tenant_missing", gettext_noop("El archivo no dice de qué empresa es: elíjala."), "tenant"
        )
    return find_tenant(name.strip(), actor=actor)
