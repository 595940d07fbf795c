"""Activation functions of layers: JSON forms, names, kinks, limits, random slopes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nd4py as nd
from nd4py import activations
from nd4py.activations import GELU, ReLU, RReLU, get

PACKAGE = "org.nd4j.linalg.activations.impl.Activation"


def slope_at(function: Any, *points: float) -> list[float]:
    x = nd.array(np.asarray(points))
    return np.asarray(function.backprop(x, nd.ones(x.shape, dtype=nd.float64))).tolist()


@pytest.mark.parametrize(
    ("function", "point", "expected"),
    [
        ("relu", 0.0, 0.0),
        ("leakyrelu", 0.0, 1.0),
        (ReLU(negative_slope=0.1), 0.0, 1.0),
        (ReLU(threshold=0.5), 0.5, 1.0),
        (ReLU(max=2.0), 2.0, 0.0),
        ("relu6", 0.0, 0.0),
        ("relu6", 6.0, 0.0),
        ("hardtanh", 1.0, 1.0),
        ("hardtanh", -1.0, 1.0),
        ("hardsigmoid", 2.5, float(np.float32(0.2))),
        ("hardsigmoid", -2.5, float(np.float32(0.2))),
        ("thresholdedrelu", 1.0, 0.0),
        ("rectifiedtanh", 0.0, 0.0),
        ("elu", 0.0, 1.0),
        ("selu", 0.0, 1.0507009873554805 * 1.6732632423543772),
    ],
)
def test_derivative_at_the_kink_follows_the_original(
    function: Any, point: float, expected: float
) -> None:
    assert slope_at(get(function), point) == [pytest.approx(expected, rel=1e-12)]


@pytest.mark.parametrize(
    "name", ["swish", "gelu", "mish", "softplus", GELU(precise=True), "elu", "selu", "rationaltanh"]
)
@pytest.mark.parametrize("dtype", [nd.float32, nd.float64])
def test_large_values_have_limits(name: Any, dtype: Any) -> None:
    function = get(name)
    x = nd.array(np.asarray([1e4, 400.0, 90.0, -90.0, -400.0, -1e4])).cast_to(dtype)
    y = np.asarray(function.activation(x))
    slope = np.asarray(function.backprop(x, nd.ones(x.shape, dtype=dtype)))
    assert np.isfinite(y).all()
    assert np.isfinite(slope).all()
    if name not in ("selu", "rationaltanh"):
        np.testing.assert_allclose(y[:3], np.asarray(x)[:3], rtol=1e-6)
        np.testing.assert_allclose(slope[:3], 1.0, rtol=1e-6)
        np.testing.assert_allclose(slope[3:], 0.0, atol=1e-6)


@pytest.mark.parametrize(
    "cls", [c for c in vars(activations).values() if getattr(c, "java_class", "")], ids=repr
)
def test_json_goes_both_ways(cls: Any) -> None:
    tree = cls().to_json()
    assert tree["@class"] == PACKAGE + cls.__name__
    assert get(tree) == cls()
    assert get({**tree, "unknownKey": 1}) == cls()


def test_json_keys_are_those_of_the_original() -> None:
    assert ReLU(max=6.0).to_json() == {
        "@class": PACKAGE + "ReLU",
        "max": 6.0,
        "threshold": None,
        "negativeSlope": None,
    }
    assert get("gelu").to_json() == {"@class": PACKAGE + "GELU", "precise": False}


def test_files_of_the_jvm_select_its_function_and_ours_the_right_one() -> None:
    x = nd.array([-1.0, 0.1, 2.0])
    theirs = get({"@class": PACKAGE + "RReLU", "l": 0.125, "u": 1 / 3})
    assert not theirs.leaky_inference
    middle = (0.125 + 1 / 3) / 2
    np.testing.assert_allclose(np.asarray(theirs.activation(x)), [middle, middle, 2.0], rtol=1e-6)
    np.testing.assert_allclose(np.asarray(RReLU().activation(x)), [-middle, 0.1, 2.0], rtol=1e-6)
    assert "leakyInference" not in theirs.to_json()
    assert get(RReLU().to_json()) == RReLU()
    assert get({"@class": PACKAGE + "GELU", "precise": True}).scaled_cube
    assert not get(GELU(precise=True).to_json()).scaled_cube


def test_rrelu_draws_its_slopes() -> None:
    x = nd.array(np.full((2000,), -1.0, np.float32))
    function = RReLU(0.1, 0.5)
    y = np.asarray(function.activation(x, True, (5, 0)))
    assert -0.5 <= y.min() < -0.48
    assert -0.12 < y.max() <= -0.1
    np.testing.assert_array_equal(y, np.asarray(function.activation(x, True, (5, 0))))
    with pytest.raises(ValueError, match=r"RReLU: training needs random=\(seed, counter\)"):
        function.activation(x, True)


def test_softmax_goes_over_the_last_dimension() -> None:
    y = np.asarray(get("softmax").activation(nd.array(np.arange(12.0).reshape(2, 2, 3))))
    np.testing.assert_allclose(y.sum(-1), 1.0)


def test_prelu_needs_its_parameter() -> None:
    with pytest.raises(
        TypeError, match=r"PReLU: alpha is a parameter of the layer; call apply\(x, alpha\)"
    ):
        get({"@class": PACKAGE + "PReLU"}).activation(nd.ones((2,)))


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ("rleu", ValueError, "Activation: unknown name 'rleu'; known are .*relu"),
        (
            {"@class": "java.lang.Runtime"},
            ValueError,
            "Activation: unknown class 'java.lang.Runtime'; known are",
        ),
        ({"alpha": 1}, ValueError, "expected a class name under '@class' or 'type'"),
        (
            {"@class": "org.nd4j.linalg.lossfunctions.impl.LossMSE"},
            ValueError,
            "Activation: unknown class",
        ),
        (3, TypeError, "Activation: expected a name, a JSON object or an instance, received 3"),
    ],
)
def test_lookup_errors(value: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        get(value)


def test_names_are_those_of_the_enum() -> None:
    enum = (
        "CUBE ELU HARDSIGMOID HARDTANH IDENTITY LEAKYRELU RATIONALTANH RELU RELU6 RRELU SIGMOID SOFTMAX SOFTPLUS "
        "SOFTSIGN TANH RECTIFIEDTANH SELU SWISH THRESHOLDEDRELU GELU MISH"
    )
    for name in enum.split():
        assert get(name) == get(name.lower())


def test_gelu_forms_agree_roughly() -> None:
    x = nd.array(np.linspace(-3, 3, 13))
    exact = 0.5 * np.asarray(x) * (1 + np.vectorize(math.erf)(np.asarray(x) / math.sqrt(2)))
    np.testing.assert_allclose(np.asarray(GELU(precise=True).activation(x)), exact, atol=1e-3)
    np.testing.assert_allclose(np.asarray(GELU().activation(x)), exact, atol=0.03)
