"""Run bandit and stop at every finding that nobody has explained.

ruff knows most of bandit's rules by the same numbers (B603 is S603), so one remark serves both: a line with a finding says
`# noqa: S603` and why, in words. Whole rules that find nothing but names are skipped in pyproject.toml, with the reason there.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("cifras", "tenants", "invoicing", "reports")
_WORDS = r"(?:,\s*\w+)*[\s:,-]+\w+ +\w+"


def findings() -> list[dict[str, Any]]:
    """What bandit finds. Exits when it could not read a file."""
    command = [sys.executable, "-m", "bandit", "-q", "-c", "pyproject.toml", "-f", "json", "-r", *FLOORS]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(finished.stdout)
    if report["errors"]:
        sys.exit(f"bandit: {report['errors']}")
    return list(report["results"])


def is_explained(finding: dict[str, Any]) -> bool:
    """Whether a line of the finding, or the one that ends its text, carries its number and some words."""
    lines = (ROOT / finding["filename"]).read_text().splitlines()
    first, last = min(finding["line_range"]), max(finding["line_range"])
    remark = re.compile(rf"#\s*noqa: (?:\w+,\s*)*S{finding['test_id'][1:]}{_WORDS}")
    return any(remark.search(line) for line in lines[first - 1 : last + 1])


def main() -> int:
    """The number of findings without an explanation, each printed."""
    unexplained = [finding for finding in findings() if not is_explained(finding)]
    for finding in unexplained:
        print(f"{finding['filename']}:{finding['line_number']} {finding['test_id']} {finding['issue_text']}")
    return min(len(unexplained), 1)


if __name__ == "__main__":
    sys.exit(main())
