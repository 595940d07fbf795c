"""Functions at top level: names and meaning of the Python array API standard."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nd4py as nd

X = np.arange(24.0).reshape(2, 3, 4) - 7

SAME = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log10",
    "log1p",
    "log2",
    "negative",
    "positive",
    "reciprocal",
    "round",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
]


@pytest.mark.parametrize("name", SAME)
def test_elementwise_functions_of_one_array(name: str) -> None:
    x = (
        np.asarray([0.25, 0.75, 0.5, 0.1])
        if "acosh" not in name
        else np.asarray([1.5, 2.0, 7.0, 1.0])
    )
    numpy_name = {
        "acos": "arccos",
        "acosh": "arccosh",
        "asin": "arcsin",
        "asinh": "arcsinh",
        "atan": "arctan",
        "atanh": "arctanh",
    }.get(name, name)
    np.testing.assert_allclose(
        np.asarray(getattr(nd, name)(nd.array(x))), getattr(np, numpy_name)(x), rtol=1e-14
    )


@pytest.mark.parametrize(
    "name",
    [
        "add",
        "subtract",
        "multiply",
        "divide",
        "floor_divide",
        "remainder",
        "pow",
        "maximum",
        "minimum",
        "atan2",
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
    ],
)
def test_elementwise_functions_of_two_arrays(name: str) -> None:
    a, b = np.asarray([3.5, 2.0, -1.5]), np.asarray([2.0, 2.0, 4.0])
    expected = getattr(np, {"pow": "power", "atan2": "arctan2"}.get(name, name))(a, b)
    actual = np.asarray(getattr(nd, name)(nd.array(a), nd.array(b)))
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected)


@pytest.mark.parametrize(
    "name", ["sum", "prod", "mean", "max", "min", "any", "all", "argmax", "argmin", "std", "var"]
)
@pytest.mark.parametrize(("axis", "keepdims"), [(None, False), (0, False), (-1, True), (2, False)])
def test_reductions(name: str, axis: Any, keepdims: bool) -> None:
    expected = getattr(np, name)(X, axis=axis, keepdims=keepdims)
    actual = np.asarray(getattr(nd, name)(nd.array(X), axis=axis, keepdims=keepdims))
    assert actual.shape == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


def test_reductions_over_several_axes() -> None:
    np.testing.assert_allclose(np.asarray(nd.sum(nd.array(X), axis=(0, 2))), X.sum((0, 2)))
    np.testing.assert_allclose(
        np.asarray(nd.var(nd.array(X), axis=1, correction=1)), X.var(1, ddof=1)
    )


def test_integers_are_summed_in_64_bits() -> None:
    x = nd.array(np.full(300, 100, np.int8))
    assert nd.sum(x).dtype is nd.int64
    assert int(nd.sum(x)) == 30000
    assert nd.sum(nd.array(np.ones(3, np.uint8))).dtype is nd.uint64
    assert nd.base.sum(x).dtype is nd.int8  # ND4J keeps the dtype


def test_nan_wins_at_top_level_and_is_ignored_by_nd4j() -> None:
    x = nd.array([1.0, float("nan"), 3.0])
    assert np.isnan(float(nd.max(x)))
    assert float(nd.base.max(x)) == 3.0


def test_shapes() -> None:
    x = nd.array(X)
    for actual, expected in (
        (nd.reshape(x, (4, -1)), X.reshape(4, -1)),
        (nd.permute_dims(x, (2, 0, 1)), X.transpose(2, 0, 1)),
        (nd.matrix_transpose(x), np.swapaxes(X, -1, -2)),
        (nd.expand_dims(x, axis=1), X[:, None]),
        (nd.squeeze(nd.array(X[:, :1]), 1), X[:, 0]),
        (nd.concat([x, x], axis=1), np.concatenate([X, X], 1)),
        (nd.concat([x, x], axis=None), np.concatenate([X, X], None)),
        (nd.stack([x, x], axis=-1), np.stack([X, X], -1)),
        (nd.flip(x), np.flip(X)),
        (nd.flip(x, axis=1), np.flip(X, 1)),
        (nd.take(x, nd.array([2, 0]), axis=1), np.take(X, [2, 0], 1)),
        (nd.tile(x, (2, 1, 1, 3)), np.tile(X, (2, 1, 1, 3))),
        (nd.repeat(x, 3, axis=1), np.repeat(X, 3, 1)),
        (nd.broadcast_to(nd.array(X[:1]), X.shape), np.broadcast_to(X[:1], X.shape)),
        (nd.clip(x, -2, 3.5), np.clip(X, -2, 3.5)),
        (nd.astype(x, "int32"), X.astype(np.int32)),
        (nd.matmul(x, nd.matrix_transpose(x)), X @ np.swapaxes(X, -1, -2)),
        (nd.where(x > 0, x, 0.0), np.where(X > 0, X, 0)),
    ):
        np.testing.assert_array_equal(np.asarray(actual), expected)


def test_division_of_integers_is_true_at_top_level_only() -> None:
    a, b = nd.array([7, -7]), nd.array([2, 2])
    assert nd.divide(a, b).tolist() == [3.5, -3.5]
    assert nd.math.div(a, b).tolist() == [3, -3]
    assert nd.floor_divide(a, b).tolist() == [3, -4]


def test_unknown_names_raise() -> None:
    with pytest.raises(AttributeError, match="module 'nd4py' has no attribute 'tahn'"):
        nd.tahn  # noqa: B018
    assert {"tanh", "nn", "use_backend", "sum"} <= set(dir(nd))


@pytest.mark.parametrize("name", ["base", "math", "nn", "cnn", "loss", "linalg", "bitwise"])
def test_namespaces_are_modules(name: str) -> None:
    module = importlib.import_module(f"nd4py.{name}")
    assert module is getattr(nd, name)
    assert module.__all__
    assert all(callable(getattr(module, function)) for function in module.__all__)


# ------------------------------------------------------------------------------------------------------- properties

FLOATS = st.floats(-100, 100, width=32)
SHAPES = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=5)
DTYPES = [
    np.int8,
    np.int16,
    np.int32,
    np.int64,
    np.uint8,
    np.uint16,
    np.uint32,
    np.uint64,
    np.float16,
    np.float32,
    np.float64,
    np.complex64,
    np.bool_,
]


@settings(max_examples=60, deadline=None)
@given(shapes=SHAPES, data=st.data())
def test_broadcasting_is_that_of_numpy(shapes: Any, data: Any) -> None:
    a, b = (data.draw(hnp.arrays(np.float32, s, elements=FLOATS)) for s in shapes.input_shapes)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(np.asarray(nd.add(nd.array(a), nd.array(b))), a + b)
        np.testing.assert_array_equal(
            np.asarray(nd.where(nd.array(a) > nd.array(b), nd.array(a), nd.array(b))),
            np.where(a > b, a, b),
        )


@settings(max_examples=60, deadline=None)
@given(a=st.sampled_from(DTYPES), b=st.sampled_from(DTYPES))
def test_promotion_is_that_of_numpy(a: Any, b: Any) -> None:
    if a is np.bool_ and b is np.bool_:
        return
    result = nd.add(nd.array(np.ones(2, a)), nd.array(np.ones(2, b)))
    assert result.dtype.numpy == np.promote_types(a, b)


@settings(max_examples=60, deadline=None)
@given(
    x=hnp.arrays(np.float64, hnp.array_shapes(max_dims=4, max_side=4), elements=FLOATS),
    data=st.data(),
)
def test_reductions_over_any_axes(x: np.ndarray, data: Any) -> None:
    axes = tuple(
        data.draw(
            st.lists(st.integers(-x.ndim, x.ndim - 1), min_size=1, unique_by=lambda a: a % x.ndim)
        )
    )
    keep = data.draw(st.booleans())
    np.testing.assert_allclose(
        np.asarray(nd.sum(nd.array(x), axis=axes, keepdims=keep)),
        x.sum(axes, keepdims=keep),
        rtol=1e-9,
        atol=1e-9,
    )
    np.testing.assert_array_equal(
        np.asarray(nd.base.max(nd.array(x), dims=axes, keep_dims=keep)), x.max(axes, keepdims=keep)
    )
