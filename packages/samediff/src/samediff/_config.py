"""Settings of this package, read once from the environment. A flag is off when unset, empty or 0."""

from __future__ import annotations

import os


def _flag(name: str) -> bool:
    value = os.environ.get(name, "0").strip().lower()
    if value in ("", "0", "false", "no", "off"):
        return False
    if value in ("1", "true", "yes", "on"):
        return True
    raise ValueError(f"environment variable {name}: expected 0 or 1, received {value!r}")


class Settings:
    """What can be switched at run time; tests set the attributes directly.

    Attributes:
        verify: check every compiler stage against its grammar (``SAMEDIFF_VERIFY=1``).
        interpret: run plans on the reference interpreter, not natively (``SAMEDIFF_INTERPRET=1``).
        plan_cache: how many shapes an inference or training plan keeps compiled (``SAMEDIFF_PLAN_CACHE``).
    """

    def __init__(self) -> None:
        self.verify = _flag("SAMEDIFF_VERIFY")
        self.interpret = _flag("SAMEDIFF_INTERPRET")
        text = os.environ.get("SAMEDIFF_PLAN_CACHE", "32")
        if not text.isdigit() or int(text) < 1:
            raise ValueError(
                f"environment variable SAMEDIFF_PLAN_CACHE: expected a positive integer, received {text!r}"
            )
        self.plan_cache = int(text)


settings = Settings()
