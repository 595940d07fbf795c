"""Installing: by extra from a folder of wheels, and from sdists that build alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"

BACKEND_INFO = "import json, nd4py as nd; print(json.dumps(nd.backend_info(), default=str))"


def test_extra_installs_the_stack_with_its_backend(new_environment, wheels) -> None:
    isa = "avx2" if "nd4py-native-avx2" in wheels else "native"
    backend = "nd4py-native-avx2" if isa == "avx2" else "nd4py-native"
    environment = new_environment()
    environment.pip("install", "--find-links", str(DIST), f"dl4py[{isa}]")
    assert {"dl4py", "samediff", "nd4py", backend} <= environment.distributions()
    assert "datavec" not in environment.distributions()
    done = environment.run("python", "-c", BACKEND_INFO)
    assert done.returncode == 0, done.stderr
    assert isa in done.stdout
    command = environment.run("dl4py", "backends")
    assert command.returncode == 0, command.stderr
    assert isa in command.stdout


def test_without_a_backend_the_reference_runs_and_names_the_extra(new_environment) -> None:
    environment = new_environment()
    environment.pip("install", "--find-links", str(DIST), "nd4py")
    done = environment.run(
        "python", "-c", "import nd4py as nd; print((nd.ones((2,)) + 1).tolist())"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[2.0, 2.0]"
    assert done.stderr.count("nd4py[") == 1


def test_one_openmp_runtime_in_a_process_with_every_backend(wheels) -> None:
    program = (
        "import json\n"
        "from importlib.metadata import entry_points\n"
        "for entry in entry_points(group='nd4py.backends'):\n"
        "    entry.load().load()\n"
        "maps = open('/proc/self/maps').read().split()\n"
        "print(json.dumps(sorted({p for p in maps if 'libgomp' in p or 'libdnnl' in p})))\n"
    )
    # All installed backends are ones this CPU runs: the session installed no other.
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    libraries = json.loads(done.stdout)
    assert sum("libgomp" in path for path in libraries) == 1, libraries
    assert sum("libdnnl" in path for path in libraries) == 1, libraries


@pytest.mark.parametrize("distribution", ["nd4py", "nd4py-native", "samediff", "dl4py", "datavec"])
def test_sdist_builds_alone(distribution: str, tmp_path: Path, build_environment) -> None:
    package = ROOT / "packages" / distribution
    builder = build_environment(package)
    builder.pip("install", "build")
    made = builder.run(
        *("python", "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path)),
        str(package),
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert (source / "LICENSE").exists()

    # An unpacked sdist sees nothing of the checkout, and the environment holds what it declares.
    cache = {}
    if shutil.which("ccache"):
        cache = {"CXX": "ccache c++", "CCACHE_BASEDIR": str(tmp_path), "CCACHE_NOHASHDIR": "1"}
        cache["HOME"] = str(Path.home())
    wheel_command = ["pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    made = builder.run(
        "python", "-m", *wheel_command, "--wheel-dir", str(tmp_path), str(source), **cache
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert f"{distribution.replace('-', '_')}/__init__.py" in names
    assert not [name for name in names if name.startswith("native/")]
