"""The sessions of this repository: what a developer runs is what CI runs.

`python3 tools/run.py SESSION` runs one with nothing installed but Python; `nox -s SESSION` works
for those who have nox. Environments are kept between runs and brought up to date only when what
they hold has changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))

import wheels as wheel_builder  # noqa: E402

nox.needs_version = ">=2024.10"
nox.options.reuse_venv = "yes"
nox.options.default_venv_backend = "virtualenv"
nox.options.sessions = ["tests"]

PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PACKAGES = ("nd4py", "samediff", "dl4py", "datavec")
BACKENDS = ("nd4py-native", "nd4py-native-avx2", "nd4py-native-avx512")


def group(*names: str) -> list[str]:
    """The requirements of the named dependency groups of pyproject.toml."""
    return nox.project.dependency_groups(PYPROJECT, *names)


def requirements(package: str) -> list[str]:
    """What a distribution of ours needs from others."""
    project = nox.project.load_toml(ROOT / "packages" / package / "pyproject.toml")["project"]
    names = tuple(f"{name}==" for name in (*PACKAGES, *BACKENDS))
    return [name for name in project.get("dependencies", []) if not name.startswith(names)]


def unchanged(marker: Path, *identity: str) -> bool:
    """Whether `marker` records this identity; if not, the caller does the work and writes it."""
    return marker.exists() and marker.read_text() == _digest(identity)


def _digest(identity: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(identity).encode()).hexdigest()


def install(session: nox.Session, *names: str) -> None:
    """Install requirements into the session's environment unless that was done before."""
    marker = Path(session.virtualenv.location) / "installed-requirements"
    if not unchanged(marker, *names):
        session.install("--quiet", *names)
        marker.write_text(_digest(names))


def build_python(session: nox.Session) -> str:
    """The Python of the environment that builds wheels, shared by all sessions."""
    folder = ROOT / ".nox" / f"build-{sys.implementation.cache_tag}"
    python, marker = folder / "bin" / "python", folder / "installed-requirements"
    names = group("build", "repair")
    if not python.exists():
        session.run(sys.executable, "-m", "virtualenv", "--quiet", folder, external=True)
    if not unchanged(marker, *names):
        session.run(python, "-m", "pip", "install", "--quiet", *names, external=True)
        marker.write_text(_digest(names))
    return str(python)


def build_wheels(session: nox.Session, *arguments: str) -> None:
    """Bring dist/ up to date; arguments as of tools/wheels.py."""
    session.run(build_python(session), ROOT / "tools" / "wheels.py", *arguments, external=True)


def install_wheels(session: nox.Session, names: Sequence[str]) -> None:
    """Install our wheels of dist/, each when it differs from the one installed."""
    marker = Path(session.virtualenv.location) / "installed-wheels"
    built = {name: wheel_builder.built(name) for name in names}
    before = (
        dict(line.split() for line in marker.read_text().splitlines()) if marker.exists() else {}
    )
    changed = [
        str(wheel) for name, (wheel, made_from) in built.items() if before.get(name) != made_from
    ]
    if gone := before.keys() - built.keys():
        session.run("python", "-m", "pip", "uninstall", "--quiet", "--yes", *gone)
    if changed:
        marker.unlink(missing_ok=True)
        session.install("--quiet", "--no-deps", "--no-index", "--force-reinstall", *changed)
    marker.write_text("".join(f"{name} {made_from}\n" for name, (_, made_from) in built.items()))


def install_runnable(session: nox.Session, *groups: str) -> None:
    """Build and install every package, with the backends that this CPU can run."""
    build_wheels(session, "--runnable")
    install(session, *(r for name in PACKAGES for r in requirements(name)), *group(*groups))
    install_wheels(session, wheel_builder.runnable())


@nox.session(venv_backend="none")
def dev(session: nox.Session) -> None:
    """Make .venv run this checkout: all packages, and every backend this CPU can run."""
    folder = ROOT / ".venv"
    python, marker = folder / "bin" / "python", folder / "installed-requirements"
    names = [*(r for name in PACKAGES for r in requirements(name)), *group("dev")]
    if not python.exists():
        session.run(sys.executable, "-m", "virtualenv", "--quiet", folder)
    if not unchanged(marker, *names):
        session.run(python, "-m", "pip", "install", "--quiet", *names)
        marker.write_text(_digest(names))
    session.run(python, ROOT / "tools" / "dev_build.py", "--environment", *session.posargs)
    session.log(f"ready: {python}")


