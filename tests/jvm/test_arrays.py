"""Array and DataSet files, both directions: what we write the JVM reads, and the other way round."""

from __future__ import annotations

import numpy as np
import pytest

from nd4py.data import DataSet
from nd4py.formats import read_array, write_array

pytestmark = pytest.mark.jvm

DTYPES = {
    "FLOAT": np.float32,
    "DOUBLE": np.float64,
    "HALF": np.float16,
    "LONG": np.int64,
    "INT": np.int32,
    "SHORT": np.int16,
    "BYTE": np.int8,
    "UBYTE": np.uint8,
    "BOOL": np.bool_,
}
SHAPES = [(), (5,), (2, 3), (2, 3, 4)]


def sample(dtype: type, shape: tuple[int, ...]) -> np.ndarray:
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    return (values % 2 == 0) if dtype is np.bool_ else (values - values // 2).astype(dtype)


def cases() -> list[tuple[str, str, np.ndarray]]:
    return [
        (name, order, sample(dtype, shape))
        for name, dtype in DTYPES.items()
        for shape in SHAPES
        for order in ("c", "f")
    ]


def test_arrays_written_here_are_read_there(jvm) -> None:
    jobs = []
    for number, (_, order, array) in enumerate(cases()):
        write_array(jvm.path(f"{number}.bin"), array, order=order)
        jobs.append(
            {
                "job": "array-read",
                "file": jvm.path(f"{number}.bin"),
                "array": jvm.wanted(f"{number}"),
            }
        )
    for number, (result, case) in enumerate(zip(jvm.run(*jobs), cases(), strict=True)):
        name, order, array = case
        assert result["dtype"] == name
        assert tuple(result["shape"]) == array.shape
        if array.ndim > 1:
            assert result["order"] == order
        np.testing.assert_array_equal(jvm.get(f"{number}").astype(array.dtype), array)


def test_arrays_written_there_are_read_here(jvm) -> None:
    jobs = [
        {
            "job": "array-write",
            "array": jvm.put(f"{number}", array.astype(np.float64)),
            "dtype": name,
            "order": order,
            "file": jvm.path(f"{number}.bin"),
        }
        for number, (name, order, array) in enumerate(cases())
    ]
    jvm.run(*jobs)
    for number, (_, _, array) in enumerate(cases()):
        found = np.asarray(read_array(jvm.path(f"{number}.bin")))
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("masked", [False, True])
def test_data_sets_both_directions(jvm, masked: bool) -> None:
    rng = np.random.default_rng(7)
    arrays = {
        "features": rng.normal(size=(4, 3, 5)).astype(np.float32),
        "labels": rng.normal(size=(4, 2, 5)).astype(np.float32),
    }
    if masked:
        arrays["features_mask"] = np.tri(4, 5, 1, dtype=np.float32)
        arrays["labels_mask"] = np.tri(4, 5, 0, dtype=np.float32)
    DataSet(**arrays).save(jvm.path("ours.bin"))
    read, _ = jvm.run(
        {"job": "dataset-read", "file": jvm.path("ours.bin")}
        | {n: jvm.wanted(f"{n}-there") for n in arrays},
        {"job": "dataset-write", "file": jvm.path("theirs.bin")}
        | {n: jvm.put(n, a) for n, a in arrays.items()},
    )
    assert set(read["present"]) == set(arrays)
    theirs = DataSet.load(jvm.path("theirs.bin"))
    for name, array in arrays.items():
        np.testing.assert_array_equal(jvm.get(f"{name}-there"), array)
        np.testing.assert_array_equal(np.asarray(getattr(theirs, name)), array)
