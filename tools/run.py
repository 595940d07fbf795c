"""Run a session of this repository with nothing installed but Python.

    python3 tools/run.py                  # list the sessions
    python3 tools/run.py quickstart       # build, install, train on real data
    python3 tools/run.py tests            # build and run every test
    python3 tools/run.py tests -- -k csv  # what follows -- goes to the session

Standard library only: makes a private environment with nox in it under .cache/ and hands over.
"""

# Old interpreters must get as far as the version check: nothing newer than Python 3.6 above it.
import os
import subprocess
import sys

MINIMUM = (3, 11)
if sys.version_info < MINIMUM:
    sys.exit(
        "tools/run.py needs Python {}.{} or newer, this is {}.{} ({}). "
        "Run it with a newer one, for example: python3.12 tools/run.py".format(
            *MINIMUM, *sys.version_info[:2], sys.executable
        )
    )

import hashlib  # noqa: E402
import shutil  # noqa: E402
import venv  # noqa: E402
from pathlib import Path  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ["nox>=2024.10", "virtualenv>=20.26"]


def environment_python() -> Path:
    """The Python of the private environment, made or brought up to date when needed."""
    identity = "\n".join([sys.version, os.path.realpath(sys.executable), *REQUIREMENTS])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    folder = ROOT / ".cache" / "run" / digest
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if ready.exists() and python.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    print(f"Making a private environment in {folder.relative_to(ROOT)} …", flush=True)
    # Some distributions split ensurepip off; pip of this interpreter can then fill the environment.
    try:
        venv.create(folder, with_pip=True)
        pip = [str(python), "-m", "pip"]
    except (subprocess.CalledProcessError, SystemExit):
        venv.create(folder, with_pip=False, clear=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
    quiet = ["--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "install", *quiet, *REQUIREMENTS], check=False).returncode:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit(
            "Could not install nox into a private environment (see above). This Python needs the "
            "modules venv and ensurepip or pip (Debian: apt-get install python3-venv), and a "
            "package index."
        )
    ready.touch()
    return python


def main() -> int:
    session, *rest = sys.argv[1:] or ["--list"]
    chosen = [session] if session.startswith("-") else ["--session", session]
    command = [str(environment_python()), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py")]
    try:
        return subprocess.run([*command, *chosen, *rest], check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
