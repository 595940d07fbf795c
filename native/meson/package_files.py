"""List the files of a package folder that belong into its wheel; called by meson.build.

Everything counts except what building and running leave behind, so that a new module or data file
needs no line anywhere.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    (folder,) = sys.argv[1:]
    root = Path(folder)
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        left_behind = path.suffix in {".so", ".pyc"} or {"__pycache__", "_libs"} & {*name.parts}
        if path.is_file() and not left_behind:
            print(name.as_posix())


if __name__ == "__main__":
    main()
