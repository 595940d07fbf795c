"""Our training steps and matrix products beside their floor: the bare calls of the vendor libraries.

    python benchmarks/floors/bench_floors.py

Compiles onednn_floor.cpp with the oneDNN and OpenBLAS of this environment (the distributions that backends are built
with) and times it before and after ours, in one run.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "dl4py"))

from timing import environment, microseconds
from works import TRAINING, our_step

import nd4py as nd

HERE = Path(__file__).parent


def _folders(distribution: str, name: str) -> set[Path]:
    """Folders of the installed files of that name."""
    files = metadata.files(distribution) or []
    return {Path(str(f.locate())).resolve().parent for f in files if f.name == name}


def compile_floor(folder: Path) -> Path:
    """Builds the floor programme and returns its path."""
    program = folder / "floor"
    include = {
        p.parents[1] for p in _folders("onednn-devel-cpu-gomp", "dnnl.hpp") if p.name == "dnnl"
    }
    include |= _folders("scipy-openblas32", "cblas.h")
    libraries = _folders("onednn-cpu-gomp", "libdnnl.so.3") | _folders(
        "scipy-openblas32", "libscipy_openblas.so"
    )
    command = [
        *shlex.split(os.environ.get("CXX", "c++")),
        "-std=c++20",
        "-O3",
        "-march=native",
        "-ffast-math",
        "-fopenmp",
    ]
    command += [f"-I{p}" for p in sorted(include)]
    command += [str(HERE / "onednn_floor.cpp"), "-o", str(program)]
    for path in sorted(libraries):
        command += [f"-L{path}", f"-Wl,-rpath,{path}"]
    subprocess.run([*command, "-l:libdnnl.so.3", "-lscipy_openblas"], check=True)
    return program


def floors(program: Path) -> dict[str, float]:
    """Median microseconds by name, on as many threads as ours."""
    threads = {
        "OMP_NUM_THREADS": str(nd.get_num_threads()),
        "OPENBLAS_NUM_THREADS": str(nd.get_num_threads()),
    }
    variables = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"} | threads
    lines = subprocess.run(
        [program], env=variables, check=True, capture_output=True, text=True
    ).stdout
    return {name: float(value) for name, value in (line.split() for line in lines.splitlines())}


def ours() -> dict[str, float]:
    """Median microseconds of the same work in nd4py and dl4py."""
    single = nd.asarray(np.full((1024, 1024), 0.5, np.float32))
    double = nd.asarray(np.full((1024, 1024), 0.5))
    return microseconds(
        {
            "matmul_1024_f32": lambda: single @ single,
            "matmul_1024_f64": lambda: double @ double,
            "mlp_784_256_128_10_b64": our_step(TRAINING[1]),
            "lenet_b64": our_step(TRAINING[2]),
        }
    )


def main() -> None:
    environment()
    with tempfile.TemporaryDirectory() as folder:
        program = compile_floor(Path(folder))
        before = floors(program)
        measured = ours()
        after = floors(program)
    print(f"{'':<26}{'ours, µs':>12}{'floor, µs':>12}{'again':>12}{'ours / floor':>15}")
    for name, value in measured.items():
        low, high = sorted((before[name], after[name]))
        print(
            f"{name:<26}{value:>12.1f}{before[name]:>12.1f}{after[name]:>12.1f}{2 * value / (low + high):>15.2f}"
        )


if __name__ == "__main__":
    main()
