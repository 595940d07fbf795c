"""Array files, DataSet and MultiDataSet files, normalizer files, DataSet operations."""

from __future__ import annotations

import numpy as np
from harness import Case, compare

from nd4py import formats
from nd4py._arrays import from_numpy
from nd4py.formats._stored import StoredArray

FORMS = {
    "nd4j-write": "nd4j",
    "save-binary": "nd4j",
    "legacy": "nd4j",
    "npy": "npy",
    "txt": "txt",
    "flatarray": "flatbuffers",
    "binary-serde": "serde",
    "json": "json",
}
EXACT = {"nd4j-write", "save-binary", "binary-serde", "txt", "npy"}


def same_array(actual, expected: np.ndarray, dtype: str, what: str = "") -> None:
    """Compare an NDArray with recorded values: bits of bfloat16, texts as objects."""
    got = StoredArray.of(actual)
    assert got.element.name == dtype, f"{what}: element type {got.element.name}, expected {dtype}"
    want = expected.astype(object) if dtype == "UTF8" else expected
    compare(got.values, want, what=what)


def nd4j_array_file(case: Case) -> None:
    meta = case.meta
    form, dtype = FORMS[meta["writer"]], meta["dtype"]
    value = case.arrays["value"]
    path = case.path(meta["file"])
    if "jvm_bug" in meta:
        case.differs(f"array-file-{meta.get('compression', form).lower()}")
    if (
        "jvm_bug" in meta
        and meta.get("compression") != "NOOP"
        and form not in ("flatbuffers", "serde")
    ):
        damaged_file(case, form)
    else:
        same_array(formats.read_array(path, form, dtype=dtype), value, dtype, "read")
        if form != "txt":
            same_array(formats.read_array(path), value, dtype, "read, form recognised")
    rewrite(case, form)


def damaged_file(case: Case, form: str) -> None:
    """The file has lost or misplaced values: it is refused, or what it does hold has the right shape."""
    try:
        found = formats.read_array(case.path(case.meta["file"]), form, dtype=case.meta["dtype"])
    except formats.FormatError:
        return
    assert list(np.asarray(found).shape) == case.meta["shape"]


def rewrite(case: Case, form: str) -> None:
    """Write the value: the same bytes where the original's are free of faults, and always the same values again."""
    meta = case.meta
    dtype, value = meta["dtype"], case.arrays["value"]
    if meta["empty"] and not meta["shape"]:
        return  # the empty array of rank 0 has no counterpart in NumPy
    array = from_numpy(value.astype(object) if dtype == "UTF8" else value, dtype)
    impossible = (form == "nd4j" and dtype == "UTF8") or (
        form == "npy" and dtype in ("UTF8", "BFLOAT16")
    )
    if impossible:
        try:
            formats.array_to_bytes(array, form)
        except TypeError:
            return
        raise AssertionError(f"the {form} form cannot hold {dtype}: expected TypeError")
    data = formats.array_to_bytes(array, form, order=meta.get("txt_order", meta["order"]))
    exact = (
        meta["writer"] in EXACT
        and not meta["is_view"]
        and "compression" not in meta
        and "jvm_bug" not in meta
    )
    if exact and standard_strides(meta):
        assert data == case.read(meta["file"]), "written bytes differ"
    same_array(formats.read_array(data, form, dtype=dtype), value, dtype, "written and read again")


def standard_strides(meta: dict) -> bool:
    from nd4py.formats._shape_info import dense_strides

    return 0 in meta["shape"] or tuple(meta["stride"]) == dense_strides(
        meta["shape"], meta["order"]
    )


def npz_read(case: Case) -> None:
    path = case.path(case.meta["file"])
    members = case.meta["members"]
    kinds = {name: np.dtype(m["dtype"]).kind for name, m in members.items()}
    if set(kinds.values()) - set("fiub"):
        try:
            formats.read_array(path)
        except formats.FormatError:
            return
        raise AssertionError(f"dtypes {kinds} have no NDArray type: expected FormatError")
    found = {"value": formats.read_array(path)} if path.suffix == ".npy" else formats.read_npz(path)
    assert found.keys() == members.keys()
    for name, array in found.items():
        want = case.arrays[name]
        compare(np.asarray(array), want.astype(want.dtype.newbyteorder("=")), what=name)


KINDS = {
    "nd4j-array-file": nd4j_array_file,
    "npz-read": npz_read,
}
