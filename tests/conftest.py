"""Settings of every test."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Lets Ctrl-C be tested where the run was started in the background, which shells do with SIGINT ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
