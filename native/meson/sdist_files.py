"""Copy what a package's sdist needs from outside its folder; run by `meson dist`.

Packages of a checkout share one native tree and one licence at its root; an sdist carries its own
copies so that it builds alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def main() -> None:
    native = Path(__file__).resolve().parents[1]
    target = Path(os.environ["MESON_DIST_ROOT"])
    tracked = subprocess.run(
        ["git", "-C", str(native), "ls-files", "-z"], check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, tracked.split("\0")):
        destination = target / "native" / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(native / name, destination)
    shutil.copyfile(native.parent / "LICENSE", target / "LICENSE")


if __name__ == "__main__":
    main()
