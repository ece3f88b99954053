"""The contract's examples, copied, and the schemas their requests obey."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "alanube"
COMPANY_ID = "01K9CFRAS00000000000000001"
OFFICE_ID = "01K9CFRAS00000000000000002"
DOCUMENT_ID = "01K9CFRAS00000000000000101"
CUFE = "FE0120000155999901-2-2021-3800012026111900000001010010121234567890"

_SCHEMAS = json.loads((FOLDER / "openapi-schemas.json").read_text())


def names(prefix: str) -> list[str]:
    """Every example whose name begins so."""
    return sorted(path.stem for path in FOLDER.glob(f"{prefix}-*.json"))


def example(prefix: str) -> dict[str, Any]:
    """The one example whose name begins so; its numbers are Decimal."""
    (path,) = FOLDER.glob(f"{prefix}-*.json")
    return json.loads(path.read_text(), parse_float=Decimal)


def complaints(schema: str, body: Any) -> list[str]:
    """What is wrong with `body` by a schema of the contract."""
    wanted = {"$ref": f"#/components/schemas/{schema}", **_SCHEMAS}
    return [error.message for error in Draft202012Validator(wanted).iter_errors(body)]
