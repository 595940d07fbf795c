"""Every operation with a native kernel gives what its NumPy reference gives, on every backend that runs here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nd4py as nd
import nd4py.ops
from nd4py._backend._discovery import entry_points
from nd4py.ops import REGISTRY, Op, Trait, call, canonical, infer, input_specs
from nd4py.ops._declare import coerce

TYPES = {
    "f32": np.float32, "f64": np.float64, "f16": np.float16, "bf16": "bfloat16", "i8": np.int8, "u8": np.uint8,
    "i32": np.int32, "i64": np.int64,
}  # fmt: skip
RELATIVE = {"float32": 3e-6, "float64": 1e-13, "float16": 2e-3, "bfloat16": 1.6e-2}


def backends() -> list[str]:
    found = []
    for name in sorted(entry_points()):
        try:
            with nd.use_backend(name):
                found.append(name)
        except nd.BackendUnavailableError:
            continue
    return found


def cases() -> list[Any]:
    found = []
    for op in REGISTRY.values():
        if not op.native:
            continue
        for i, (inputs, attrs) in enumerate(op.samples()):
            full = {a.name: coerce(op, a, attrs.get(a.name, a.default)) for a in op.attrs}
            floats = any(isinstance(x, np.ndarray) and x.dtype == np.float64 for x in inputs)
            for name in TYPES if floats else ("f64",):
                given = [convert(x, name) for x in inputs]
                if accepted(op, given, full):
                    found.append(pytest.param(op, given, full, name, id=f"{op.name}-{name}-{i}"))
    return found


def convert(x: Any, name: str) -> Any:
    if not (isinstance(x, np.ndarray) and x.dtype == np.float64):
        return x
    if name == "bf16":
        return nd.array(x).cast_to(nd.bfloat16)
    return (x * 3).astype(TYPES[name]) if name[0] in "iu" else x.astype(TYPES[name])


def accepted(op: Op, inputs: list[Any], attrs: dict[str, Any]) -> bool:
    try:
        specs = input_specs(inputs, op)
        infer(op, specs, canonical(op, specs, dict(attrs)))
    except TypeError:
        return False
    return True


def values(outputs: tuple[Any, ...]) -> list[np.ndarray]:
    return [np.asarray(y.cast_to(nd.float32) if y.dtype is nd.bfloat16 else y) for y in outputs]


BACKENDS = backends()


def test_a_backend_runs_here() -> None:
    assert BACKENDS, "no native backend could be opened: nothing native was tested"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("layout", ["plain", "strided"])
@pytest.mark.parametrize(("op", "inputs", "attrs", "dtype"), cases())
def test_native_equals_reference(
    op: Op, inputs: list[Any], attrs: dict[str, Any], dtype: str, layout: str, backend: str
) -> None:
    if layout == "strided":
        inputs = [strided(x) for x in inputs]
    with nd.use_backend("numpy"):
        expected = call(op, inputs, attrs)
    with nd.use_backend(backend):
        actual = call(op, inputs, attrs)
    for y, want in zip(actual, expected, strict=True):
        assert (y.dtype, y.shape) == (want.dtype, want.shape)
    kinds = [y.dtype.name for y in actual]
    for y, want, kind in zip(values(actual), values(expected), kinds, strict=True):
        if y.dtype.kind in "fc":
            tolerance = op.tolerances.get(kind, RELATIVE[kind])
            scale = float(np.max(np.abs(want[np.isfinite(want)]), initial=1.0))
            np.testing.assert_allclose(y, want, rtol=tolerance, atol=tolerance * scale)
        else:
            np.testing.assert_array_equal(y, want)


def strided(x: Any) -> Any:
    """The same values as a transposed view with gaps."""
    if x is None or isinstance(x, (int, float)) or x.ndim == 0:
        return x
    array = nd.array(x)
    wide = nd.zeros(tuple(2 * n for n in reversed(array.shape)), dtype=array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)].T
    view[...] = array
    return view


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "op", [o for o in REGISTRY.values() if o.native and Trait.ELEMENTWISE in o.traits], ids=str
)
def test_special_values(op: Op, backend: str) -> None:
    """NaN, infinities, zeros of both signs and large numbers come out as the reference says."""
    special = np.asarray(
        [
            np.nan,
            np.inf,
            -np.inf,
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -0.5,
            1.5,
            -2.5,
            1e30,
            -1e30,
            88.0,
            -88.0,
            1e-40,
        ]
        * 3
    )
    arity = len(op.inputs)
    for dtype in (np.float32, np.float64):
        if op.has(Trait.ELEMENTWISE) and arity == 1:
            inputs = [special.astype(dtype)]
        elif arity == 2:
            inputs = [
                np.repeat(special[:16], 16).astype(dtype),
                np.tile(special[:16], 16).astype(dtype),
            ]
        else:
            inputs = [special > 0, special.astype(dtype), special[::-1].astype(dtype)]
        attrs = {a.name: nd.int32 for a in op.attrs if a.kind == "dtype"}
        if attrs or not accepted(op, inputs, attrs):
            continue
        with nd.use_backend("numpy"):
            expected = np.asarray(call(op, inputs, attrs)[0])
        with nd.use_backend(backend):
            actual = np.asarray(call(op, inputs, attrs)[0])
        relative = 1e-5 if dtype is np.float32 else 1e-12
        np.testing.assert_allclose(actual, expected, rtol=relative, atol=1e-30, err_msg=str(inputs))
