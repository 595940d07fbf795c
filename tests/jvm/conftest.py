"""Runs jobs in the real Deeplearning4j: see tools/jvm/README.md."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))  # for `import process_samples`
PROJECT = Path(__file__).resolve().parents[2] / "tools" / "jvm"


class Jvm:
    """One folder of files exchanged with the JVM, and the jobs to run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """A file of the exchange folder."""
        return self.folder / name

    def put(self, name: str, array: np.ndarray) -> str:
        """Write an array for a job to read; its argument is the path."""
        path = self.path(f"{name}.npy")
        np.save(path, np.ascontiguousarray(array))
        return str(path)

    def get(self, name: str) -> np.ndarray:
        """The array that a job wrote to `wanted(name)`."""
        return np.load(self.path(f"{name}.npy"), allow_pickle=False)

    def wanted(self, name: str) -> str:
        """The argument that makes a job write an array for `get(name)`."""
        return str(self.path(f"{name}.npy"))

    def run(self, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        """Run the jobs in one JVM; a failed job fails the test with the JVM's words."""
        found = self.attempt(*jobs)
        for job, result in zip(jobs, found, strict=True):
            assert "error" not in result, (job, result)
        return found

    def attempt(self, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        """As `run`, but a failed job only has an ``error`` in its result."""
        listed, results = self.path("jobs"), self.path("results")
        lines = [json.dumps({"id": number, **job}, default=str) for number, job in enumerate(jobs)]
        listed.write_text("\n".join(lines) + "\n", "utf-8")
        target = PROJECT / "target"
        classes = os.pathsep.join([str(target / "classes"), (target / "classpath.txt").read_text()])
        # Arrow, below LocalTransformExecutor, reaches into java.nio.
        options = [
            "-Xmx2g",
            "-XX:TieredStopAtLevel=1",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
        ]
        main = ["-cp", classes.strip(), "org.dl4py.jvm.Main"]
        command = ["java", *options, *main, listed, results]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        found = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
        assert len(found) == len(jobs)
        return found


def _jvm(folder: Path) -> Jvm:
    assert shutil.which("java"), "the jvm tests need Java 17 and Maven"
    assert (PROJECT / "target" / "classpath.txt").exists(), "run `python3 tools/run.py jvm`"
    return Jvm(folder)


@pytest.fixture
def jvm(tmp_path: Path) -> Jvm:
    return _jvm(tmp_path)


@pytest.fixture(scope="module")
def jvm_of_module(tmp_path_factory: pytest.TempPathFactory) -> Jvm:
    """For many jobs whose results several tests look at."""
    return _jvm(tmp_path_factory.mktemp("jvm"))
