"""What handlers of network cases share: loading, data, comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np
from harness import Case, NotSupported, compare

GRADIENT_RTOL = 2e-4  # of the largest element, as the fixtures' page says
STATE_RTOL = 1e-3  # parameters and state after several steps


def load(case: Case, name: str | None = None) -> Any:
    """The network of a companion zip."""
    from dl4py import MultiLayerNetwork, UnsupportedLayerError

    try:
        return MultiLayerNetwork.load(case.path(name or f"{case.stem}-init.zip"))
    except UnsupportedLayerError as missing:
        raise NotSupported(f"{missing.java_class.rpartition('.')[2]}: not built yet") from None


def dataset(case: Case, rows: slice = slice(None)) -> Any:
    from nd4py.data import DataSet

    def cut(*names: str) -> Any:
        found = next((case.arrays[n] for n in names if n in case.arrays), None)
        return None if found is None else found[rows]

    return DataSet(cut("x"), cut("y"), cut("fmask"), cut("lmask", "y_mask"))


def close_to_largest(actual: Any, expected: np.ndarray, rtol: float, what: str) -> None:
    """Compares relative to the largest element."""
    got, want = np.asarray(actual), np.asarray(expected)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    size = float(np.max(np.abs(want.astype(np.float64)), initial=0.0)) or 1.0
    compare(got.astype(np.float64), want.astype(np.float64), 0.0, rtol * size, what)


def same_tree(got: Any, want: Any, path: str = "") -> None:
    """Asserts that two JSON trees are equal; numbers compare as numbers."""
    if isinstance(want, dict):
        assert isinstance(got, dict), f"{path}: {got!r}, expected an object"
        assert got.keys() == want.keys(), (
            f"{path}: keys differ by {sorted(got.keys() ^ want.keys())}"
        )
        for key in want:
            same_tree(got[key], want[key], f"{path}.{key}")
    elif isinstance(want, list):
        assert isinstance(got, list), f"{path}: {got!r}, expected a list"
        assert len(got) == len(want), f"{path}: {got!r}, expected {want!r}"
        for i, item in enumerate(want):
            same_tree(got[i], item, f"{path}[{i}]")
    else:
        equal = got == want and isinstance(got, bool) == isinstance(want, bool)
        assert equal, f"{path}: {got!r}, expected {want!r}"