@nox.session(venv_backend="none")
def wheels(session: nox.Session) -> None:
    """Build every wheel into dist/, repaired and within its size limit."""
    build_wheels(session, *session.posargs)


@nox.session
def quickstart(session: nox.Session) -> None:
    """Build and install the wheels this CPU can run, then train on real data and print times."""
    install_runnable(session, "quickstart")
    session.run("python", ROOT / "examples" / "quickstart.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test and every documented example against the installed wheels."""
    install_runnable(session, "test")
    # What needs Spark or PyTorch has sessions of its own; tests/typing is for the type checker.
    elsewhere = ("*/datavec/spark/*", "*/datavec/batches/_torch.py", "tests/typing/*")
    ignored = [f"--ignore-glob={pattern}" for pattern in elsewhere]
    arguments = session.posargs or ["tests", "--doctest-modules", *ignored, "--pyargs", *PACKAGES]
    session.run("python", "-m", "pytest", *arguments, env={"MPLBACKEND": "agg"})


@nox.session
def conformance(session: nox.Session) -> None:
    """Replay the cases recorded from Deeplearning4j; arguments go to pytest."""
    install_runnable(session, "test")
    session.run("python", "-m", "pytest", "tests/conformance", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, import direction, C++ and the public API listing."""
    names = [r for name in PACKAGES for r in requirements(name)]
    install(session, *names, *group("build", "lint", "test"))
    session.run("python", ROOT / "tools" / "dev_build.py", "--only", "core", "--environment")
    session.run("python", ROOT / "tools" / "lint.py", *session.posargs)


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the C++ tests under the address and undefined-behaviour sanitizers."""
    install(session, *group("build"))
    folder = ROOT / "build" / "sanitize"
    options = ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dbuildtype=debugoptimized"]
    options += ["-Dtests=true", "-Dcore=false", f"-Disa={wheel_builder.runnable_isas()[-1]}"]
    again = ["--reconfigure"] if (folder / "build.ninja").exists() else []
    session.run("meson", "setup", *again, str(folder), str(ROOT), *options, silent=True)
    reports = {
        "ASAN_OPTIONS": "halt_on_error=1:detect_leaks=1:strict_string_checks=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }
    session.run("meson", "test", "-C", str(folder), "--print-errorlogs", "--verbose", env=reports)


@nox.session
def isa(session: nox.Session) -> None:
    """Check on emulated CPUs that no backend runs where its instructions do not exist."""
    build_wheels(session)
    install(session, *(r for name in PACKAGES for r in requirements(name)))
    install_wheels(session, wheel_builder.DISTRIBUTIONS)
    session.run("python", ROOT / "tools" / "isa_check.py", *session.posargs)


@nox.session
def jvm(session: nox.Session) -> None:
    """Compare with the real Deeplearning4j, both directions; needs Java 17 and Maven."""
    install_runnable(session, "test")
    project = ROOT / "tools" / "jvm"
    session.run("mvn", "--quiet", "--batch-mode", "-f", str(project), "package", external=True)
    arguments = session.posargs or ["tests/jvm"]
    session.run("python", "-m", "pytest", "-m", "jvm", *arguments)
    if not session.posargs:
        script = ROOT / "benchmarks" / "datavec" / "bench_jvm.py"
        session.run("python", script, "--repeats", "1")


@nox.session
def interop(session: nox.Session) -> None:
    """Hand batches to PyTorch."""
    install_runnable(session, "interop")
    arguments = session.posargs or ["tests/interop"]
    session.run("python", "-m", "pytest", "-m", "interop", *arguments)


@nox.session
def spark(session: nox.Session) -> None:
    """Run pipelines on a real Spark of two cores, beside local execution; needs Java 17 or later."""
    install_runnable(session, "test", "spark")
    arguments = session.posargs or ["tests/spark", "--doctest-modules", "--pyargs", "datavec.spark"]
    environment = {"PYSPARK_PYTHON": os.path.join(session.bin, "python")}
    session.run("python", "-m", "pytest", "-m", "not jvm", *arguments, env=environment)


@nox.session
def bench(session: nox.Session) -> None:
    """Print our times beside the peers'; arguments: benchmark files, default all of them."""
    install_runnable(session, "bench")
    scripts = session.posargs or sorted(str(p) for p in (ROOT / "benchmarks").glob("*/bench_*.py"))
    for script in scripts:
        session.run("python", script, env={"PYTHONPATH": os.fspath(ROOT / "benchmarks")})
