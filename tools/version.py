"""Keep one version: VERSION at the root is the source, the packages carry written copies.

    python tools/version.py --check     # exit 1 and name each file that disagrees
    python tools/version.py --write     # bring the files up to date

Written, not computed at build time, because each sdist must know its version without the checkout.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# `version = "…"` of the project itself, and the exact pins between our own distributions.
_PROJECT_VERSION = re.compile(r'(?m)^(version = ")[^"]*(")')
_SIBLING_PIN = re.compile(
    r'((?:nd4py|samediff|dl4py|datavec)(?:-[a-z0-9]+)*(?:\[[a-z0-9]+\])?==)[0-9][^"]*(")'
)
_MODULE_VERSION = re.compile(r'(?m)^(__version__ = ")[^"]*(")')


def updated_files(version: str) -> Iterator[tuple[Path, str, str]]:
    """Each file that carries the version: its path, its text, and its text with `version`."""
    for file in sorted(ROOT.glob("packages/*/pyproject.toml")):
        text = file.read_text("utf-8")
        replaced = _PROJECT_VERSION.sub(rf"\g<1>{version}\g<2>", text, count=1)
        yield file, text, _SIBLING_PIN.sub(rf"\g<1>{version}\g<2>", replaced)
    for file in sorted(ROOT.glob("packages/*/src/*/_version.py")):
        text = file.read_text("utf-8")
        yield file, text, _MODULE_VERSION.sub(rf"\g<1>{version}\g<2>", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="report files that disagree")
    mode.add_argument("--write", action="store_true", help="update files that disagree")
    arguments = parser.parse_args()
    version = (ROOT / "VERSION").read_text("utf-8").strip()
    stale = [(file, new) for file, old, new in updated_files(version) if old != new]
    for file, new in stale:
        print(f"{file.relative_to(ROOT)}: {'now' if arguments.write else 'is not'} {version}")
        if arguments.write:
            file.write_text(new, "utf-8")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
