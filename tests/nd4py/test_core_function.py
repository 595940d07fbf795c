"""The core's callable for elementwise operations, and eager kernel calls."""

from __future__ import annotations

import inspect
import pickle
import threading

import numpy as np
import pytest
from kernel_tables import TABLES, table

import nd4py as nd
from nd4py import _core

NATIVE = [name for name in TABLES if name != "numpy"]


def tanh(x: object, *, scale: float = 1.0) -> object:
    """Hyperbolic tangent."""
    return ("generic", x, scale)


def add(a: object, b: object) -> object:
    return ("generic", a, b)


function = _core.Function("tanh", tanh)


def test_without_a_table_the_general_form_runs() -> None:
    a = nd.ones(3)
    with table("numpy"):
        assert function(a) == ("generic", a, 1.0)


@pytest.mark.parametrize("kernels", NATIVE)
def test_elementwise_operations_run_natively(kernels: str) -> None:
    with table(kernels):
        for shape in ((3,), (2, 3), (0,), ()):
            x = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
            ours = function(nd.from_numpy(x))
            assert ours.shape == shape
            np.testing.assert_allclose(ours.numpy(), np.tanh(x), rtol=1e-6)
        x = np.linspace(-2, 2, 100_000, dtype=np.float64).reshape(100, 1000)
        np.testing.assert_allclose(
            function(nd.from_numpy(x.T[::2])).numpy(), np.tanh(x.T[::2]), rtol=1e-12
        )
        sum_of = _core.Function("add", add)
        a = nd.ones((2, 3))
        assert sum_of(a, a[0]).tolist() == [[2] * 3] * 2
        assert sum_of(a, 1).tolist() == [[2] * 3] * 2
        assert sum_of(1.5, a).dtype is nd.float32
        assert sum_of(a, nd.ones(3, "int64")).dtype is nd.float64
        assert _core.Function("is_nan", tanh)(nd.array([1.0, np.nan])).tolist() == [False, True]


@pytest.mark.parametrize("kernels", NATIVE)
def test_everything_else_goes_to_the_general_form(kernels: str) -> None:
    with table(kernels):
        a = nd.ones(3)
        assert function(a, scale=2.0) == ("generic", a, 2.0)
        ints = nd.ones(3, "int32")
        assert function(ints) == ("generic", ints, 1.0)
        assert function("x") == ("generic", "x", 1.0)
        assert function(x=1) == ("generic", 1, 1.0)
        with pytest.raises(TypeError):
            function()
        with pytest.raises(TypeError):
            function(a, a)
        sum_of = _core.Function("add", add)
        assert sum_of(1, 2) == ("generic", 1, 2)
        assert sum_of(a, "x")[0] == "generic"
        assert sum_of(a, nd.array(["x"] * 3))[0] == "generic"
        mask = nd.array([True, False, True])
        assert sum_of(mask, mask)[0] == "generic"
        with pytest.raises(ValueError, match="add: expected shapes that broadcast"):
            sum_of(a, nd.ones(2))
        assert _core.Function("no_such_operation", tanh)(a) == ("generic", a, 1.0)


def test_a_function_looks_like_what_it_wraps() -> None:
    assert function.__name__ == "tanh"
    assert function.__doc__ == "Hyperbolic tangent."
    assert function.__module__ == __name__
    assert str(inspect.signature(function)).startswith("(x: 'object', *, scale")
    function.op = 3
    assert function.op == 3
    assert repr(function) == "<function tanh>"

    class Holder:
        method = function

    holder = Holder()
    assert holder.method() == ("generic", holder, 1.0)
    assert Holder.method is function
    with pytest.raises(TypeError, match="expected a callable"):
        _core.Function("tanh", 3)  # type: ignore[arg-type]
    assert function.__reduce__() == "tanh"
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(function)  # another object has the name here


def test_the_table_can_be_asked_and_refused() -> None:
    with table("numpy"):
        assert _core.table_info() == {}
        assert _core.get_num_threads() == 1
        assert _core.run_kernel("matmul", [], [], [], []) is None
    with pytest.raises(ValueError, match=r"[cC]apsule"):
        _core.set_table(object())
    with pytest.raises(ValueError, match="expected at least 1, received 0"):
        _core.set_num_threads(0)


@pytest.mark.parametrize("kernels", NATIVE)
def test_table_info_and_kernels(kernels: str) -> None:
    with table(kernels):
        info = _core.table_info()
        assert info["isa"] == kernels
        assert {"tanh", "add"} <= set(info["loops"])
        assert "matmul" in info["kernels"]
        assert _core.get_num_threads() == info["threads"] >= 1
        a, b = nd.ones((2, 3)), nd.ones((3, 4))
        (c,) = _core.run_kernel("matmul", [a, b], [(nd.float32, (2, 4))], [], [])
        assert c.tolist() == [[3.0] * 4] * 2
        assert _core.run_kernel("no_such_kernel", [a], [(nd.float32, (2, 3))], [], []) is None
        integers = a.cast_to("int32")
        assert (
            _core.run_kernel("matmul", [integers, b.cast_to("int32")], [(3, (2, 4))], [], [])
            is None
        )
        with pytest.raises(
            TypeError, match="matmul: expected NDArray or None at position 0, received int"
        ):
            _core.run_kernel("matmul", [1, b], [(nd.float32, (2, 4))], [], [])
        target = nd.zeros((4, 2)).T
        assert _core.run_kernel_into("matmul", [a, b], [target], [], [])
        assert target.tolist() == [[3.0] * 4] * 2
        with pytest.raises(ValueError, match="matmul: an output array is read-only"):
            _core.run_kernel_into("matmul", [a, b], [nd.zeros(1).broadcast_to(2, 4)], [], [])
        with pytest.raises(ValueError, match="unknown dtype code"):
            _core.run_kernel("matmul", [a, b], [(99, (2, 4))], [], [])


@pytest.mark.parametrize("kernels", NATIVE)
def test_arrays_are_used_from_many_threads(kernels: str) -> None:
    with table(kernels):
        shared = nd.arange(1000, dtype="float32")
        expected = (shared * 2 + 1).tolist()
        product = (shared @ shared).item()
        wrong: list[object] = []

        def work() -> None:
            for _ in range(300):
                value = shared[:] * 2 + 1
                if value.tolist() != expected or (shared @ shared).item() != product:
                    wrong.append(value)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
