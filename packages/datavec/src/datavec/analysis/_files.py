"""Writing text files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .._errors import naming_file

__all__ = ["write_file"]


def write_file(path: str | Path, text: str) -> None:
    """Write UTF-8 text; an old file is replaced only when the new one is complete."""
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target}: there is no folder {target.parent}; create it first")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with naming_file(str(target)), os.fdopen(handle, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(name, 0o644)  # mkstemp made it private
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
