"""The wheels as files: size, tag, licences, symbols, and what they say about themselves."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = {"nd4py-native": "native", "nd4py-native-avx2": "avx2", "nd4py-native-avx512": "avx512"}


@pytest.fixture(params=BACKENDS)
def backend_wheel(request: pytest.FixtureRequest, wheels: dict[str, Path]) -> Path:
    if request.param not in wheels:
        pytest.skip(f"{request.param} was not built: this CPU cannot run it")
    return wheels[request.param]


def metadata_of(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def defined_symbols(library: Path) -> set[str]:
    command = ["nm", "--dynamic", "--defined-only", "--format=posix", library]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines()}


def test_backend_wheel_is_small_and_portable(backend_wheel: Path) -> None:
    assert backend_wheel.stat().st_size < 25_000_000
    assert "-abi3-manylinux_2_" in backend_wheel.name


def test_backend_wheel_carries_licences(backend_wheel: Path) -> None:
    with zipfile.ZipFile(backend_wheel) as archive:
        texts = {
            Path(name).name: archive.read(name).decode()
            for name in archive.namelist()
            if "/licenses/" in name
        }
    assert "Apache License" in texts["LICENSE"]
    assert "Intel Corporation" in texts["onednn-licence"]
    assert "The OpenBLAS Project" in texts["openblas-licence"]
    assert "GCC RUNTIME LIBRARY EXCEPTION" in texts["openblas-licence"]
    assert "libgomp" in texts["libgomp-licence"]


def test_backend_wheel_vendors_one_copy_of_each_library(backend_wheel: Path) -> None:
    with zipfile.ZipFile(backend_wheel) as archive:
        libraries = sorted(
            Path(name).name.partition("-")[0] for name in archive.namelist() if ".so" in name
        )
    assert libraries == ["_kernels.abi3.so", "libdnnl", "libgomp", "libscipy_openblas"]


def test_kernels_export_nothing_but_their_entry(backend_wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(backend_wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("_kernels.abi3.so"))
        library = Path(archive.extract(name, tmp_path))
    assert defined_symbols(library) == {"PyInit__kernels"}


def test_core_exports_nothing_but_its_entry(wheels: dict[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(wheels["nd4py"]) as archive:
        (name,) = (n for n in archive.namelist() if "/_core." in n and n.endswith(".so"))
        library = Path(archive.extract(name, tmp_path))
    assert defined_symbols(library) == {"PyInit__core"}


def test_every_wheel_has_the_one_version(wheels: dict[str, Path]) -> None:
    version = (ROOT / "VERSION").read_text().strip()
    assert {metadata_of(wheel)["Version"] for wheel in wheels.values()} == {version}


@pytest.mark.parametrize("distribution", ["nd4py", "samediff", "dl4py", "datavec"])
def test_extras_pass_the_backend_through(distribution: str, wheels: dict[str, Path]) -> None:
    found = metadata_of(wheels[distribution])
    assert set(found.get_all("Provides-Extra")) >= {"native", "avx2", "avx512", "cuda"}
    lower = {"nd4py": "nd4py-native-avx2", "dl4py": "samediff[avx2]"}
    wanted = lower.get(distribution, "nd4py[avx2]")
    requirement = next(r for r in found.get_all("Requires-Dist") if "'avx2'" in r.replace('"', "'"))
    assert requirement.startswith(f"{wanted}=={found['Version']}")


def test_version_copies_agree() -> None:
    tool = ROOT / "tools" / "version.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
