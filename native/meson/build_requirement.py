"""Print where a build requirement of the native code lies; called by meson.build.

The requirements are ordinary wheels in the environment that runs the build, also in an isolated
one, so their recorded file lists say where headers and libraries are.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

# key -> (distribution, file that must be in its record)
_LOCATIONS = {
    "onednn-include": ("onednn-devel-cpu-gomp", "dnnl.h"),
    "onednn-library": ("onednn-cpu-gomp", "libdnnl.so.3"),
    "onednn-licence": ("onednn-cpu-gomp", "LICENSE"),
    "onednn-third-party": ("onednn-cpu-gomp", "THIRD-PARTY-PROGRAMS"),
    "openblas-include": ("scipy-openblas32", "cblas.h"),
    "openblas-library": ("scipy-openblas32", "libscipy_openblas.so"),
    "openblas-licence": ("scipy-openblas32", "LICENSE.txt"),
    "nanobind-include": ("nanobind", "nanobind/nanobind.h"),
    "nanobind-source": ("nanobind", "nb_combined.cpp"),
    "numpy-include": ("numpy", "numpy/arrayobject.h"),
    "robin-map-include": ("nanobind", "tsl/robin_map.h"),
}


def locate(key: str) -> Path:
    """The file of `_LOCATIONS[key]`, or for an `-include` key the folder to search for headers."""
    distribution, wanted = _LOCATIONS[key]
    parts = Path(wanted).parts
    for file in metadata.files(distribution) or ():
        if file.parts[-len(parts) :] == parts:
            path = Path(file.locate()).resolve()
            return path.parents[len(parts) - 1] if key.endswith("-include") else path
    raise SystemExit(f"{distribution} is installed but has no file {wanted!r}")


def main() -> None:
    (key,) = sys.argv[1:]
    try:
        print(locate(key))
    except metadata.PackageNotFoundError:
        raise SystemExit(
            f"build requirement {_LOCATIONS[key][0]!r} is missing from {sys.prefix}; "
            "build through pip or `python3 tools/run.py dev`"
        ) from None


if __name__ == "__main__":
    main()
