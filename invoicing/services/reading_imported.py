"""The members that only a document issued elsewhere has: its CUFE, its files and the totals its issuer stated."""

from typing import Any

from cifras.core.reading import Reader
from cifras.fiscal.document import ZERO
from cifras.fiscal.stated import StatedRate, StatedTotals


def imported_members(reader: Reader) -> dict[str, Any]:
    """`cufe`, `files`, `totals` and the issuer's name, as members of an entry."""
    issuer = reader.object("issuer")
    return {
        "cufe": reader.text("cufe", longest=66).upper(),
        "files": reader.texts("files", longest=300),
        "totals": _totals(reader.object("totals")),
        "issuer_name": issuer.text("name", longest=200) if issuer else "",
    }


def _totals(reader: Reader | None) -> StatedTotals | None:
    if reader is None:
        return None
    optional = {
        name: reader.optional_amount(name, places=2) or ZERO
        for name in ("itbms", "isc", "oti", "discount", "charges")
    }
    return StatedTotals(
        net=reader.amount("net", places=2),
        total=reader.amount("total", places=2),
        by_rate=tuple(
            StatedRate(
                row.amount("rate", places=2), row.amount("base", places=2), row.amount("tax", places=2)
            )
            for row in reader.objects("by_rate")
        ),
        **optional,
    )
