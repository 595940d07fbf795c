"""Run every check that reads the sources; all run, then the failed ones are named.

    python tools/lint.py                # all
    python tools/lint.py ruff mypy      # these
    python tools/lint.py --fix          # first repair what ruff and clang-format can

The environment must hold the groups "build" and "lint" of pyproject.toml.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev_build import PACKAGES, ROOT, configure

MAXIMUM_LINES = 500
_CXX = {".cpp", ".hpp", ".h"}


def _tool(name: str, *arguments: str | os.PathLike[str]) -> bool:
    path = Path(sysconfig.get_path("scripts"), name)
    sources = os.pathsep.join(str(folder) for folder in sorted(PACKAGES.glob("*/src")))
    environment = os.environ | {"PYTHONPATH": sources}
    return not subprocess.run([path, *arguments], cwd=ROOT, env=environment, check=False).returncode


def _script(name: str, *arguments: str) -> bool:
    command = [sys.executable, str(ROOT / "tools" / name), *arguments]
    return not subprocess.run(command, cwd=ROOT, check=False).returncode


def _native_files() -> list[Path]:
    return sorted(path for path in (ROOT / "native").rglob("*") if path.suffix in _CXX)


def ruff() -> bool:
    """Style and likely mistakes, and formatting, of all Python."""
    return _tool("ruff", "check") & _tool("ruff", "format", "--check")


def mypy() -> bool:
    """Strict types of the public packages, and what users' programs see of them."""
    return _tool("mypy") & _tool("mypy", *sorted((ROOT / "tests" / "typing").glob("*.py")))


def imports() -> bool:
    """The direction of imports between the packages."""
    return _tool("lint-imports", "--no-logo", "--no-cache")


def clang_format() -> bool:
    """The formatting of all C++."""
    return _tool("clang-format", "--dry-run", "-Werror", *_native_files())


def clang_tidy() -> bool:
    """Likely mistakes in C++; a source is looked at again when it or any header has changed."""
    build = ROOT / "build" / "tidy"
    configure(build, ["-Disa=avx512", "-Dtests=true"])
    # Lists of sources may have changed since: that rewrites the commands without compiling.
    _tool("ninja", "-C", build, "--quiet", "build.ninja")
    _expose_openmp_header(build / "openmp")
    headers = [path for path in _native_files() if path.suffix != ".cpp"]
    shared = hashlib.sha256()
    for path in (*headers, ROOT / ".clang-tidy", build / "compile_commands.json"):
        shared.update(path.read_bytes())
    listed = (build / "compile_commands.json").read_text("utf-8")

    def check(source: Path) -> bool:
        if source.relative_to(ROOT).as_posix() not in listed:
            print(f"{source.relative_to(ROOT)}: in no *.sources list, so nothing compiles it")
            return False
        digest = hashlib.sha256(shared.digest() + source.read_bytes()).hexdigest()
        stamp = build / f"{source.stem}-{hashlib.sha256(bytes(source)).hexdigest()[:8]}.clean"
        if stamp.exists() and stamp.read_text() == digest:
            return True
        # clang does not know GCC's pragmas, and reads GCC's library as of a newer standard.
        flags = [
            f"-isystem{build / 'openmp'}",
            "-Wno-unknown-pragmas",
            "-Wno-deprecated-declarations",
        ]
        extra = [f"--extra-arg={flag}" for flag in flags]
        clean = _tool("clang-tidy", "--quiet", "-p", build, *extra, source)
        if clean:
            stamp.write_text(digest)
        return clean

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return all(list(pool.map(check, (p for p in _native_files() if p.suffix == ".cpp"))))


def _expose_openmp_header(folder: Path) -> None:
    # clang's own folder has no omp.h; GCC's, alone, is readable without one attribute of its own.
    folder.mkdir(exist_ok=True)
    query = [os.environ.get("CXX", "c++").split()[-1], "-print-file-name=include/omp.h"]
    header = subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    text = re.sub(r"__malloc__ \(omp_free\),?", "", Path(header).read_text("utf-8"))
    (folder / "omp.h").write_text(text, "utf-8")


def _hand_written() -> Iterator[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".java", *_CXX} and path.exists():
            yield path


def file_lengths() -> bool:
    """No hand-written file over the limit: one file is about one thing."""
    long = False
    for path in _hand_written():
        lines = len(path.read_text("utf-8").splitlines())
        if lines > MAXIMUM_LINES:
            print(f"{path.relative_to(ROOT)}: {lines} lines, the limit is {MAXIMUM_LINES}")
            long = True
    return not long


def version() -> bool:
    """The version written in every package is the one of VERSION."""
    return _script("version.py", "--check")


def api() -> bool:
    """The public API is the one listed in docs/api."""
    return _script("api_listing.py", "--check")


def stubs() -> bool:
    """The type stubs of the operations' namespaces are those of the registry."""
    return _script("operation_stubs.py", "--check")


def names() -> bool:
    """Every public name of datavec is found in the module that has it."""
    return _script("public_names.py", "--check")


def backends() -> bool:
    """The kernel wheels differ in nothing but their names and instruction sets."""
    definitions = {
        path.read_text("utf-8").partition("# From here on")[2]
        for path in PACKAGES.glob("nd4py-native*/meson.build")
    }
    if len(definitions) != 1:
        print("packages/nd4py-native*/meson.build differ below the project's name")
    return len(definitions) == 1


CHECKS: dict[str, Callable[[], bool]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        ruff,
        mypy,
        imports,
        clang_format,
        clang_tidy,
        file_lengths,
        version,
        backends,
        stubs,
        names,
        api,
    )
}


def fix() -> None:
    """Repair what the formatters and ruff's safe fixes can."""
    _tool("ruff", "check", "--fix", "--quiet")
    _tool("ruff", "format", "--quiet")
    _tool("clang-format", "-i", *_native_files())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("checks", nargs="*", choices=(*CHECKS, []), metavar="CHECK")
    parser.add_argument("--fix", action="store_true", help="repair formatting first")
    arguments = parser.parse_args()
    if arguments.fix:
        fix()
    failed = []
    for name in arguments.checks or CHECKS:
        print(f"--- {name}: {CHECKS[name].__doc__}", flush=True)
        if not CHECKS[name]():
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
