"""Operators of NDArray against NumPy: values, element types, shapes, errors; on the reference and on every backend."""

from __future__ import annotations

import operator
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kernel_tables import TABLES, table

import nd4py as nd

NUMERIC = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
)
WITH_COMPLEX = (*NUMERIC, "complex64", "complex128")

BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
IN_PLACE = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv,
    "//=": operator.ifloordiv, "&=": operator.iand, "|=": operator.ior, "^=": operator.ixor,
}  # fmt: skip

pytestmark = pytest.mark.parametrize("kernels", TABLES)


def samples(dtype: str, shape: tuple[int, ...] = (3, 4), seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).integers(1, 6, shape)
    if dtype.startswith("complex"):
        return (values + 1j * values[::-1]).astype(dtype)
    return (values % 2 == 0) if dtype == "bool" else values.astype(dtype)


def agree(ours: object, theirs: object) -> None:
    assert isinstance(ours, nd.NDArray)
    expected = np.asarray(theirs)
    assert ours.dtype.name == expected.dtype.name
    assert ours.shape == expected.shape
    tolerance = {"float16": 2e-3, "float32": 1e-6, "complex64": 1e-6}.get(
        expected.dtype.name, 1e-13
    )
    np.testing.assert_allclose(ours.numpy(), expected, rtol=tolerance)


