import numpy as np
import pytest

import nd4py.ops as ops
from samediff import SameDiff, VariableType


def test_placeholder_open_dimensions_stay_open_in_results():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float32", (None, 3))
    y = ops.matmul(x, sd.constant("w", np.ones((3, 4), np.float32)))
    assert y.shape == (None, 4)
    assert y.dtype.name == "float32"
    assert ops.sum(y, dims=(0,)).shape == (4,)
    assert ops.reshape(x, shape=(-1,)).shape == (None,)


def test_names_are_unique_and_scoped():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float32", (2,))
    with sd.name_scope("block"):
        a = ops.tanh(x)
        b = ops.tanh(x)
        w = sd.var("w", np.zeros(2, np.float32))
    assert [a.name, b.name, w.name] == ["block/tanh", "block/tanh_1", "block/w"]
    assert ops.tanh(x).name == "tanh"
    with pytest.raises(ValueError, match="'x': the name is taken"):
        sd.var("x", np.zeros(2))


def test_rename_changes_lookup_and_output():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (2,))
    y = (x * 2.0).rename("twice")
    assert sd.get_variable("twice") is y
    assert np.asarray(sd.output({"x": np.ones(2)}, "twice")["twice"]).tolist() == [2.0, 2.0]
    y.rename("double")
    assert np.asarray(sd.output({"x": np.ones(2)}, "double")["double"]).tolist() == [2.0, 2.0]
    with pytest.raises(ValueError, match="'double': cannot be renamed to 'x'"):
        y.rename("x")


def test_namespace_function_takes_a_leading_name_and_makes_constants():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (3,))
    y = sd.math.tanh("activation", x)
    assert y.name == "activation"
    z = sd.math.add(x, np.array([1.0, 2.0, 3.0]))
    out = sd.output({"x": np.zeros(3)}, y, z)
    assert np.asarray(out["activation"]).tolist() == [0.0, 0.0, 0.0]
    assert np.asarray(out[z.name]).tolist() == [1.0, 2.0, 3.0]
    assert "tanh" in dir(sd.math)
    with pytest.raises(AttributeError, match="no operation 'tanhh' in namespace 'math'"):
        sd.math.tanhh(x)
    with pytest.raises(AttributeError, match="no attribute 'maths'"):
        sd.maths  # noqa: B018


def test_operations_without_open_inputs_record_as_constants():
    sd = SameDiff.create()
    c = sd.constant(np.arange(4.0))
    assert c.variable_type is VariableType.CONSTANT
    y = ops.sum(c)
    assert float(np.asarray(sd.output({}, y)[y.name])) == 6.0


def test_variables_are_held_by_reference():
    sd = SameDiff.create()
    array = np.ones(3)
    w = sd.var("w", array)
    y = w * 2.0
    assert np.asarray(sd.output({}, y)[y.name]).tolist() == [2.0, 2.0, 2.0]
    sd.set_array("w", [5.0, 6.0, 7.0])
    assert array.tolist() == [5.0, 6.0, 7.0]
    assert np.asarray(sd.output({}, y)[y.name]).tolist() == [10.0, 12.0, 14.0]
    assert w.get_arr() is w.array


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda sd, x: sd.get_variable("nope"), KeyError, "no variable 'nope'"),
        (lambda sd, x: sd.set_array("x", [1.0]), ValueError, "'x' is a placeholder"),
        (lambda sd, x: x.get_arr(), ValueError, "'x' is a placeholder and holds no array"),
        (lambda sd, x: sd.var("w"), ValueError, "'w': give an array, or a shape"),
        (
            lambda sd, x: sd.var("w", shape=(2,), initializer=lambda s, d: np.ones(3)),
            ValueError,
            "gave shape",
        ),
        (lambda sd, x: sd.scalar_input("s", "float32"), TypeError, "expected int64 or float64"),
        (lambda sd, x: sd.output({}, ops.tanh(x)), ValueError, "placeholder 'x' is needed"),
        (
            lambda sd, x: sd.output({"x": np.ones((2, 4))}, ops.tanh(x)),
            ValueError,
            r"expected shape \[any, 3\], received \[2, 4\]",
        ),
        (
            lambda sd, x: sd.output({"x": np.ones((2, 3), complex)}, ops.tanh(x)),
            TypeError,
            "expected float32, received complex128",
        ),
        (lambda sd, x: sd.placeholder("y", "float32", (-3,)), ValueError, "must not be negative"),
        (
            lambda sd, x: ops.add(x, SameDiff.create().placeholder("z")),
            ValueError,
            "belongs to another graph",
        ),
        (lambda sd, x: sd.loss_variables(), ValueError, "call set_loss_variables"),
        (lambda sd, x: bool(x), TypeError, "not known while the graph is built"),
    ],
)
def test_wrong_use_says_what_to_do(call, error, message):
    sd = SameDiff.create()
    x = sd.placeholder("x", "float32", (None, 3))
    with pytest.raises(error, match=message):
        call(sd, x)


def test_wrong_shapes_name_the_node():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float32", (None, 3))
    with sd.name_scope("layer0"):
        y = sd.base.matmul("product", x, sd.var("w", np.ones((4, 2), np.float32)))
    with pytest.raises(ValueError, match=r"layer0/product: matmul: .*3 columns of a meet 4 rows"):
        sd.output({"x": np.ones((2, 3), np.float32)}, y)


def test_output_converts_numpy_input_to_the_placeholder_dtype():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float32", (None,))
    y = x + 1.0
    out = sd.output({"x": [1, 2, 3]}, y)[y.name]
    assert np.asarray(out).dtype == np.float32
    assert np.asarray(out).tolist() == [2.0, 3.0, 4.0]
    strided = np.arange(6, dtype=np.float32)[::2]
    assert np.asarray(sd.output({"x": strided}, y)[y.name]).tolist() == [1.0, 3.0, 5.0]


def test_summary_lists_variables_and_nodes():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float32", (None, 3))
    sd.math.tanh("y", x + sd.var("b", np.zeros(3, np.float32)))
    text = sd.summary()
    assert "x         placeholder  float32  [?, 3]" in text
    assert "y     tanh       add" in text
    assert text.endswith("2 variables, 2 operations, 3 trainable parameters")


def test_eval_of_a_computed_variable():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", ())
    assert float(np.asarray((x * x).eval({"x": 3.0}))) == 9.0


def test_shape_of_a_deep_graph():
    sd = SameDiff.create()
    y = sd.placeholder("x", "float32", (None, 2))
    for _ in range(3000):
        y = y + 1.0
    assert y.shape == (None, 2)


def test_weight_initialisations_make_variables():
    def values(seed):
        sd = SameDiff.create(seed=seed)
        first = sd.var("a", shape=(30, 20), initializer="xavier")
        second = sd.var("b", shape=(30, 20), initializer="xavier")
        return np.asarray(first.get_arr()), np.asarray(second.get_arr())

    a, b = values(5)
    assert a.std() == pytest.approx(np.sqrt(2 / 50), rel=0.15)
    assert not np.allclose(a, b)
    assert (values(5)[0] == a).all()
    assert not np.allclose(values(6)[0], a)
