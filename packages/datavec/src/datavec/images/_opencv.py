"""OpenCV, loaded when an image is first worked on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["opencv", "single_threaded"]

_lock = threading.Lock()
_users = 0
_threads_before = 0


def opencv() -> ModuleType:
    """The module ``cv2``; raises ImportError naming the extra to install."""
    try:
        import cv2
    except ImportError as e:
        raise ImportError(
            f'images need OpenCV ({e}); pip install "datavec[images]"', name="cv2"
        ) from None
    return cv2


@contextmanager
def single_threaded() -> Iterator[None]:
    """Keep OpenCV from starting threads of its own while ours decode; nests, also over threads."""
    global _users, _threads_before
    cv2 = opencv()
    with _lock:
        if _users == 0:
            _threads_before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                cv2.setNumThreads(_threads_before)
