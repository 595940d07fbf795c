"""What is raised where a backend cannot be used."""

from __future__ import annotations

__all__ = ["BackendUnavailableError"]


class BackendUnavailableError(RuntimeError):
    """A backend that was asked for by name cannot run here; the message says why, and what to install instead."""
