"""Gradients of composed graphs against central differences in float64."""

import numpy as np
import pytest

import nd4py.ops as ops
from samediff import GradientError, SameDiff


def _numeric(f, array, step=1e-6):
    grad = np.zeros_like(array)
    for index in np.ndindex(*array.shape):
        kept = array[index]
        array[index] = kept + step
        up = f()
        array[index] = kept - step
        grad[index] = (up - f()) / (2 * step)
        array[index] = kept
    return grad


def _dense(sd, x, rng):
    w = sd.var("w", rng.normal(size=(3, 4)))
    b = sd.var("b", rng.normal(size=4))
    return ops.sum(ops.square(ops.softmax(ops.tanh(x @ w + b))))


def _shared(sd, x, rng):
    # One variable used three times, once through a view.
    w = sd.var("w", rng.normal(size=(3, 3)))
    y = x @ w
    return ops.sum(ops.sigmoid(y @ w) * (x @ ops.transpose(w))) + ops.mean(ops.square(w))


def _branches(sd, x, rng):
    w = sd.var("w", rng.normal(size=(3,)))
    a, b = x * w, ops.exp(x - w)
    joined = ops.concat(a, b, axis=1)
    return ops.sum(
        ops.where(joined > 0.3, ops.square(joined), joined * 0.5)
        / (ops.sqrt(ops.abs(joined)) + 1.0)
    )


def _entropy(sd, x, rng):
    w = sd.var("w", rng.normal(size=(3, 5)))
    labels = sd.constant("labels", np.eye(5)[[0, 2, 4, 1]])
    rows, _ = ops.softmax_cross_entropy(labels, x @ w)
    return ops.mean(rows)


def _image(sd, x, rng):
    w = sd.var("w", rng.normal(size=(2, 1, 2, 2)))
    b = sd.var("b", rng.normal(size=2))
    image = ops.reshape(ops.concat(x, x * 2.0, x * x, x + 1.0, axis=1), shape=(-1, 1, 4, 3))
    return ops.sum(ops.tanh(ops.conv2d(image, w, b, padding=(1, 0, 0, 1))))


@pytest.mark.parametrize("build", [_dense, _shared, _branches, _entropy, _image])
def test_gradient_matches_central_differences(build, executor):
    rng = np.random.default_rng(7)
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (None, 3))
    build(sd, x, rng).rename("loss")
    sd.set_loss_variables("loss")
    data = rng.normal(size=(4, 3))
    names = [v.name for v in sd.trainable_variables()]
    found = sd.calculate_gradients({"x": data}, "x", *names)

    def loss():
        return float(np.asarray(sd.output({"x": data}, "loss")["loss"]))

    np.testing.assert_allclose(np.asarray(found["x"]), _numeric(loss, data), rtol=1e-5, atol=1e-7)
    for name in names:
        array = np.asarray(sd.get_array(name))
        np.testing.assert_allclose(
            np.asarray(found[name]), _numeric(loss, array), rtol=1e-5, atol=1e-7
        )


def test_several_losses_add_up():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (2,))
    (x * 3.0).rename("a")
    ops.sum(x * x).rename("b")
    sd.set_loss_variables("a", "b")
    grad = sd.calculate_gradients({"x": [1.0, 2.0]}, "x")["x"]
    assert np.asarray(grad).tolist() == [5.0, 7.0]


def test_no_dependence_gives_zero_and_an_absent_variable_raises():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (2,))
    ops.sum(ops.stop_gradient(x) * 2.0).rename("loss")
    sd.var("unused", np.ones(3))
    sd.set_loss_variables("loss")
    assert np.asarray(sd.calculate_gradients({"x": [1.0, 2.0]}, "x")["x"]).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="does not depend on 'unused'"):
        sd.calculate_gradients({"x": [1.0, 2.0]}, "unused")


def test_gradient_of_an_integer_loss_raises():
    sd = SameDiff.create()
    x = sd.placeholder("x", "int32", (2,))
    ops.sum(x).rename("loss")
    sd.set_loss_variables("loss")
    with pytest.raises(GradientError, match="expected a floating dtype, received int32"):
        sd.calculate_gradients({"x": [1, 2]}, "x")


def test_integer_paths_have_no_gradient():
    sd = SameDiff.create()
    x = sd.placeholder("x", "float64", (3,))
    steps = ops.cast(ops.cast(x, dtype="int32"), dtype="float64")
    ops.sum(x * steps).rename("loss")
    sd.set_loss_variables("loss")
    grad = sd.calculate_gradients({"x": [1.5, 2.5, 3.5]}, "x")["x"]
    assert np.asarray(grad).tolist() == [1.0, 2.0, 3.0]
