"""Build the native parts for this checkout in place, incrementally.

The extension modules land beside the Python sources that import them (ignored by git), so an
environment whose path holds every `packages/*/src` runs them at once:

    python tools/dev_build.py                     # the core and every backend this CPU can run
    python tools/dev_build.py --only core         # or native, avx2, avx512; may be repeated
    python tools/dev_build.py --environment       # also point this Python's environment here

Run it with the Python that will import the result; its environment must hold the build
requirements (group "build" of pyproject.toml). Concurrent calls wait for each other.
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
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "packages"
ISAS = ("native", "avx2", "avx512")

# A CPU runs a backend when /proc/cpuinfo lists these; only a choice of what to build, the check
# before loading is the core's own and asks CPUID.
_CPU_FLAGS = {
    "native": {"sse4_2", "popcnt"},
    "avx2": {"avx2", "fma", "bmi2"},
    "avx512": {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"},
}


def runnable_isas() -> list[str]:
    """The instruction sets whose kernels this machine can run, widest last."""
    text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    flags = next(
        (set(line.split()) for line in text.splitlines() if line.startswith("flags")), set()
    )
    return [isa for isa in ISAS if _CPU_FLAGS[isa] <= flags]


def backend_folder(isa: str) -> Path:
    """The import package of the backend built for `isa`."""
    suffix = "" if isa == "native" else f"-{isa}"
    return PACKAGES / f"nd4py-native{suffix}" / "src" / f"nd4py_native{suffix.replace('-', '_')}"


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _environment() -> dict[str, str]:
    scripts = sysconfig.get_path("scripts")
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    if shutil.which("ccache") and "CXX" not in os.environ:
        environment["CXX"] = "ccache c++"
    return environment


def _run(command: Sequence[str | os.PathLike[str]]) -> None:
    completed = subprocess.run(command, env=_environment(), check=False)
    if completed.returncode:
        raise SystemExit(completed.returncode)


def configure(folder: Path, options: Sequence[str]) -> None:
    """Set up the build folder, or bring its options up to date; nothing happens when they are."""
    stamp = folder / "dev-build-options.txt"
    wanted = "\n".join([sys.executable, *options])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    meson = [sys.executable, "-m", "mesonbuild.mesonmain"]
    again = ["--wipe"] if (folder / "meson-private").exists() else []
    _run([*meson, "setup", *again, folder, ROOT, *options])
    stamp.write_text(wanted)


def _install(source: Path, target: Path) -> None:
    # Replaced, not overwritten: a running process may have the old file mapped.
    if target.exists() and target.stat().st_mtime_ns == source.stat().st_mtime_ns:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.new")
    shutil.copy2(source, aside)
    os.replace(aside, target)


def build(parts: Sequence[str]) -> None:
    """Compile the named parts ("core" or an instruction set) and put them into the packages."""
    # Headers and vendored libraries come from this environment, so each has a build of its own.
    environment = hashlib.sha256(sys.prefix.encode()).hexdigest()[:8]
    folder = ROOT / "build" / f"dev-{sys.implementation.cache_tag}-{environment}"
    configure(folder, [f"-Disa={','.join(ISAS)}"])
    core = f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"
    files = {"core": core} | {isa: f"_kernels_{isa}.abi3.so" for isa in ISAS}
    _run(["ninja", "-C", folder, *(files[part] for part in parts)])
    for part in parts:
        if part == "core":
            _install(folder / core, PACKAGES / "nd4py" / "src" / "nd4py" / core)
            continue
        package = backend_folder(part)
        _install(folder / files[part], package / "_kernels.abi3.so")
        for library in (*folder.glob("libdnnl-nd4py.so*"), *folder.glob("libscipy_openblas-*.so")):
            _install(library, package / "_libs" / library.name)


def point_environment_here() -> None:
    """Make this Python's environment import the checkout, with metadata and entry points.

    A `.pth` file and plain metadata folders instead of build-backend editable installs: import
    stays as fast as an installed wheel's, and type checkers see ordinary folders.
    """
    site = Path(sysconfig.get_path("purelib"))
    projects = [
        tomllib.loads(file.read_text("utf-8"))["project"]
        for file in sorted(PACKAGES.glob("*/pyproject.toml"))
    ]
    (site / "nd4py-checkout.pth").write_text(
        "".join(f"{folder}\n" for folder in sorted(PACKAGES.glob("*/src")))
    )
    for project in projects:
        stem = f"{project['name'].replace('-', '_')}-{project['version']}"
        for old in site.glob(f"{project['name'].replace('-', '_')}-[0-9]*.dist-info"):
            shutil.rmtree(old)
        info = site / f"{stem}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(_metadata(project), "utf-8")
        (info / "INSTALLER").write_text("tools/dev_build.py\n")
        groups = dict(project.get("entry-points", {}))
        if scripts := project.get("scripts"):
            groups["console_scripts"] = scripts
        lines = []
        for group, entries in groups.items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""]
        (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
        for name, value in groups.get("console_scripts", {}).items():
            _write_script(name, value)


def _metadata(project: dict[str, Any]) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in project.get("dependencies", [])]
    return "\n".join(lines) + "\n"


def _write_script(name: str, value: str) -> None:
    module, function = value.split(":")
    script = Path(sysconfig.get_path("scripts")) / name
    script.write_text(
        f"#!{sys.executable}\nimport sys\n\nfrom {module} import {function}\n\n"
        f"if __name__ == '__main__':\n    sys.exit({function}())\n"
    )
    script.chmod(0o755)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", action="append", choices=("core", *ISAS), metavar="PART")
    parser.add_argument("--environment", action="store_true")
    arguments = parser.parse_args()
    with _exclusive(ROOT / "build" / "dev.lock"):
        if arguments.environment:
            point_environment_here()
        build(arguments.only or ["core", *runnable_isas()])


if __name__ == "__main__":
    main()
