"""What importing datavec and starting a worker bring along, and that every name is found."""

from __future__ import annotations

import subprocess
import sys

import pytest

import datavec
from datavec._on_first_use import homes_of, import_registering
from datavec._public_names import JAVA_NAMES, NAMES
from datavec._serde import names_by_module

PACKAGES = [
    "datavec",
    *(f"datavec.{p}" for p in ("readers", "writers", "transforms", "images", "analysis")),
]


def run(code: str, *arguments: object) -> set[str]:
    """The modules that a fresh interpreter has imported after running `code`."""
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    command = [sys.executable, "-c", f"{path}{code}\nprint(*sys.modules)", *map(str, arguments)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_importing_datavec_imports_little():
    modules = run("import datavec")
    assert not modules & {"numpy", "pyarrow", "pandas", "nd4py", "ssl"}
    assert len([m for m in modules if m.startswith("datavec")]) < 5


def test_a_worker_imports_what_it_uses(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("1.5,2024-01-02,a,yes\n" * 100)
    schema = (
        datavec.Schema.builder()
        .add_column_double("x")
        .add_column_string("t")
        .add_column_categorical("c", ["a", "b"])
        .add_column_categorical("label", ["no", "yes"])
        .build()
    )
    process = (
        datavec.TransformProcess.builder(schema)
        .filter(datavec.DoubleColumnCondition("x", "<", 0.0))
        .string_to_time("t", "yyyy-MM-dd")
        .remove_columns("t")
        .categorical_to_one_hot("c")
        .build()
    )
    (tmp_path / "process.json").write_text(process.to_json())
    modules = run(
        "from datavec import CSVRecordReader, RecordReaderDataSetIterator, TransformProcess\n"
        "process = TransformProcess.from_json(open(sys.argv[1]).read())\n"
        "it = RecordReaderDataSetIterator("
        "CSVRecordReader(sys.argv[2]), 8, transform=process, label_index='label')\n"
        "assert next(it).num_examples == 8",
        tmp_path / "process.json",
        table,
    )
    unused = {"pandas", "cv2", "fsspec", "torch", "datavec.transforms._windows", "datavec.images"}
    assert not modules & unused


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_is_found(package):
    module = sys.modules.get(package) or __import__(package, fromlist=["_"])
    assert set(module.__all__) <= set(homes_of(package))
    for name in homes_of(package):
        assert getattr(module, name) is not None
        assert name in dir(module)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
        module.nonsense  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES)
def test_the_list_of_names_is_up_to_date(package):
    # If not: python tools/public_names.py --write
    listed = {name: home for home, names in NAMES[package].items() for name in names.split()}
    assert listed == homes_of(package)


def test_the_list_of_java_names_is_up_to_date():
    for package in PACKAGES:
        homes_of(package)
    import_registering()
    made = {
        m.removeprefix("datavec"): names
        for m, names in names_by_module().items()
        if m.startswith("datavec.")
    }
    assert {home: set(names.split()) for home, names in JAVA_NAMES.items()} == made
