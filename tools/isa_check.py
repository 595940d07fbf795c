"""Check on emulated CPUs that the right backend is chosen, and that none runs where it must not.

    python tools/isa_check.py            # every CPU
    python tools/isa_check.py Haswell    # this one

With all three kernel wheels installed, imports the packages and trains a little as Debian's
`qemu-user` emulates a CPU without AVX, one with AVX2, and on this machine itself. A backend whose
instructions the emulated CPU lacks would end the program with SIGILL. Under qemu-user
/proc/cpuinfo shows the host, so this also shows that only CPUID is asked.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from dev_build import ISAS, runnable_isas

# Backends by CPU, best first; those not listed lack instructions there.
EXPECTED = {"Westmere": ["native"], "Haswell": ["avx2", "native"]}
HOST = "this machine"


@dataclass(frozen=True)
class Run:
    """What one process reported, or how it ended."""

    code: int
    report: dict[str, Any]
    errors: str


def child() -> None:
    """Train on the default backend, then ask for each backend by name; prints one JSON object."""
    import numpy as np

    import nd4py as nd
    from dl4py import (
        ConvolutionLayer,
        DenseLayer,
        InputType,
        MultiLayerNetwork,
        NeuralNetConfiguration,
        OutputLayer,
        SubsamplingLayer,
    )
    from nd4py.data import DataSet

    info = nd.backend_info()
    configuration = NeuralNetConfiguration(seed=7, activation="relu", updater="adam").list(
        ConvolutionLayer(n_out=4, kernel_size=(3, 3)),
        SubsamplingLayer(kernel_size=(2, 2), stride=(2, 2)),
        DenseLayer(n_out=16),
        OutputLayer(n_out=3),
        input_type=InputType.convolutional(10, 10, 1),
    )
    network = MultiLayerNetwork(configuration).init()
    rng = np.random.default_rng(3)
    features = rng.normal(size=(8, 1, 10, 10)).astype(np.float32)
    labels = np.eye(3, dtype=np.float32)[rng.integers(0, 3, size=8)]
    scores = []
    for _ in range(3):
        network.fit(DataSet(features, labels))
        scores.append(float(network.score()))
    by_name: dict[str, float | str] = {}
    for name in ISAS:
        try:
            nd.use_backend(name)
            by_name[name] = float(np.asarray(nd.tanh(nd.ones((3,)))).sum())
        except nd.BackendUnavailableError as error:
            by_name[name] = str(error)
    skipped = {each.name: each.reason for each in info.skipped}
    report = {"backend": info.backend, "skipped": skipped, "scores": scores, "by_name": by_name}
    print(json.dumps(report))


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-5)


def run(cpu: str, **environment: str) -> Run:
    """Run the child on a CPU."""
    emulator = [] if cpu == HOST else ["qemu-x86_64", "-cpu", cpu]
    # A core type forced on OpenBLAS, NumPy's too, is meant for the host.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    done = subprocess.run(
        [*emulator, sys.executable, __file__, "--child"],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    last = done.stdout.strip().rpartition("\n")[2]
    return Run(done.returncode, json.loads(last) if not done.returncode else {}, done.stderr)


def problems(cpu: str, usable: list[str], scores: dict[str, list[float]]) -> list[str]:
    """What is wrong on this CPU; prints what was seen, and adds its scores to those of others."""
    best, lacking = usable[0], [isa for isa in ISAS if isa not in usable]
    seen = run(cpu)
    if seen.code:
        return [f"ended with {seen.code}: {seen.errors.strip()[-2000:]}"]
    report = seen.report
    scores[cpu] = report["scores"]
    print(f"{cpu}: backend {report['backend']}; scores {scores[cpu]}")
    for name, reason in report["skipped"].items():
        print(f"  skipped {name}: {reason}")
    found = []
    if report["backend"] != best:
        found.append(f"chose {report['backend']}, expected {best}")
    if set(report["skipped"]) != set(ISAS) - {best}:
        found.append(f"gave reasons for {sorted(report['skipped'])}")
    found += [
        f"the reason for skipping {name} does not name the lacking instructions"
        for name in lacking
        if name not in report["skipped"] or name[:6] not in report["skipped"][name]
    ]
    for other, theirs in scores.items():
        if not all(map(_close, scores[cpu], theirs)):
            found.append(f"trained to other scores than {other}: {theirs}")
    for name in ISAS:
        answer = report["by_name"][name]
        works = isinstance(answer, float) and _close(answer, 3 * math.tanh(1))
        if name in usable and not works:
            found.append(f"use_backend({name!r}) failed: {answer}")
        if name in lacking and not (isinstance(answer, str) and f"nd4py[{best}]" in answer):
            found.append(f"use_backend({name!r}) did not say what to install: {answer}")
    for name in lacking:
        refused = run(cpu, ND4PY_BACKEND=name)
        message = refused.errors.strip().rpartition("\n")[2]
        print(f"  ND4PY_BACKEND={name}: {message}")
        if refused.code != 1 or "BackendUnavailableError" not in message:
            found.append(f"ND4PY_BACKEND={name} ended with {refused.code}: {message}")
        if f"nd4py[{best}]" not in message:
            found.append(f"ND4PY_BACKEND={name} did not say what to install: {message}")
    return found


def main() -> int:
    expected = EXPECTED | {HOST: runnable_isas()[::-1]}
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cpus", nargs="*", choices=(*expected, []), metavar="CPU")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child()
        return 0
    if not shutil.which("qemu-x86_64"):
        sys.exit("tools/isa_check.py needs qemu-x86_64 (Debian: apt-get install qemu-user)")
    failed, scores = 0, dict[str, list[float]]()
    for cpu in arguments.cpus or expected:
        for problem in problems(cpu, expected[cpu], scores):
            print(f"  WRONG: {problem}")
            failed += 1
    print(f"{failed} problems" if failed else "every CPU got the backend that it can run")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
