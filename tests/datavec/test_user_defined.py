"""Steps, conditions and functions of users: run like any other, loaded only where allowed."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavec import (
    AbstractTransform,
    CollectionRecordReader,
    ColumnFunction,
    ConditionFilter,
    DataVecError,
    InvalidValueError,
    RecordReaderDataSetIterator,
    Reducer,
    Schema,
    SchemaError,
    SerializationError,
    TransformProcess,
)

MODULE = '''
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

import datavec as dv

OPENED = []


@dataclass(frozen=True)
class Ratio(dv.AbstractTransform):
    """New column: one column divided by another; 0 where that is 0."""

    new_column_name: str
    above: str
    below: str
    decimals: int = 3

    def output_schema(self, schema):
        for name in (self.above, self.below):
            schema.index_of(name)
        return schema.with_columns((*schema.columns, dv.DoubleMetaData(self.new_column_name)))

    def reads(self, schema):
        return {self.above, self.below}

    def apply(self, frame, output):
        a, b = frame.doubles(self.above), frame.doubles(self.below)
        safe = np.where(b == 0, 1.0, b)
        return frame.appended(output, np.where(b == 0, 0.0, a / safe).round(self.decimals))


@dataclass(frozen=True)
class Clip(dv.AbstractColumnTransform):
    """Bound a Double column; also for single values."""

    column_name: str
    low: float
    high: float

    def new_metadata(self, meta):
        return dv.DoubleMetaData(meta.name, self.low, self.high)

    def convert(self, frame, name):
        return np.clip(frame.doubles(name), self.low, self.high)

    def record_step(self, row, output):
        low, high = self.low, self.high
        return row.mapped(output, self.column_name, dv.Kind.DOUBLE, lambda x: min(max(x, low), high))


@dataclass(frozen=True)
class OddLength(dv.AbstractColumnCondition):
    column_name: str
    mode: dv.SequenceConditionMode = dv.SequenceConditionMode.OR

    def mask(self, frame):
        unique, codes = frame.texts(self.column_name)
        return np.array([len(t) % 2 == 1 for t in unique])[codes]


@dataclass(frozen=True)
class Widest(dv.AbstractCustomReduction):
    """The longest text of a group."""

    def metadata(self, meta):
        return dv.StringMetaData(f"widest({meta.name})")

    def reduce(self, column, name, offsets):
        texts = column.to_pylist()
        import pyarrow as pa

        return pa.array([max(texts[a:b], key=len) for a, b in zip(offsets[:-1], offsets[1:])])


@dataclass(frozen=True)
class Wrong(dv.AbstractTransform):
    how: str

    def output_schema(self, schema):
        return schema

    def apply(self, frame, output):
        if self.how == "raise":
            raise ZeroDivisionError("no luck")
        if self.how == "none":
            return None
        if self.how == "names":
            return frame.with_columns(output, frame.columns[:1])
        return frame.with_columns(output, [c.slice(1) for c in frame.columns])


def kelvin(celsius):
    return celsius + 273.15


def initials(texts):
    return [t[:1] for t in texts]


def length(texts):
    return [len(t) for t in texts]


not_a_step = 3
from os.path import join
'''


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "shop_features.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import importlib

    yield importlib.import_module("shop_features")
    sys.modules.pop("shop_features", None)


def process(shop: ModuleType) -> TransformProcess:
    schema = Schema.builder().add_columns_double("a", "b").add_column_string("s").build()
    return (
        TransformProcess.builder(schema)
        .transform(shop.Ratio("r", "a", "b"))
        .filter(shop.OddLength("s"))
        .transform(shop.Clip("r", 0.0, 10.0))
        .map_column("a", shop.kelvin)
        .map_column("s", shop.length, "Integer")
        .build()
    )


ROWS = [[1.0, 4.0, "no"], [5.0, 0.0, "odd"], ["99", 1.0, ""]]
RESULT = [[274.15, 4.0, 2, 0.25], [372.15, 1.0, 0, 10.0]]


def test_run_everywhere(shop):
    tp = process(shop)
    assert tp.execute_records(ROWS) == RESULT
    assert tp.execute_record(ROWS[0]) == RESULT[0]
    assert tp.execute_record(ROWS[1]) is None
    table = pa.table({"a": [1.0], "b": [4.0], "s": ["no"]})
    assert tp.execute(table).read_all().to_pylist() == [{"a": 274.15, "b": 4.0, "s": 2, "r": 0.25}]
    batches = RecordReaderDataSetIterator(CollectionRecordReader(ROWS), 10, transform=tp)
    (data,) = list(batches)
    assert np.allclose(data.features, RESULT)
    assert pickle.loads(pickle.dumps(tp)).execute_records(ROWS) == RESULT


def test_printed(shop):
    text = str(process(shop))
    assert "Ratio            new_column_name='r', above='a', below='b', decimals=3" in text
    assert "ConditionFilter  condition=OddLength(column_name='s'" in text
    assert "ColumnFunction   column_name='a', function=shop_features.kelvin" in text


def test_json_names_import_paths(shop):
    tp = process(shop)
    steps = json.loads(tp.to_json())["actionList"]
    assert steps[0]["transform"] == {
        "@class": "python:shop_features.Ratio",
        "above": "a",
        "below": "b",
        "decimals": 3,
        "newColumnName": "r",
    }
    assert steps[1]["filter"]["condition"]["@class"] == "python:shop_features.OddLength"
    assert steps[3]["transform"]["function"] == "shop_features.kelvin"
    for allowed in (True, ["shop_features"], [shop.Ratio, "shop_features"]):
        again = TransformProcess.from_json(tp.to_json(), allow_user_defined=allowed)
        assert again == tp
        assert again.execute_records(ROWS) == RESULT
    assert TransformProcess.from_yaml(tp.to_yaml(), allow_user_defined=True) == tp


def test_nothing_is_imported_without_leave(shop):
    text = process(shop).to_json()
    sys.modules.pop("shop_features")
    for allowed in (False, [], ["shop"], ["shop_features.Clip", "shop_features2"]):
        with pytest.raises(
            SerializationError,
            match=r'actionList\[0\].*shop_features.Ratio is Python code.*\["shop_features"\]',
        ):
            TransformProcess.from_json(text, allow_user_defined=allowed)
        assert "shop_features" not in sys.modules
    with pytest.raises(TypeError, match="a list of modules"):
        TransformProcess.from_json(text, allow_user_defined="shop_features")
    assert TransformProcess.from_json(text, allow_user_defined=["shop_features"])
    # Leave ends with the call that gave it.
    with pytest.raises(SerializationError, match="is Python code"):
        TransformProcess.from_json(text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shop_features.Missing", "does not define Missing"),
        ("shop_features.join", "does not define join"),
        ("shop_features.not_a_step", "does not define not_a_step"),
        ("shop_features.kelvin", "no dataclass that is a Transform"),
        ("shop_features.OddLength", "no dataclass that is a Transform"),
        ("no_such_module_here.Step", "cannot be imported here"),
        ("os.system", "does not define system"),
        ("datavec.transforms.MathOp", "does not define MathOp"),
        ("datavec.transforms._numeric.DoubleMathOpTransform", "no dataclass"),
        ("Ratio", "no import path"),
        ("a;b.c", "no import path"),
        ("shop_features.Ratio\n", "no import path"),
        ("..x", "no import path"),
    ],
)
def test_other_names_are_refused(shop, name, message):
    text = process(shop).to_json().replace("shop_features.Ratio", json.dumps(name)[1:-1], 1)
    with pytest.raises(SerializationError, match=message):
        TransformProcess.from_json(text, allow_user_defined=True)


def test_options_are_checked_as_of_any_step(shop):
    text = process(shop).to_json()
    with pytest.raises(SerializationError, match=r"decimals: expected an integer"):
        TransformProcess.from_json(text.replace(": 3", ': "x"'), allow_user_defined=True)
    with pytest.raises(SchemaError, match="step 0 Ratio: no column 'z'"):
        TransformProcess.from_json(
            text.replace('"above" : "a"', '"above" : "z"'), allow_user_defined=True
        )


def test_what_cannot_be_imported_again_is_not_written():
    @dataclass(frozen=True)
    class Local(AbstractTransform):
        def output_schema(self, schema):
            return schema

        def apply(self, frame, output):
            return frame

    schema = Schema.builder().add_column_double("x").build()
    tp = TransformProcess.builder(schema).transform(Local()).build()
    assert tp.execute_record([1.0]) == [1.0]
    with pytest.raises(SerializationError, match="top level of a module"):
        tp.to_json()
    tp = TransformProcess.builder(schema).map_column("x", lambda x: x + 1).build()
    assert tp.execute_record([1.0]) == [2.0]
    with pytest.raises(SerializationError, match="top level of a module"):
        tp.to_json()


def test_a_subclass_of_a_known_step_is_a_step_of_its_own(shop, tmp_path):
    (tmp_path / "shop_more.py").write_text(
        "from dataclasses import dataclass\nimport datavec\n\n"
        "@dataclass(frozen=True)\nclass Loud(datavec.AppendStringColumnTransform):\n"
        "    def map(self, text):\n        return super().map(text).upper()\n"
    )
    import shop_more

    schema = Schema.builder().add_column_string("s").build()
    tp = TransformProcess.builder(schema).transform(shop_more.Loud("s", "!")).build()
    assert '"python:shop_more.Loud"' in tp.to_json()
    again = TransformProcess.from_json(tp.to_json(), allow_user_defined=["shop_more"])
    assert again.execute_record(["hey"]) == ["HEY!"]
    assert again.execute_records([["hey"]] * 100) == [["HEY!"]] * 100


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("none", DataVecError, "step 0 Wrong: apply must return a Frame, but returned a missing"),
        ("names", DataVecError, "step 0 Wrong: apply returned 1 columns"),
        ("rows", DataVecError, 'column "a" of the result has 2 values for 3 rows'),
    ],
)
def test_wrong_results_are_named(shop, how, error, message):
    schema = Schema.builder().add_columns_double("a", "b").build()
    tp = TransformProcess.builder(schema).transform(shop.Wrong(how)).build()
    with pytest.raises(error, match=message):
        tp.execute_records([[1.0, 2.0]] * 3)


def test_errors_of_users_keep_their_type_and_get_the_step(shop):
    schema = Schema.builder().add_columns_double("a", "b").build()
    tp = TransformProcess.builder(schema).transform(shop.Wrong("raise")).build()
    with pytest.raises(ZeroDivisionError, match="no luck") as caught:
        tp.execute_record([1.0, 2.0])
    assert "in step 0 Wrong of a TransformProcess" in caught.value.__notes__


def numbers(*values):
    return lambda given: np.array(values)


@pytest.mark.parametrize(
    ("kind", "function", "result", "given", "expected"),
    [
        ("double", np.sqrt, None, 4.0, 2.0),
        ("integer", np.negative, None, 3, -3),
        ("long", lambda x: x / 2, "Double", 3, 1.5),
        ("float", lambda x: x * 0.1, None, 1.0, float(np.float32(0.1))),
        ("boolean", np.logical_not, None, True, False),
        ("string", lambda t: [s.title() for s in t], None, "ab", "Ab"),
        ("string", lambda t: [len(s) for s in t], "Integer", "ab", 2),
        ("time", lambda ms: ms + 1, None, 5, 6),
        ("double", lambda x: [str(v) for v in x], "String", 1.5, "1.5"),
    ],
)
def test_functions_by_type(kind, function, result, given, expected):
    schema = getattr(Schema.builder(), f"add_column_{kind}")("x").build()
    tp = TransformProcess.builder(schema).map_column("x", function, result).build()
    assert tp.record_executor().whole_columns_only is None
    assert tp.execute_record([given]) == [expected]
    many = tp.execute_records([[given]] * 100)
    assert many == [[expected]] * 100
    assert type(many[0][0]) is type(tp.execute_record([given])[0])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (numbers(1.0, 2.0), "must return 100 values"),
        (lambda x: x[:, None], r"an array of shape \[100, 1\]"),
        (lambda x: ["a"] * len(x), 'column "x": <lambda>: could not convert'),
    ],
)
def test_functions_that_do_not_fit(function, message):
    schema = Schema.builder().add_column_double("x").build()
    tp = TransformProcess.builder(schema).map_column("x", function).build()
    with pytest.raises(DataVecError, match=message):
        tp.execute_records([[1.0]] * 100)


def test_functions_on_odd_columns():
    schema = Schema.builder().add_column_ndarray("n", [2]).add_column_double("x").build()
    with pytest.raises(SchemaError, match='column "n" of type NDArray cannot be given'):
        TransformProcess.builder(schema).map_column("n", np.sqrt)
    with pytest.raises(SchemaError, match="3 is no function"):
        ColumnFunction("x", 3)
    tp = TransformProcess.builder(schema).map_column("x", np.sqrt).build()
    with pytest.raises(InvalidValueError, match='step 0 ColumnFunction, row 0, column "x"'):
        tp.execute_records([[np.zeros(2), "four"]])
    assert '"function" : "numpy.sqrt"' in tp.to_json()
    assert TransformProcess.from_json(tp.to_json(), allow_user_defined=["numpy"]) == tp


def test_reductions_of_users(shop):
    schema = Schema.builder().add_columns_string("k", "s").build()
    reducer = Reducer("Count", key_columns=["k"], custom={"s": shop.Widest()})
    tp = TransformProcess.builder(schema).reduce(reducer).build()
    rows = [["a", "x"], ["b", "long"], ["a", "xyz"], ["b", ""]]
    assert sorted(tp.execute_records(rows)) == [["a", "xyz"], ["b", "long"]]
    with pytest.raises(SerializationError, match=r"shop_features\.Widest is Python code"):
        TransformProcess.from_json(tp.to_json())
    again = TransformProcess.from_json(tp.to_json(), allow_user_defined=[shop.Widest])
    assert sorted(again.execute_records(rows)) == [["a", "xyz"], ["b", "long"]]


def test_filters_by_condition_of_users_in_json(shop):
    schema = Schema.builder().add_column_string("s").build()
    tp = TransformProcess(schema, (ConditionFilter(shop.OddLength("s")),))
    again = TransformProcess.from_json(tp.to_json(), allow_user_defined=[shop.OddLength])
    assert again.execute_records([["a"], ["ab"]]) == [["ab"]]


# --- any text -------------------------------------------------------------------------------------

KNOWN = ["Ratio", "Clip", "OddLength", "kelvin", "x"]
names = st.from_regex(r"\A(python:)?[a-c_.:; /\n]{0,12}\Z") | st.sampled_from(
    [f"python:shop_features.{name}" for name in KNOWN]
    + ["shop_features.kelvin", "shop_features.Ratio", "python:datavec.ColumnFunction"]
)
scalars = st.sampled_from(["a", "b", 1.0]) | st.none() | st.integers() | st.text(max_size=5)
values = scalars | st.lists(scalars, max_size=2)
objects = st.dictionaries(
    st.sampled_from(
        ["@class", "above", "below", "newColumnName", "columnName", "function", "low", "columnType"]
    ),
    names | values,
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names, objects, st.sampled_from([True, False, ["shop_features"]]))
def test_any_object_gives_a_step_or_a_clear_error(shop, name, body, allowed):
    schema = json.loads(Schema.builder().add_columns_double("a", "b").build().to_json())
    steps = [{"transform": {**body, "@class": name}}, {"transform": {"@class": f"python:{name}"}}]
    for step in steps:
        text = json.dumps({"initialSchema": schema, "actionList": [step]})
        try:
            tp = TransformProcess.from_json(text, allow_user_defined=allowed)
        except DataVecError:
            continue
        assert TransformProcess.from_json(tp.to_json(), allow_user_defined=True) == tp
