import pytest

from samediff import settings


@pytest.fixture(autouse=True)
def verify_stages(monkeypatch):
    monkeypatch.setattr(settings, "verify", True)


@pytest.fixture(params=["interpreted", "active"])
def executor(request, monkeypatch):
    """Runs a test on the reference interpreter, and on whatever backend is active."""
    monkeypatch.setattr(settings, "interpret", request.param == "interpreted")
    return request.param