def outcome(function: object, *arguments: object) -> object:
    """What a call gives, or the class of what it raises."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*arguments)  # type: ignore[operator]
        except (TypeError, ValueError, OverflowError) as error:
            return type(error)


def agree_or_raise(function: object, ours: tuple[object, ...], theirs: tuple[object, ...]) -> None:
    expected = outcome(function, *theirs)
    received = outcome(function, *ours)
    if isinstance(expected, type):
        # NumPy's casting errors are subclasses of TypeError.
        assert isinstance(received, type), f"NumPy raises {expected}, received {received!r}"
        assert issubclass(expected, received) or issubclass(received, expected)
    else:
        assert not isinstance(received, type), f"NumPy gives {expected!r}, this raised {received}"
        agree(received, expected)


@pytest.mark.parametrize("symbol", BINARY)
@pytest.mark.parametrize("a", WITH_COMPLEX)
def test_operators_give_numpys_values_and_types(kernels: str, symbol: str, a: str) -> None:
    with table(kernels):
        for b in WITH_COMPLEX:
            if symbol == "**" and "int" in a + b and "uint64" in a + b:
                continue  # NumPy promotes to float64 there and overflows differently on some builds
            x, y = samples(a, seed=1), samples(b, seed=2)
            agree_or_raise(BINARY[symbol], (nd.array(x), nd.array(y)), (x, y))


@pytest.mark.parametrize("symbol", IN_PLACE)
@pytest.mark.parametrize("a", NUMERIC)
def test_in_place_operators_keep_the_type_or_refuse(kernels: str, symbol: str, a: str) -> None:
    with table(kernels):
        for b in NUMERIC:
            x, y = samples(a, seed=1), samples(b, seed=2)
            ours = nd.array(x)
            theirs = x.copy()
            agree_or_raise(IN_PLACE[symbol], (ours, nd.array(y)), (theirs, y))
            agree(ours, theirs)


@pytest.mark.parametrize("symbol", BINARY)
@pytest.mark.parametrize("scalar", [True, 2, -1, 300, 2**40, -(2**63), 1.5, 2 + 1j], ids=repr)
def test_python_scalars_are_weak(kernels: str, symbol: str, scalar: object) -> None:
    with table(kernels):
        for dtype in WITH_COMPLEX:
            if dtype == "bool" and symbol == "**":
                continue  # NumPy squares booleans as int8 and raises them to other powers as int64
            x = samples(dtype)
            for order in (lambda f: lambda u, v: f(u, v), lambda f: lambda u, v: f(v, u)):
                function = order(BINARY[symbol])
                expected = outcome(function, x, scalar)
                received = outcome(function, nd.array(x), scalar)
                if (
                    dtype == "bool"
                    and isinstance(scalar, (float, complex))
                    and not isinstance(expected, type)
                ):
                    continue  # ours is of the default floating type: see the test below
                if isinstance(expected, type):
                    assert isinstance(received, type), (dtype, expected, received)
                else:
                    assert not isinstance(received, type), (dtype, expected, received)
                    assert received.dtype.name == expected.dtype.name
                    if symbol not in ("<<", ">>", "**", "//", "%"):
                        np.testing.assert_allclose(received.numpy(), expected, rtol=2e-3)


def test_a_mask_beside_a_number_takes_the_default_floating_type(kernels: str) -> None:
    with table(kernels):
        mask = nd.array([True, False])
        assert (mask * 0.5).dtype is nd.float32
        assert (mask * 0.5).tolist() == [0.5, 0.0]
        assert (mask * 1j).dtype is nd.complex64


def test_bfloat16_meets_the_other_types(kernels: str) -> None:
    with table(kernels):
        x = nd.array([1.5, -2.0]).cast_to(nd.bfloat16)
        assert (x + x).dtype is nd.bfloat16
        assert (x + x).tolist() == [3.0, -4.0]
        assert (x * 2).dtype is nd.bfloat16
        assert (x < 0).tolist() == [False, True]
        for other, met in [
            ("int8", "bfloat16"), ("uint16", "float32"), ("int64", "float64"), ("float16", "float32"),
            ("float32", "float32"), ("float64", "float64"), ("bool", "bfloat16"), ("complex64", "complex64"),
        ]:  # fmt: skip
            assert nd.result_type(x, nd.zeros(2, other)).name == met
            assert (x + nd.ones(2, other)).dtype.name == met
        assert abs(x).tolist() == [1.5, 2.0]
        x += 1
        assert x.dtype is nd.bfloat16
        assert x.tolist() == [2.5, -1.0]


shapes = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=5, max_side=4, min_side=0)


@settings(max_examples=150, deadline=None)
@given(shapes=shapes, data=st.data(), symbol=st.sampled_from(["+", "*", "<", "//"]))
def test_broadcasting_over_strided_views(
    kernels: str, shapes: object, data: st.DataObject, symbol: str
) -> None:
    x, y = (data.draw(strided(shape)) for shape in shapes.input_shapes)  # type: ignore[attr-defined]
    with table(kernels):
        agree_or_raise(BINARY[symbol], (nd.from_numpy(x), nd.from_numpy(y)), (x, y))


@st.composite
def strided(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray:
    """An array of the shape with permuted axes, gaps and reversed steps."""
    axes = draw(st.permutations(range(len(shape))))
    steps = [draw(st.sampled_from([1, 1, 2, -1, -2])) for _ in shape]
    base_shape = [shape[a] * abs(steps[a]) for a in axes]
    dtype = draw(st.sampled_from(["float32", "float64", "int32", "uint8"]))
    base = (np.arange(np.prod(base_shape, dtype=int)) % 7 + 1).astype(dtype).reshape(base_shape)
    view = base[tuple(slice(None, None, steps[a]) for a in axes)]
    return view.transpose(np.argsort(axes)) if shape else base.reshape(())


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (np.s_[1:], np.s_[:-1]), (np.s_[:-1], np.s_[1:]), (np.s_[::-1], np.s_[:]), (np.s_[::2], np.s_[1::2]),
        (np.s_[2:8], np.s_[7:1:-1]), (np.s_[:], np.s_[3:4]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_in_place_on_overlapping_views_reads_before_it_writes(
    kernels: str, target: slice, source: slice, dtype: str
) -> None:
    with table(kernels):
        for function in (operator.iadd, operator.imul, lambda a, b: a.__setitem__(..., b)):
            theirs = np.arange(1, 11).astype(dtype)
            ours = nd.array(theirs)
            function(theirs[target], theirs[source])
            function(ours[target], ours[source])
            assert ours.tolist() == theirs.tolist()


@settings(max_examples=200, deadline=None)
@given(data=st.data(), symbol=st.sampled_from(["+=", "*=", "-=", "="]))
def test_in_place_on_any_two_views_of_one_array(
    kernels: str, data: st.DataObject, symbol: str
) -> None:
    base = np.arange(1, 37, dtype=data.draw(st.sampled_from(["float32", "int64"]))).reshape(6, 6)
    ours = nd.array(base)
    extents = [data.draw(st.integers(1, 3)) for _ in range(2)]

    def window() -> tuple[object, bool]:
        picks = []
        for extent in extents:
            step = data.draw(st.sampled_from([1, 2, -1, -2]))
            reach = (extent - 1) * abs(step)
            first = data.draw(st.integers(0, 5 - reach)) + (reach if step < 0 else 0)
            last = first + extent * step
            picks.append(slice(first, None if last < 0 else last, step))
        return tuple(picks), data.draw(st.booleans()) and extents[0] == extents[1]

    with table(kernels):
        (target, transpose_target), (source, transpose_source) = window(), window()
        pairs = []
        for array in (base, ours):
            x, y = array[target], array[source]
            pairs.append((x.T if transpose_target else x, y.T if transpose_source else y))
        for x, y in pairs:
            if symbol == "=":
                x[...] = y
            else:
                IN_PLACE[symbol](x, y)
        np.testing.assert_array_equal(ours.numpy(), base)


def test_two_arrays_over_one_memory_are_known_to_overlap(kernels: str) -> None:
    with table(kernels):
        memory = np.arange(6.0)
        first, second = nd.from_numpy(memory[1:]), nd.from_numpy(memory[:-1])
        first += second
        assert memory.tolist() == [0.0, 1.0, 3.0, 5.0, 7.0, 9.0]


@pytest.mark.parametrize(
    "function", [operator.neg, operator.pos, abs, operator.invert], ids=lambda f: f.__name__
)
def test_unary_operators(kernels: str, function: object) -> None:
    with table(kernels):
        for dtype in WITH_COMPLEX:
            x = samples(dtype)
            agree_or_raise(function, (nd.array(x),), (x,))
            agree_or_raise(function, (nd.array(x).T[::2],), (x.T[::2],))


def test_divmod_and_mixed_operands(kernels: str) -> None:
    with table(kernels):
        x = np.array([7.0, -7.0], np.float32)
        a = nd.array(x)
        for ours, theirs in zip(divmod(a, 3), divmod(x, np.float32(3)), strict=True):
            agree(ours, theirs)
        agree(a + x.astype(np.float64), x + x.astype(np.float64))
        agree(x.astype(np.float64) + a, x + x.astype(np.float64))
        agree(a + np.float64(1), x + np.float64(1))
        agree(np.float64(1) - a, np.float64(1) - x)
        agree(a * np.int8(3), x * np.int8(3))


@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
     ((4, 1, 2, 3), (5, 3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3))],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "complex64"])
def test_matmul(kernels: str, a: tuple[int, ...], b: tuple[int, ...], dtype: str) -> None:
    with table(kernels):
        x, y = samples(dtype, a, 1), samples(dtype, b, 2)
        agree(nd.array(x) @ nd.array(y), x @ y)
        agree(nd.array(x, order="f") @ nd.array(y, order="f"), x @ y)
        agree(nd.array(x).mmul(y), x @ y)


def test_errors_name_operation_and_shapes(kernels: str) -> None:
    with table(kernels):
        a, b = nd.zeros((2, 3)), nd.zeros((4,))
        with pytest.raises(
            ValueError,
            match=r"add: expected shapes that broadcast together, received \(2, 3\) and \(4,\)",
        ):
            a + b
        with pytest.raises(ValueError, match=r"matmul: .* received \(2, 3\) and \(4,\)"):
            a @ b
        with pytest.raises(ValueError, match="matmul: expected arrays, received a number"):
            a @ 2
        with pytest.raises(
            ValueError,
            match=r"add: expected an operand that broadcasts to the target's shape \(3,\)",
        ):
            a[0].addi(a)
        with pytest.raises(TypeError, match="bitwise_and: not defined for float32 and float32"):
            a & a
        with pytest.raises(
            TypeError,
            match="div: the result is float64, which an array of int32 cannot take in place",
        ):
            operator.itruediv(nd.ones(3, "int32"), 2)
        with pytest.raises(OverflowError, match="the integer 300 does not fit into uint8"):
            nd.ones(3, "uint8") + 300
        with pytest.raises(ValueError, match="integers to negative integer powers"):
            nd.ones(3, "int32") ** -1
        with pytest.raises(ValueError, match="integers to negative integer powers"):
            nd.ones(2, "int32") ** nd.array([1, -1], "int32")
        with pytest.raises(TypeError, match="addi: expected an array or a number, received list"):
            a.addi([1])
        with pytest.raises(TypeError, match="unsupported operand"):
            a + object()
        frozen = nd.zeros(1).broadcast_to(3)
        with pytest.raises(ValueError, match="add: the target array is read-only"):
            frozen += 1


def test_division_by_zero_and_extreme_integers_do_not_stop_the_process(kernels: str) -> None:
    with table(kernels), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint64"):
            info = np.iinfo(dtype)
            x = nd.array(np.array([info.min, info.max, 1], dtype))
            zero, last = (
                nd.zeros(3, dtype),
                nd.array(np.array([-1 if info.min else 1] * 3, np.int64)).cast_to(dtype),
            )
            for function in (
                operator.floordiv,
                operator.mod,
                nd.NDArray.div,
                nd.NDArray.fmod,
                operator.lshift,
                operator.rshift,
            ):
                for y in (zero, last):
                    assert function(x, y).shape == (3,)
            assert abs(x).dtype.name == dtype


def test_large_arrays_are_split_without_gaps(kernels: str) -> None:
    with table(kernels):
        x = np.arange(300_007, dtype=np.float32) % 1000
        agree(nd.from_numpy(x) + nd.from_numpy(x), x + x)
        wide = x[:300_000].reshape(300, 1000)
        agree(nd.from_numpy(wide.T) + nd.from_numpy(wide[:, :1].T), wide.T + wide[:, :1].T)
        agree(nd.from_numpy(wide[::-2, ::3]) * 2, wide[::-2, ::3] * np.float32(2))
