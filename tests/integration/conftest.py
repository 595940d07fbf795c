"""What the packaging tests share: the wheels of dist/, and environments to install them into."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"


@pytest.fixture(scope="session")
def wheels() -> dict[str, Path]:
    """The wheels of this Python that the session built, by distribution."""
    tag = sys.implementation.cache_tag
    found = {
        stamp.name.removesuffix(f"-{tag}"): DIST / stamp.read_text().split()[0]
        for stamp in (DIST / ".stamps").glob(f"*-{tag}")
    }
    assert found, "no wheels: run `python3 tools/run.py wheels` first"
    return found


class Environment:
    """A virtual environment of its own, without this one's packages."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        self.scripts = folder / "bin"

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the environment; its output is text."""
        return subprocess.run(
            [self.scripts / command[0], *command[1:]],
            capture_output=True,
            text=True,
            env={"PATH": f"{self.scripts}:/usr/bin:/bin", **environment},
            cwd=self.scripts,
            check=False,
        )

    def pip(self, *arguments: str) -> None:
        """Run pip; a failure shows what it printed."""
        command = [self.scripts / "python", "-m", "pip", "--disable-pip-version-check", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def distributions(self) -> set[str]:
        """The names of what is installed."""
        listed = self.run("python", "-m", "pip", "list", "--format=json")
        return {entry["name"] for entry in json.loads(listed.stdout)}


@pytest.fixture
def build_environment() -> Callable[[Path], Environment]:
    """An environment with exactly what a source folder declares that its build needs.

    As an isolated build would have, but kept, so that compiler caches recognise its headers.
    """

    def make(source: Path) -> Environment:
        declared = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["build-system"]
        digest = hashlib.sha256(
            "\n".join([sys.version, *declared["requires"]]).encode()
        ).hexdigest()
        folder = ROOT / ".cache" / "declared-builds" / digest[:12]
        environment = Environment(folder)
        if not (folder / "complete").exists():
            environment.pip("install", *declared["requires"])
            (folder / "complete").touch()
        return environment

    return make


@pytest.fixture
def new_environment(tmp_path: Path) -> Callable[[], Environment]:
    return lambda: Environment(tmp_path / "environment")
