"""Losses, activations and operations record into graphs: plans give what eager calls give, gradients included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_losses import COLUMN, PAIRS, PER_OUTPUT, Z

import nd4py as nd
import nd4py.ops
from nd4py import activations, losses
from nd4py.ops import FUNCTIONS, NOT_DIFFERENTIABLE, REGISTRY, Op, Trait, vjp
from nd4py.ops._declare import coerce
from samediff import SameDiff


def in_graph(build: Any, arrays: list[np.ndarray]) -> tuple[np.ndarray, list[Any]]:
    """The value of ``build(*variables)``, and the gradients of its weighted sum to the floating variables."""
    sd = SameDiff.create()
    variables = [sd.var(f"v{i}", nd.array(a)) for i, a in enumerate(arrays)]
    value = nd.ops.identity(build(*variables))
    value.rename("value")
    nd.ops.sum(value * sd.constant("weights", nd.array(_weights(value.shape)))).rename("loss")
    sd.set_loss_variables("loss")
    wanted = [f"v{i}" for i, a in enumerate(arrays) if a.dtype == np.float64]
    grads = sd.calculate_gradients({}, *wanted)
    return np.asarray(sd.output({}, "value")["value"]), [np.asarray(grads[n]) for n in wanted]


def eager(build: Any, arrays: list[np.ndarray]) -> tuple[np.ndarray, list[Any]]:
    places = [i for i, a in enumerate(arrays) if a.dtype == np.float64]

    def rebuilt(*values: Any) -> Any:
        given = dict(zip(places, values, strict=True))
        return build(*(given.get(i, nd.array(a)) for i, a in enumerate(arrays)))

    value = np.asarray(rebuilt(*(nd.array(arrays[i]) for i in places)))
    _, grads = vjp(rebuilt, [nd.array(arrays[i]) for i in places], nd.array(_weights(value.shape)))
    return value, [
        np.zeros_like(arrays[i]) if g is None else np.asarray(g)
        for i, g in zip(places, grads, strict=True)
    ]


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.random.default_rng(8).normal(size=shape))


def agree(build: Any, arrays: list[np.ndarray]) -> None:
    value, grads = in_graph(build, arrays)
    expected, expected_grads = eager(build, arrays)
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-11)
    for found, wanted in zip(grads, expected_grads, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("mask", [None, COLUMN, PER_OUTPUT], ids=["plain", "column", "per-output"])
@pytest.mark.parametrize("pair", PAIRS)
def test_losses(pair: str, mask: Any) -> None:
    name, function, labels = PAIRS[pair]
    loss, function = losses.get(name), activations.get(function)
    if mask is PER_OUTPUT and pair.split("-")[0] in ("cosine", "mixture", "mcxent", "sparse"):
        pytest.skip("takes column masks only")

    def build(z: Any) -> Any:
        return loss.score(
            nd.array(labels), z, function, None if mask is None else nd.array(mask), False
        )

    agree(build, [Z])


@pytest.mark.parametrize(
    "cls", [c for c in vars(activations).values() if getattr(c, "java_class", "")], ids=repr
)
def test_activations(cls: Any) -> None:
    function = cls()
    x = np.random.default_rng(4).normal(size=(3, 4)) * 3
    if isinstance(function, activations.PReLU):
        agree(function.apply, [x, np.abs(x[0])])
    elif isinstance(function, activations.RReLU):
        agree(lambda v: function.activation(v, True, (3, 4)), [x])
    else:
        agree(function.activation, [x])


def cases() -> list[Any]:
    found = []
    for op in REGISTRY.values():
        if op.gradient is NOT_DIFFERENTIABLE or op.has(Trait.RANDOM):
            continue
        for i, (inputs, attrs) in enumerate(op.samples()):
            full = {a.name: coerce(op, a, attrs.get(a.name, a.default)) for a in op.attrs}
            if full.get("with_bias") is False:
                continue  # recorded by gradient rules alone, which ask for one output
            arrays = [x for x in inputs if isinstance(x, np.ndarray)]
            if (
                any(a.dtype == np.float64 for a in arrays)
                and full.get("dtype", nd.float64) is nd.float64
            ):
                found.append(pytest.param(op, inputs, full, id=f"{op.name}-{i}"))
    return found


@pytest.mark.parametrize(("op", "inputs", "attrs"), cases())
def test_operations(op: Op, inputs: Any, attrs: Any) -> None:
    places = [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray)]

    def build(*values: Any) -> Any:
        given = dict(zip(places, values, strict=True))
        result = FUNCTIONS[op.name](*(given.get(i, x) for i, x in enumerate(inputs)), **attrs)
        if not isinstance(result, tuple):
            return result
        return nd.ops.concat(*(nd.ops.reshape(y, shape=(-1,)) for y in result))

    agree(build, [np.asarray(inputs[i]) for i in places])
