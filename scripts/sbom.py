"""The list of what production runs, in the CycloneDX format: names, versions and hashes of requirements.lock, no network."""

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def bill_of_materials(lock: str) -> dict[str, Any]:
    """`lock` is the text of a file of `uv pip compile --generate-hashes`."""
    entries = re.findall(r"^([a-z0-9.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)(.*(?:\n[ #].*)*)", lock, re.MULTILINE)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "hashes": [
                    {"alg": "SHA-256", "content": digest}
                    for digest in re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)
                ],
            }
            for name, version, rest in entries
        ],
    }


if __name__ == "__main__":
    json.dump(bill_of_materials((ROOT / "requirements.lock").read_text()), sys.stdout, indent=1)
