"""One contract for every declared operation: value, rule, gradient, layouts, attributes, decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from differences import central_difference, gradient_of

from nd4py import dtypes
from nd4py.ops import (
    FUNCTIONS,
    NOT_DIFFERENTIABLE,
    REGISTRY,
    Op,
    Spec,
    Trait,
    canonical,
    encode_attrs,
    infer,
    input_specs,
    run,
)
from nd4py.ops._declare import coerce

DTYPES = {
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "i32": np.int32,
    "i64": np.int64,
    "u8": np.uint8,
}
RELATIVE = {"f16": 4e-3, "f32": 2e-5, "f64": 1e-11}


def samples(op: Op) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    found = [(inputs, dict(attrs)) for inputs, attrs in op.samples()]
    return [
        (inputs, {a.name: coerce(op, a, attrs.get(a.name, a.default)) for a in op.attrs})
        for inputs, attrs in found
    ]


def as_dtype(inputs: tuple[Any, ...], dtype: Any) -> list[Any]:
    return [
        x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x
        for x in inputs
    ]


def evaluate(op: Op, inputs: list[Any], attrs: dict[str, Any]) -> tuple[np.ndarray, ...]:
    if op.compose is None:
        return tuple(np.asarray(y) for y in run(op, inputs, attrs))
    result = FUNCTIONS[op.name](*inputs, **attrs)
    return tuple(np.asarray(y) for y in (result if isinstance(result, tuple) else (result,)))


CASES = [
    pytest.param(op, inputs, attrs, id=f"{op.name}-{i}")
    for op in REGISTRY.values()
    for i, (inputs, attrs) in enumerate(samples(op))
]


@pytest.mark.parametrize("op", REGISTRY.values(), ids=REGISTRY.keys())
def test_declaration_is_complete(op: Op) -> None:
    assert op.doc.strip(), "no documentation"
    assert samples(op), "no samples"
    assert (op.reference is None) != (op.compose is None)
    assert op.compose is not None or (op.infer is not None and op.gradient is not None)
    if op.has(Trait.VIEW) and op.compose is None:
        assert op.view is not None


@pytest.mark.parametrize("dtype", ["f32", "f64", "f16"])
@pytest.mark.parametrize(("op", "inputs", "attrs"), CASES)
def test_rule_equals_result(op: Op, inputs: Any, attrs: Any, dtype: str) -> None:
    given = as_dtype(inputs, DTYPES[dtype])
    specs = input_specs(given, op)
    expected = infer(op, specs, canonical(op, specs, dict(attrs)))
    actual = evaluate(op, given, attrs)
    assert len(actual) == len(expected)
    for y, spec in zip(actual, expected, strict=True):
        assert Spec(dtypes.dtype(y.dtype), y.shape) == spec


@pytest.mark.parametrize("dtype", ["f32", "f16"])
@pytest.mark.parametrize(("op", "inputs", "attrs"), CASES)
def test_value_follows_float64(op: Op, inputs: Any, attrs: Any, dtype: str) -> None:
    if op.has(Trait.RANDOM):
        pytest.skip("each dtype draws its own bits")
    given = as_dtype(inputs, DTYPES[dtype])
    wide = [
        x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for x in given
    ]
    tolerance = op.tolerances.get({"f32": "float32", "f16": "float16"}[dtype], RELATIVE[dtype])
    for y, expected in zip(evaluate(op, given, attrs), evaluate(op, wide, attrs), strict=True):
        if y.dtype.kind == "f":
            np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance * 4)


@pytest.mark.parametrize(("op", "inputs", "attrs"), CASES)
def test_strided_inputs_change_nothing(op: Op, inputs: Any, attrs: Any) -> None:
    def strided(x: Any) -> Any:
        if not isinstance(x, np.ndarray) or x.ndim == 0:
            return x
        wide = np.zeros(tuple(2 * n for n in reversed(x.shape)), x.dtype)
        view = wide[tuple(slice(None, None, 2) for _ in x.shape)].T
        view[...] = x
        return view[::-1][::-1]

    given = as_dtype(inputs, np.float64)
    for y, expected in zip(
        evaluate(op, [strided(x) for x in given], attrs), evaluate(op, given, attrs), strict=True
    ):
        np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("op", "inputs", "attrs"), CASES)
def test_gradient_equals_central_differences(op: Op, inputs: Any, attrs: Any) -> None:
    given = as_dtype(inputs, np.float64)
    floating = [
        i for i, x in enumerate(given) if isinstance(x, np.ndarray) and x.dtype == np.float64
    ]
    rng = np.random.default_rng(5)
    outputs = evaluate(op, given, attrs)
    weights = [rng.normal(size=y.shape) if y.dtype.kind == "f" else None for y in outputs]
    if not floating or all(w is None for w in weights):
        pytest.skip("nothing to differentiate")
    if any(y.dtype.kind == "f" and y.dtype != np.float64 for y in outputs):
        pytest.skip("rounded results: differences say nothing")
    if op.gradient is NOT_DIFFERENTIABLE and not op.namespaces:
        pytest.skip("a building block of first derivatives")

    def objective(values: list[Any]) -> float:
        results = evaluate(op, values, attrs)
        return float(
            sum(np.sum(y * w) for y, w in zip(results, weights, strict=True) if w is not None)
        )

    actual = gradient_of(op, given, attrs, weights)
    for i in floating:
        expected = central_difference(objective, given, i)
        if op.name == "stop_gradient":
            expected = np.zeros_like(expected)
        if op.name == "gate_gradient" and i == 0:
            expected = np.where(given[1] != 0, expected, 0)
        found = np.zeros_like(given[i]) if actual[i] is None else np.asarray(actual[i])
        assert found.shape == given[i].shape
        assert found.dtype == given[i].dtype
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7, err_msg=f"input {i}")


@pytest.mark.parametrize(
    "op", [o for o in REGISTRY.values() if o.gradient not in (None, NOT_DIFFERENTIABLE)], ids=str
)
def test_gradient_keeps_the_dtype_of_each_input(op: Op) -> None:
    for inputs, attrs in samples(op):
        given = as_dtype(inputs, np.float32)
        outputs = evaluate(op, given, attrs)
        weights = [np.ones(y.shape, y.dtype) if y.dtype.kind == "f" else None for y in outputs]
        if all(w is None for w in weights):
            continue
        for x, g in zip(given, gradient_of(op, given, attrs, weights), strict=True):
            if g is not None:
                assert (g.shape, g.dtype) == (x.shape, x.dtype)


@pytest.mark.parametrize(
    "op", [o for o in REGISTRY.values() if Trait.ELEMENTWISE in o.traits], ids=str
)
def test_empty_arrays_pass_through(op: Op) -> None:
    inputs, attrs = samples(op)[0]
    empty = [np.zeros((0, 5), x.dtype) if isinstance(x, np.ndarray) else x for x in inputs]
    assert evaluate(op, empty, attrs)[0].shape == (0, 5)


@pytest.mark.parametrize(("op", "inputs", "attrs"), CASES)
def test_attributes_survive_canonical_form(op: Op, inputs: Any, attrs: Any) -> None:
    specs = input_specs(list(inputs), op)
    first = canonical(op, specs, dict(attrs))
    assert canonical(op, specs, dict(first)) == first
    assert {a.name: coerce(op, a, first[a.name]) for a in op.attrs} == first
    hash(tuple(first.items()))
    ints, reals = encode_attrs(op, first)
    assert all(type(i) is int for i in ints)
    assert all(type(r) is float for r in reals)


@pytest.mark.parametrize("op", [o for o in REGISTRY.values() if o.view is not None], ids=str)
def test_view_strides_address_the_same_elements(op: Op) -> None:
    for inputs, attrs in samples(op):
        x = np.asarray(inputs[0])
        specs = input_specs([x], op)
        attrs = canonical(op, specs, dict(attrs))
        strides = tuple(s // x.itemsize for s in x.copy(order="C").strides)
        found = op.view(specs[0], strides, 0, attrs)
        shape = infer(op, specs, attrs)[0].shape
        flat = x.reshape(-1)
        index = np.full(shape, found[1])
        for axis, stride in enumerate(found[0]):
            index = index + (np.arange(shape[axis]) * stride).reshape(
                -1, *(1,) * (len(shape) - axis - 1)
            )
        np.testing.assert_array_equal(
            flat[index] if index.size else np.zeros(shape), run(op, [x], attrs)[0]
        )
