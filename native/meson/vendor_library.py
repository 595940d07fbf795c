"""Copy a shared library into the build, stripped and under a name of its own; called by meson.build.

The own name keeps it apart from another copy of the same library that the process may hold.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    source, target, strip, patchelf = sys.argv[1:]
    shutil.copyfile(source, target)
    Path(target).chmod(0o755)
    subprocess.run([strip, "--strip-unneeded", target], check=True)
    subprocess.run([patchelf, "--set-soname", Path(target).name, target], check=True)


if __name__ == "__main__":
    main()
