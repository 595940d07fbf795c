"""How an operation is called: arguments, errors, frames, repetition."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import nd4py as nd
from nd4py import ops
from nd4py.ops import FUNCTIONS, REGISTRY, GraphVariable, Op, Spec


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: ops.softmax(),
            TypeError,
            r"softmax: missing input 'x'; it takes \(x, axis=-1\)",
        ),
        (lambda x: ops.softmax(x, 1, 2), TypeError, "softmax: too many arguments"),
        (lambda x: ops.softmax(x, axes=1), TypeError, "softmax: unexpected argument 'axes'"),
        (lambda x: ops.softmax(x, 1, axis=0), TypeError, "softmax: 'axis' is given twice"),
        (
            lambda x: ops.softmax(x, axis="rows"),
            TypeError,
            "softmax: axis must be an integer, received 'rows'",
        ),
        (
            lambda x: ops.softmax(x, axis=2),
            ValueError,
            "softmax: axis 2 is out of range for 2 dimensions",
        ),
        (
            lambda x: ops.softmax(None),
            TypeError,
            "softmax: input 'x' must be an array, received None",
        ),
        (
            lambda x: ops.concat(axis=0),
            TypeError,
            "concat: expected one or more arrays as 'arrays', received none",
        ),
        (lambda x: ops.reshape(x), TypeError, "reshape: missing 'shape'"),
        (
            lambda x: ops.reshape(x, (4, 2)),
            ValueError,
            r"reshape: cannot reshape \(2, 3\) \(6 elements\) into \(4, 2\)",
        ),
        (
            lambda x: ops.sum(x, dims=(0, 0)),
            ValueError,
            r"sum: axes \(0, 0\) repeat one of 2 dimensions",
        ),
        (lambda x: ops.add(x, nd.ones((4, 4))), ValueError, "broadcast"),
        (
            lambda x: ops.matmul(x, x),
            ValueError,
            r"matmul: shapes \(2, 3\) and \(2, 3\): 3 columns of a meet 2 rows of b",
        ),
        (
            lambda x: ops.linear(x, nd.ones((3, 4)), nd.ones((3,))),
            ValueError,
            r"linear: expected a bias of shape \(4,\)",
        ),
        (
            lambda x: ops.exp(nd.array([1, 2])),
            TypeError,
            "exp: expected a floating dtype, received int64; cast first",
        ),
        (
            lambda x: ops.logical_and(x, x),
            TypeError,
            "logical_and: expected bool, received float32",
        ),
        (
            lambda x: ops.where(x, x, x),
            TypeError,
            "where: condition must be bool, received float32",
        ),
        (
            lambda x: ops.gather(x, nd.array([0.5])),
            TypeError,
            "gather: indices must be integers, received float32",
        ),
        (lambda x: ops.gather(x, nd.array([7])), (ValueError, RuntimeError), "gather: "),
        (
            lambda x: ops.squeeze(x, dims=(0,)),
            ValueError,
            r"squeeze: dimension 0 of shape \(2, 3\) is not of size 1",
        ),
        (
            lambda x: ops.cast(x, "float33"),
            TypeError,
            "dtype: expected one of .* received 'float33'",
        ),
        (
            lambda x: nd.cnn.conv2d(
                nd.ones((1, 2, 3, 3)), nd.ones((2, 2, 3, 4)), weights_format="XY"
            ),
            ValueError,
            "convolution2d: weights_format must be one of 'YXIO', 'OIYX', 'OYXI', received 'XY'",
        ),
        (
            lambda x: ops.conv2d(nd.ones((1, 2, 3, 3)), nd.ones((4, 3, 2, 2))),
            ValueError,
            "conv2d: the image has 2 channels, the weights expect 3",
        ),
        (
            lambda x: ops.conv2d(nd.ones((1, 2, 3, 3)), nd.ones((4, 2, 5, 5))),
            ValueError,
            "conv2d: a kernel of 5 .* does not fit 3 cells padded by 0 and 0",
        ),
    ],
)
def test_errors_say_what_was_wrong(call: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        call(nd.ones((2, 3)))


def test_attributes_follow_inputs_by_position_or_name() -> None:
    x = nd.array(np.arange(6.0).reshape(2, 3))
    expected = ops.softmax(x, axis=0).tolist()
    assert ops.softmax(x, 0).tolist() == expected
    assert ops.softmax(x=x, axis=0).tolist() == expected
    assert ops.concat([x, x], axis=1).shape == ops.concat(x, x, axis=1).shape == (2, 6)


def test_numpy_arrays_and_numbers_are_inputs_as_well() -> None:
    x = np.asarray([1.0, 2.0], np.float32)
    assert ops.add(x, 1).tolist() == [2.0, 3.0]
    assert ops.maximum(nd.array(x), np.float32(1.5)).tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    ("a", "b", "dtype"),
    [
        (nd.float32, 1, nd.float32),
        (nd.float32, 1.5, nd.float32),
        (nd.int32, 2, nd.int32),
        (nd.int32, 1.5, nd.float64),
        (nd.bool_, 1, nd.int64),
        (nd.float16, nd.float32, nd.float32),
        (nd.bfloat16, nd.float16, nd.float32),
        (nd.int8, nd.uint8, nd.int16),
        (nd.int32, nd.float32, nd.float64),
    ],
)
def test_promotion(a: Any, b: Any, dtype: Any) -> None:
    x = nd.ones((2,), dtype=a)
    y = nd.ones((2,), dtype=b) if isinstance(b, type(nd.float32)) else b
    assert ops.add(x, y).dtype is dtype
    assert (x + y).dtype is dtype


class Recorder(GraphVariable):
    def __init__(self, spec: Spec, log: list[Any]) -> None:
        self.spec, self.log = spec, log

    shape = property(lambda self: self.spec.shape)  # type: ignore[assignment]
    dtype = property(lambda self: self.spec.dtype)  # type: ignore[assignment]

    def _record(self, op: Op, inputs: Any, attrs: Any) -> Any:
        self.log.append((op.name, dict(attrs)))
        return self


def test_operators_of_graph_values_are_the_declared_operations() -> None:
    log: list[Any] = []
    v = Recorder(Spec(nd.float32, (2, 2)), log)
    for expression in (
        lambda: v + 1,
        lambda: 1 + v,
        lambda: v - 1,
        lambda: 2 / v,
        lambda: v**2,
        lambda: -v,
        lambda: abs(v),
        lambda: v @ v,
        lambda: v > 0,
        lambda: v == v,
        lambda: v % 2,
        lambda: v // 2,
    ):
        expression()
    expected = [
        "add",
        "add",
        "sub",
        "div",
        "pow",
        "neg",
        "abs",
        "matmul",
        "gt",
        "eq",
        "mod",
        "floor_div",
    ]
    assert [name for name, _ in log] == expected


def test_operands_on_the_left_of_a_graph_value_are_recorded() -> None:
    log: list[Any] = []
    v = Recorder(Spec(nd.float32, (2,)), log)
    nd.ones((2,)) * v
    np.ones(2, np.float32) - v
    assert [name for name, _ in log] == ["mul", "sub"]


def test_truth_of_a_graph_value_is_an_error() -> None:
    with pytest.raises(TypeError, match="not known while the graph is built"):
        bool(Recorder(Spec(nd.float32, (2,)), []))


def test_workspaces_for_gradients_are_not_returned() -> None:
    x = nd.ones((1, 1, 4, 4))
    y = ops.max_pool2d(x, kernel=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0), dilation=(1, 1))
    assert y.shape == (1, 1, 2, 2)
    loss, probabilities = ops.softmax_cross_entropy(nd.ones((2, 3)), nd.ones((2, 3)))
    assert (loss.shape, probabilities.shape) == ((2,), (2, 3))


TEN = {
    "tanh": lambda x: ops.tanh(x),
    "add": lambda x: ops.add(x, x),
    "sum": lambda x: ops.sum(x),
    "softmax": lambda x: ops.softmax(x),
    "matmul": lambda x: ops.matmul(x, x),
    "where": lambda x: ops.where(x > 0, x, 0.0),
    "reshape": lambda x: ops.reshape(x, (-1,)),
    "concat": lambda x: ops.concat(x, x),
    "gather": lambda x: ops.gather(x, 0),
    "cast": lambda x: ops.cast(x, "float64"),
}


@pytest.mark.parametrize("name", TEN)
def test_python_frames_to_the_kernel(name: str) -> None:
    """At most three: the public function, the dispatcher, what enters the core."""
    x = nd.ones((4, 4))
    TEN[name](x)
    depth = deepest = 0
    inside = False

    def profile(frame: Any, event: str, arg: Any) -> None:
        nonlocal depth, deepest, inside
        if (
            event == "call"
            and "nd4py" in frame.f_code.co_filename
            and "tests" not in frame.f_code.co_filename
        ):
            depth += 1
        elif (
            event == "return"
            and "nd4py" in frame.f_code.co_filename
            and "tests" not in frame.f_code.co_filename
        ):
            depth -= 1
        elif event == "c_call" and getattr(arg, "__module__", "") == "nd4py._core":
            deepest = max(deepest, depth)

    sys.setprofile(profile)
    try:
        TEN[name](x)
    finally:
        sys.setprofile(None)
    assert deepest <= 3


def test_repeated_calls_see_other_dtypes_shapes_and_backends() -> None:
    for dtype in (nd.float32, nd.float64):
        for shape in ((2, 3), (3, 2), (2, 3)):
            x = nd.ones(shape, dtype=dtype)
            y = ops.softmax(x)
            assert (y.shape, y.dtype) == (shape, dtype)
    x = nd.ones((2, 3))
    with nd.use_backend("numpy"):
        assert ops.sum(x).tolist() == 6.0
    assert ops.sum(x).tolist() == 6.0
    assert ops.sum(x, dims=1).tolist() == [3.0, 3.0]
    assert ops.sum(x, dims=0).tolist() == [2.0, 2.0, 2.0]


def test_views_share_memory() -> None:
    x = nd.ones((2, 3))
    ops.reshape(x, (3, 2))[0, 0] = 5.0
    ops.permute(x, (1, 0))[2, 1] = 7.0
    ops.slice(x, begin=(0, 1), end=(1, 2))[...] = 9.0
    assert x.tolist() == [[5.0, 9.0, 1.0], [1.0, 1.0, 7.0]]


def test_every_operation_is_in_the_registry_once() -> None:
    assert FUNCTIONS.keys() == REGISTRY.keys()
    public = [(n, op.public) for op in REGISTRY.values() for n in op.namespaces]
    assert len(public) == len(set(public))


def test_stubs_are_what_the_registry_says() -> None:
    import importlib.util
    from pathlib import Path

    path = Path(__file__).resolve().parents[2] / "tools" / "operation_stubs.py"
    spec = importlib.util.spec_from_file_location("operation_stubs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    wrong = [p.name for p, text in module.stubs().items() if p.read_text(encoding="utf-8") != text]
    assert not wrong, "run tools/operation_stubs.py --write"
