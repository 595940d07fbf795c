"""ND4J's methods of NDArray, conversions to Python, text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nd4py as nd


def matrix() -> nd.NDArray:
    return nd.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_arithmetic_methods() -> None:
    a = matrix()
    assert a.add(1).tolist() == [[2, 3, 4], [5, 6, 7]]
    assert a.rsub(10).tolist() == [[9, 8, 7], [6, 5, 4]]
    assert a.rdiv(60).tolist() == [[60, 30, 20], [15, 12, 10]]
    assert a.mmul(a.T).tolist() == [[14, 32], [32, 77]]
    assert a.neg().tolist() == (-a).tolist()
    assert a.gt(3).tolist() == (a > 3).tolist()
    for name, expected in [
        ("addi", [[3, 4, 5], [6, 7, 8]]), ("subi", [[-1, 0, 1], [2, 3, 4]]), ("muli", [[2, 4, 6], [8, 10, 12]]),
        ("divi", [[0.5, 1, 1.5], [2, 2.5, 3]]), ("rsubi", [[1, 0, -1], [-2, -3, -4]]),
        ("rdivi", [[2, 1, 2 / 3], [0.5, 0.4, 1 / 3]]), ("fmodi", [[1, 0, 1], [0, 1, 0]]),
    ]:  # fmt: skip
        b = matrix()
        assert getattr(b, name)(2) is b
        np.testing.assert_allclose(b.numpy(), expected, rtol=1e-6)
    b = matrix()
    assert b.negi() is b
    assert b.tolist() == [[-1, -2, -3], [-4, -5, -6]]


def test_integers_divide_as_integers_by_method_and_as_floats_by_operator() -> None:
    a = nd.array([7, -7, 8])
    assert a.div(2).tolist() == [3, -3, 4]
    assert a.div(2).dtype is nd.int64
    assert (a / 2).tolist() == [3.5, -3.5, 4.0]
    assert (a // 2).tolist() == [3, -4, 4]
    a.divi(2)
    assert a.tolist() == [3, -3, 4]


def test_vectors_across_a_matrix() -> None:
    a = matrix()
    row, column = nd.array([10.0, 20.0, 30.0]), nd.array([100.0, 200.0])
    assert a.add_row_vector(row).tolist() == [[11, 22, 33], [14, 25, 36]]
    assert a.add_column_vector(column).tolist() == [[101, 102, 103], [204, 205, 206]]
    assert a.muli_row_vector(row) is a
    assert a.tolist() == [[10, 40, 90], [40, 100, 180]]
    assert a.rsub_column_vector(column.reshape(2, 1)).tolist() == [[90, 60, 10], [160, 100, 20]]
    with pytest.raises(ValueError, match=r"add_row_vector: .* received shapes \(2, 3\) and \(2,\)"):
        a.add_row_vector(column)


def test_rows_and_columns() -> None:
    a = matrix()
    assert a.get_row(1).tolist() == [4, 5, 6]
    assert a.get_row(1, keep_dim=True).shape == (1, 3)
    assert a.get_column(-1).tolist() == [3, 6]
    assert a.get_column(0, keep_dim=True).shape == (2, 1)
    assert a.get_row(0).is_view
    assert a.get_rows(1, 0).tolist() == [[4, 5, 6], [1, 2, 3]]
    assert a.get_columns([2, 0]).tolist() == [[3, 1], [6, 4]]
    assert a.put_row(0, [7, 8, 9]) is a
    a.put_column(1, nd.array([[0.0], [1.0]]))
    assert a.tolist() == [[7, 0, 9], [4, 1, 6]]
    assert a.slice(1).tolist() == [4, 1, 6]
    assert a.slice(1, 1).tolist() == [0, 1]
    assert a.slices() == 2
    assert a.put_slice(0, 5) is a
    assert a[0].tolist() == [5, 5, 5]
    with pytest.raises(ValueError, match=r"get_row: expected a matrix, received shape \(3,\)"):
        a[0].get_row(0)
    with pytest.raises(ValueError, match=r"put_row: expected 3 values, received shape \(2,\)"):
        a.put_row(0, [1, 2])
    with pytest.raises(IndexError, match="index 2 is out of bounds for axis 0 of size 2"):
        a.get_row(2)


@settings(max_examples=100, deadline=None)
@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=4, max_side=4),
    data=st.data(),
)
def test_tensors_along_dimensions_cover_the_array_once(
    shape: tuple[int, ...], data: st.DataObject
) -> None:
    dims = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    x = np.arange(math.prod(shape)).reshape(shape)
    a = nd.array(x)
    count = a.tensors_along_dimension(*dims)
    others = [d for d in range(len(shape)) if d not in dims]
    expected = x.transpose(*others, *sorted(dims)).reshape(count, *(shape[d] for d in sorted(dims)))
    for i in range(count):
        tensor = a.tensor_along_dimension(i, *dims)
        np.testing.assert_array_equal(tensor.numpy(), expected[i])
        assert tensor.is_view
    with pytest.raises(IndexError, match=f"expected an index below {count}"):
        a.tensor_along_dimension(count, *dims)
    assert a.vector_along_dimension(0, 0).shape == (shape[0],)


def test_questions_about_shape() -> None:
    a = matrix()
    assert (a.rank(), a.length(), a.rows(), a.columns()) == (2, 6, 2, 3)
    assert (a.size_at(-1), a.stride(0), a.ordering(), a.data_type()) == (3, 3, "c", nd.float32)
    assert a.is_matrix()
    assert not a.is_vector()
    assert not a.is_square()
    assert a[:, :2].is_square()
    assert nd.zeros((1, 4)).is_row_vector()
    assert nd.zeros((4, 1)).is_column_vector()
    assert nd.zeros(4).is_vector()
    assert nd.zeros((1, 4)).is_vector()
    assert (nd.zeros(4).rows(), nd.zeros(4).columns()) == (1, 4)
    assert nd.zeros(()).is_scalar()
    assert nd.zeros((1, 1)).is_scalar()
    assert nd.zeros((2, 0)).is_empty()
    assert not a.is_attached()
    assert a.detach() is a
    assert a.T.ordering() == "f"
    assert a.dup("f").ordering() == "f"
    assert nd.empty((1, 3), order="f").ordering() == "f"
    with pytest.raises(ValueError, match="rows: expected at most 2 dimensions"):
        nd.zeros((1, 2, 3)).rows()
    with pytest.raises(IndexError, match="size_at: axis 2 is out of bounds"):
        a.size_at(2)


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    order=st.sampled_from("cf"),
    source=st.sampled_from("CF"),
    transpose=st.booleans(),
)
def test_reshape_reads_and_places_in_order(
    data: st.DataObject, order: str, source: str, transpose: bool
) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    x = np.arange(math.prod(shape)).reshape(shape).copy(source)
    x = x.T if transpose else x
    steps = [data.draw(st.sampled_from([1, -1])) for _ in x.shape]
    x = x[tuple(slice(None, None, s) for s in steps)] if x.ndim else x
    target = data.draw(st.permutations(x.shape))
    if data.draw(st.booleans()):
        target = [-1] if x.size else list(target)
    ours = nd.from_numpy(x).reshape(*target, order=order)
    theirs = x.reshape(target, order=order.upper())
    np.testing.assert_array_equal(ours.numpy(), theirs)
    if x.size > 1:
        assert np.shares_memory(ours.numpy(), x) == np.shares_memory(theirs, x)


def test_shape_methods() -> None:
    a = nd.arange(24).reshape(2, 3, 4)
    x = a.numpy()
    for ours, theirs in [
        (a.transpose(), x.T), (a.T, x.T), (a.transpose(1, 0, 2), x.transpose(1, 0, 2)),
        (a.permute((2, 0, 1)), x.transpose(2, 0, 1)),
        (a.swap_axes(0, -1), x.swapaxes(0, -1)), (a.mT, x.swapaxes(1, 2)), (a.ravel(), x.ravel()),
        (a.T.ravel("f"), x.T.ravel("F")),
        (a.expand_dims(1), x[:, None]), (a.expand_dims(-1), x[..., None]), (a[:, :1].squeeze(), x[:, 0]),
        (a[:1, :1].squeeze(0), x[0, :1]), (a.broadcast_to(2, 2, 3, 4), np.broadcast_to(x, (2, 2, 3, 4))),
        (a.flatten("f"), x.flatten("F")), (a.repeat(1, 2), x.repeat(2, 1)), (a.repeat(0, 1, 3), x.repeat([1, 3], 0)),
        (a.reshape((6, -1)), x.reshape(6, 4)),
    ]:  # fmt: skip
        np.testing.assert_array_equal(ours.numpy(), theirs)
    assert not np.shares_memory(a.flatten().numpy(), x)
    for call, message in [
        (lambda: a.reshape(5, 5), r"reshape: an array of 24 elements has no shape \(5, 5\)"),
        (lambda: a.reshape(-1, -1), "at most one -1"), (lambda: a.reshape(-1, 7), "has no shape"),
        (lambda: a.permute(0, 1), "permute: expected 3 axes"), (lambda: a.permute(0, 0, 1), "axis 0 is given twice"),
        (lambda: a.squeeze(0), "squeeze: expected extent 1 on axis 0"),
        (lambda: a.broadcast_to(3), r"an array of shape \(2, 3, 4\) does not broadcast to \(3,\)"),
        (lambda: a.reshape(24, order="x"), "expected order 'c', 'f' or 'k', received 'x'"),
        (lambda: nd.zeros(3).mT, "mT: expected at least 2 dimensions"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(IndexError, match="axis 3 is out of bounds for an array of 3 dimensions"):
        a.swap_axes(0, 3)
    with pytest.raises(TypeError, match="reshape: expected an integer, received float"):
        a.reshape(2.0, 12)


def test_elements_as_python_objects() -> None:
    a = matrix()
    assert (a.get_double(1, 2), a.get_double(5), a.get_double(-1), a.get_float((0, 1))) == (
        6.0,
        6.0,
        6.0,
        2.0,
    )
    assert (a.get_int(1, 0), a.get_long(0)) == (4, 1)
    assert a.item(0, 1) == 2.0
    assert a.put_scalar((0, 1), 9) is a
    a.put_scalar(5, 8)
    assert a.tolist() == [[1, 9, 3], [4, 5, 8]]
    assert a.T.get_double(1) == 4.0
    for call in (
        lambda: a.get_double(2, 0),
        lambda: a.get_double(6),
        lambda: a.put_scalar((0, 3), 1),
        lambda: a.get_int(0, 0, 0),
    ):
        with pytest.raises(IndexError):
            call()
    with pytest.raises(ValueError, match=r"item: expected one element, received shape \(2, 3\)"):
        a.item()
    one = nd.array([[2.5]])
    assert (float(one), int(one), complex(one), bool(one), one.item()) == (
        2.5,
        2,
        2.5 + 0j,
        True,
        2.5,
    )
    assert f"{nd.array(2.5):.2f}" == "2.50"
    assert [10, 20][nd.array(1)] == 20
    with pytest.raises(TypeError, match="only an integer array without dimensions"):
        [10, 20][nd.array([1])]
    with pytest.raises(TypeError, match="only an integer array without dimensions"):
        [10, 20][nd.array(1.0)]
    with pytest.raises(ValueError, match="truth value of an array of shape"):
        bool(a)
    with pytest.raises(ValueError, match=r"float\(\): expected an array of one element"):
        float(a)
    with pytest.raises(TypeError, match="takes no format specification"):
        f"{a:.2f}"


def test_reductions() -> None:
    a = nd.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    assert a.sum().item() == 5.0
    assert a.sum(0).tolist() == [5, 3, -3]
    assert a.sum(0, 1).item() == 5.0
    assert a.sum((1,), keep_dims=True).tolist() == [[2], [3]]
    assert a.mean(1).tolist() == pytest.approx([2 / 3, 1.0])
    assert (a.max().item(), a.min().item(), a.norm1().item()) == (5.0, -6.0, 21.0)
    assert a.norm2().item() == pytest.approx(np.sqrt(91.0))
    assert a.argmax(1).tolist() == [2, 1]
    assert a.std().item() == pytest.approx(np.std(a.numpy(), ddof=1))
    assert a.std(bias_corrected=False).item() == pytest.approx(np.std(a.numpy()))
    assert a.var(0).tolist() == pytest.approx(np.var(a.numpy(), 0, ddof=1).tolist())
    assert a.sum_number() == 5.0
    assert (a > 100).any().item() is False
    assert a.prod_number() == pytest.approx(720.0)


def test_equality_within_a_tolerance() -> None:
    a = matrix()
    assert a.equals(a + 1e-6)
    assert not a.equals(a + 1e-3)
    assert a.equals_with_eps(a + 0.1, 0.2)
    assert not a.equals(a.cast_to("float64"))
    assert not a.equals(a.T)
    assert not a.equals([1])
    assert nd.array([1, 2]).equals(nd.array([1, 2]))
    assert nd.array([np.inf, 1.0]).equals(nd.array([np.inf, 1.0]))
    assert not nd.array([np.nan]).equals(nd.array([np.nan]))
    assert nd.array(["a"]).equals(nd.array(["a"]))


def test_assign_and_cast() -> None:
    a = nd.zeros((2, 3))
    assert a.assign([1, 2, 3]) is a
    assert a.tolist() == [[1, 2, 3]] * 2
    assert a.assign(5).tolist() == [[5] * 3] * 2
    assert a.cast_to("float32") is not None
    assert a.cast_to("INT").dtype is nd.int32
    assert a.astype(np.float32).data_pointer != a.data_pointer
    assert a.astype(np.float32, copy=False).data_pointer == a.data_pointer
    assert nd.array([1.9, -1.9]).cast_to("int32").tolist() == [1, -1]
    assert nd.array([0.0, 2.0, np.nan]).cast_to("bool").tolist() == [False, True, True]
    assert nd.array([300, -1]).cast_to("uint8").tolist() == [44, 255]
    assert nd.array([np.nan, 1e300, -1e300], "float64").cast_to("int64").tolist()[0] == -(2**63)
    assert nd.array([2.0**63], "float64").cast_to("uint64").tolist() == [2**63]
    with pytest.raises(TypeError, match="dtype: expected one of"):
        a.cast_to("float128x")
    with pytest.raises(ValueError, match=r"assign: an array of shape \(4,\) does not broadcast"):
        a.assign(nd.zeros(4))


@pytest.mark.parametrize(
    "source", [d for d in nd.dtypes.ALL if d.numpy is not None], ids=lambda d: d.name
)
def test_every_conversion_is_numpys(source: nd.DType) -> None:
    values = np.array([0, 1, 2, 100, 3], np.float64).astype(source.numpy)
    for target in nd.dtypes.ALL:
        if target.numpy is None:
            continue
        with np.errstate(all="ignore"):
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = values.astype(target.numpy)
        ours = nd.array(values).cast_to(target)
        assert ours.dtype is target
        np.testing.assert_array_equal(ours.numpy(), expected)


def test_text_of_arrays() -> None:
    assert repr(nd.array([1.0, 2.5])) == "NDArray([1. , 2.5])"
    assert repr(nd.array([[1, 2], [3, 4]])) == "NDArray([[1, 2],\n         [3, 4]])"
    assert repr(nd.zeros(2, "int8")) == "NDArray([0, 0], dtype=int8)"
    assert repr(nd.zeros((2, 0))) == "NDArray([], shape=(2, 0), dtype=float32)"
    assert repr(nd.array(3.5)) == "NDArray(3.5)"
    assert str(nd.array([1.0, 2.0])) == "[1. 2.]"
    assert "..." in repr(nd.zeros(5000))
    assert eval(repr(nd.array([1.5, 2.0])), {"NDArray": nd.array}).tolist() == [1.5, 2.0]
