"""Raw records to features: matching by name, single records, error policies, odd data."""

from __future__ import annotations

import datetime
import gzip
import io
import threading
from contextlib import suppress

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather
from pyarrow import parquet as pq

from datavec import (
    CategoricalColumnCondition,
    CollectionRecordReader,
    CSVRecordReader,
    DataVecError,
    ErrorReport,
    InvalidValueError,
    NullWritableColumnCondition,
    RecordReaderDataSetIterator,
    RecordVectorizer,
    Schema,
    SchemaError,
    SequenceSchema,
    TransformProcess,
)

SCHEMA = (
    Schema.builder()
    .add_column_string("id")
    .add_column_categorical("size", ["S", "M", "L"])
    .add_column_double("price")
    .add_column_categorical("sold", ["no", "yes"])
    .build()
)
PROCESS = (
    TransformProcess.builder(SCHEMA).remove_columns("id").categorical_to_integer("size").build()
)
RECORD = {"id": "a", "size": "L", "price": 2.5}


@pytest.fixture
def vectorizer() -> RecordVectorizer:
    return RecordVectorizer(PROCESS, ["sold"])


def features(vectorizer: RecordVectorizer, data, **options) -> list[list[float]]:
    return [row for batch in vectorizer.batches(data, **options) for row in batch.features.tolist()]


# --- single records ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        {"price": "2.5", "size": "L"},  # text is parsed; what nobody looks at may be missing
        {**RECORD, "sold": "yes", "note": "unknown columns are ignored"},
        ["a", "L", 2.5, "yes"],
        ("a", "L", 2.5),
        ["L", 2.5],
        pd.Series(RECORD),
        np.array(["a", "L", "2.5"]),
    ],
)
def test_forms_of_a_record(vectorizer, record):
    if isinstance(record, pd.Series):
        record = record.to_dict()
    made = vectorizer.record(record)
    assert made.dtype == np.float32
    assert made.tolist() == [[2.0, 2.5]]


WRONG = {
    "missing": ({"price": 1.0}, SchemaError, "no column 'size', which the training data had"),
    "misspelt": (
        {"price": 1.0, "Size": "S"},
        SchemaError,
        "no column 'size', which the training data had; instead there is 'Size'",
    ),
    "unseen category": (
        {"price": 1.0, "size": "XL"},
        InvalidValueError,
        (
            'step 1 CategoricalToIntegerTransform, row 0, column "size": expected one of '
            "'S', 'M', 'L', received 'XL'"
        ),
    ),
    "no number": (
        {"price": "cheap", "size": "S"},
        InvalidValueError,
        "column \"price\": expected a number, received 'cheap'",
    ),
    "no value": (
        {"price": None, "size": "S"},
        InvalidValueError,
        'column "price": expected a number, received a missing value (null)',
    ),
    "too short": (
        [1.0],
        SchemaError,
        "expected 4 values (id, size, price, sold), or 3 without 'sold'; received 1",
    ),
    "too long": ([1, 2, 3, 4, 5], SchemaError, "received 5"),
    "no record": (7, TypeError, "expected a dict or a list of values; received 7 (int)"),
    "text": ("a,L,2.5", TypeError, "expected a dict or a list of values"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_record_is_said(vectorizer, case):
    record, error, words = WRONG[case]
    with pytest.raises(error) as caught:
        vectorizer.record(record)
    assert words in str(caught.value)


def test_a_strict_vectorizer_refuses_what_training_did_not_have():
    strict = RecordVectorizer(PROCESS, ["sold"], strict=True)
    assert strict.record(RECORD).tolist() == [[2.0, 2.5]]
    with pytest.raises(SchemaError, match=r"record: unknown column 'note'; the training data had"):
        strict.record({**RECORD, "note": 1})
    with pytest.raises(SchemaError, match="the table: unknown column 'note'"):
        features(strict, pa.table({"size": ["S"], "price": [1.0], "note": [1]}))


def test_a_filter_gives_none():
    process = (
        TransformProcess.builder(SCHEMA)
        .filter(CategoricalColumnCondition("size", "==", "S"))
        .remove_columns("id")
        .categorical_to_integer("size")
        .build()
    )
    vectorizer = RecordVectorizer(process, ["sold"])
    assert vectorizer.filters
    assert vectorizer.record({"size": "S", "price": 1.0}) is None
    assert vectorizer.record({"size": "M", "price": 1.0}).tolist() == [[1.0, 1.0]]


def test_policies_for_a_record(vectorizer):
    errors = ErrorReport()
    bad = {"size": "XL", "price": None}
    assert vectorizer.record(bad, on_error="skip", errors=errors) is None
    assert errors.skipped == 1
    assert vectorizer.record({}, on_error="skip", errors=errors) is None
    assert errors.skipped == 2
    given = {"size": "M", "price": 9.0}
    made = vectorizer.record(bad, on_error="replace", replacements=given, errors=errors)
    assert made.tolist() == [[1.0, 9.0]]
    assert vectorizer.record({}, on_error="replace", replacements=given).tolist() == [[1.0, 9.0]]
    with pytest.raises(InvalidValueError, match="price"):
        vectorizer.record(bad, on_error="replace", replacements={"size": "M"})


def test_huge_numbers_become_infinity_as_in_training(vectorizer):
    assert vectorizer.record({"size": "S", "price": 1e300}).tolist() == [[0.0, np.inf]]


def test_missing_values_that_a_step_expects():
    process = (
        TransformProcess.builder(SCHEMA)
        .remove_columns("id")
        .conditional_replace_value("price", 5.0, NullWritableColumnCondition("price"))
        .categorical_to_integer("size")
        .build()
    )
    vectorizer = RecordVectorizer(process, ["sold"])
    assert vectorizer.record({"size": "M", "price": None}).tolist() == [[1.0, 5.0]]
    with pytest.raises(SchemaError, match="price"):
        vectorizer.record({"size": "M"})  # a value may be missing, its column may not


# --- many ----------------------------------------------------------------------------------------

TABLE = {"note": ["x", "y"], "price": [2.5, 1.0], "size": ["L", "S"]}
EXPECTED = [[2.0, 2.5], [0.0, 1.0]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: TABLE,
        lambda: pa.table(TABLE),
        lambda: pa.table(TABLE).to_batches()[0],
        lambda: pa.table(TABLE).to_reader(),
        lambda: pd.DataFrame(TABLE),
        lambda: pd.DataFrame(TABLE).astype({"size": "category"}),
        lambda: pl.DataFrame(TABLE),
        lambda: pl.DataFrame(TABLE).with_columns(pl.col("size").cast(pl.Categorical)),
        lambda: [{"price": 2.5, "size": "L"}, ("a", "S", 1.0)],
        lambda: (r for r in [["a", "L", 2.5, "no"], ["a", "S", 1.0, "no"]]),
        lambda: CollectionRecordReader([["a", "L", 2.5, "no"], ["a", "S", 1.0, "no"]]),
        lambda: io.BytesIO(b"price,size\n2.5,L\n1,S\n"),
    ],
)  # fmt: skip
def test_forms_of_data(vectorizer, make):
    assert features(vectorizer, make()) == EXPECTED


def test_columns_of_other_arrow_types():
    schema = Schema.builder().add_column_time("when", "UTC").add_column_double("x").build()
    vectorizer = RecordVectorizer(TransformProcess.builder(schema).build())
    when = datetime.datetime(1970, 1, 1, 0, 0, 2, 500_000)
    for kind in ("s", "ms", "us", "ns"):
        table = pa.table({"when": pa.array([when], pa.timestamp(kind)) if kind != "s" else
                          pa.array([when.replace(microsecond=0)], pa.timestamp("s")),
                          "x": pa.array([1.5], pa.float16())})  # fmt: skip
        assert features(vectorizer, table) == [[2000.0 if kind == "s" else 2500.0, 1.5]]


FILES = {
    "header": "id,size,price,sold\na,L,2.5,no\nb,S,1,yes\n",
    "header in another order": "price,when,size\n2.5,now,L\n1,then,S\n",
    "header with spaces": "price, size\n2.5,L\n1,S\n",
    "byte order mark": "\ufeffprice,size\n2.5,L\n1,S\n",
    "no header": "a,L,2.5,no\nb,S,1,yes\n",
    "no header, no label": "a,L,2.5\nb,S,1\n",
    "only what is needed": "L,2.5\nS,1\n",
    "quoted": '"size","price"\n"L","2.5"\n"S","1"\n',
}


@pytest.mark.parametrize("name", FILES)
def test_forms_of_files(vectorizer, tmp_path, name):
    path = tmp_path / "raw.csv"
    path.write_text(FILES[name])
    assert features(vectorizer, path) == EXPECTED
    assert features(vectorizer, str(path), threads=2) == EXPECTED
    with path.open("rb") as stream:
        assert features(vectorizer, stream) == EXPECTED


JSON_LINES = b'{"price": 2.5, "size": "L"}\n\n{"size": "S", "price": "1", "note": [1]}'


@pytest.mark.parametrize(
    "name", ["raw.jsonl", "raw.ndjson.gz", "raw.parquet", "raw.arrow", "raw.feather"]
)
def test_files_of_other_kinds(vectorizer, tmp_path, name):
    path = tmp_path / name
    table = pa.table(TABLE)
    if "json" in name:
        path.write_bytes(gzip.compress(JSON_LINES) if name.endswith("gz") else JSON_LINES)
    elif name.endswith("parquet"):
        pq.write_table(table, path)
    elif name.endswith("feather"):
        feather.write_feather(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    assert features(vectorizer, path) == EXPECTED
    assert features(vectorizer, path, threads=2) == EXPECTED


def test_json_lines_in_a_stream(vectorizer, tmp_path):
    assert features(vectorizer, io.BytesIO(JSON_LINES)) == EXPECTED
    path = tmp_path / "raw.jsonl"
    path.write_bytes(JSON_LINES + b"\n{]\n7\n" + JSON_LINES)
    with pytest.raises(
        DataVecError, match=r"raw.jsonl, line 4: expected a JSON object, received '\{\]'"
    ):
        features(vectorizer, path)
    errors = ErrorReport()
    batches = list(vectorizer.batches(path, on_error="skip", errors=errors))
    assert [row for b in batches for row in b.features.tolist()] == EXPECTED * 2
    assert [row for b in batches for row in b.rows.tolist()] == [0, 1, 4, 5]
    assert errors.skipped == 2


def test_options_of_files(vectorizer, tmp_path):
    path = tmp_path / "raw.csv"
    path.write_text("# by hand\nprice;size\n2.5;'L'\n1;S\n")
    assert features(vectorizer, path, skip_lines=1, delimiter=";", quote="'") == EXPECTED
    path.write_text("size,price\nL,2.5\nS,1\n")
    with pytest.raises(InvalidValueError, match="line 1"):
        features(vectorizer, path, header=False)
    with pytest.raises(TypeError, match="delimiter: only for files; received dict"):
        features(vectorizer, TABLE, delimiter=";")
    with pytest.raises(TypeError, match="expected a path, a table"):
        features(vectorizer, 5)


def test_drifted_files_are_refused_in_words(vectorizer, tmp_path):
    path = tmp_path / "raw.csv"
    path.write_text("price,Size\n1,S\n")
    with pytest.raises(SchemaError, match=r"raw.csv: no column 'size'.*instead there is 'Size'"):
        features(vectorizer, path)
    path.write_text("price,size,price\n1,S,2\n")
    with pytest.raises(SchemaError, match=r"raw.csv: columns occur more than once: 'price'"):
        features(vectorizer, path)
    path.write_text("a,b,c,d,e\n")
    with pytest.raises(SchemaError, match=r"raw.csv, line 1: expected 4 values.*received 5"):
        features(vectorizer, path)
    path.write_text("price,size\n1,S\nx,S\n")
    with pytest.raises(InvalidValueError, match=r'raw.csv, line 3, column "price".*\'x\''):
        features(vectorizer, path)
    with pytest.raises(FileNotFoundError):
        features(vectorizer, tmp_path / "none.csv")
    path.write_text("")
    assert features(vectorizer, path) == []


def test_rows_say_where_each_record_stood(vectorizer, tmp_path):
    path = tmp_path / "raw.csv"
    lines = [f"{i % 7},{'SML'[i % 3]}" for i in range(5000)]
    for bad, text in {3: "x,S", 4: "1", 2000: "1,XL", 4999: "1,S,2"}.items():
        lines[bad] = text
    path.write_text("price,size\n" + "\n".join(lines) + "\n")
    reader = CSVRecordReader(path, skip_lines=1, on_invalid="skip", block_size=1024, schema=Schema.builder()
        .add_column_double("price").add_column_categorical("size", ["S", "M", "L"]).build())  # fmt: skip
    for data in (path, reader):
        errors = ErrorReport()
        batches = list(vectorizer.batches(data, on_error="skip", errors=errors))
        rows = np.concatenate([b.rows for b in batches])
        assert rows.tolist() == [i for i in range(5000) if i not in (3, 4, 2000, 4999)]
        assert errors.skipped == 4
        values = np.concatenate([b.features for b in batches])
        assert values[:, 1].tolist() == [r % 7 for r in rows]


def test_a_record_without_a_column_obeys_the_policy(vectorizer):
    records = [RECORD, {"size": "L"}, {**RECORD, "price": "x"}, RECORD]
    with pytest.raises(SchemaError, match="record 1: no column 'price'"):
        features(vectorizer, records)
    errors = ErrorReport()
    (batch,) = vectorizer.batches(records, on_error="skip", errors=errors)
    assert batch.rows.tolist() == [0, 3]
    assert errors.skipped == 2
    given = features(vectorizer, records, on_error="replace", replacements={"price": 7.0})
    assert given == [[2.0, 2.5], [2.0, 7.0], [2.0, 7.0], [2.0, 2.5]]


def test_a_whole_column_may_have_a_replacement(vectorizer):
    errors = ErrorReport()
    made = features(
        vectorizer, {"size": ["S", "M"]}, on_error="replace", replacements={"price": 7.0},
        errors=errors,
    )  # fmt: skip
    assert made == [[0.0, 7.0], [1.0, 7.0]]
    assert errors.replaced == 2


def test_labelled_data_make_training_batches(vectorizer, tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("sold,price,size,id\nyes,2.5,L,a\nno,1,S,b\n")
    batches = RecordReaderDataSetIterator(
        vectorizer.labelled(path), 2, transform=PROCESS, label_index="sold"
    )
    for _ in range(2):
        (batch,) = batches
        assert np.asarray(batch.features).tolist() == EXPECTED
        assert np.asarray(batch.labels).tolist() == [[0, 1], [1, 0]]
    path.write_text("price,size,id\n2.5,L,a\n")
    with pytest.raises(SchemaError, match="no column 'sold'"):
        list(RecordReaderDataSetIterator(
            vectorizer.labelled(path), 2, transform=PROCESS, label_index="sold"
        ))  # fmt: skip


def test_sequences():
    schema = SequenceSchema(Schema.builder().add_columns_double("x", "y").build().columns)
    process = TransformProcess.builder(schema).double_math_op("x", "Multiply", 2.0).build()
    vectorizer = RecordVectorizer(process, ["y"])
    (batch,) = vectorizer.batches([[{"x": 1}, {"x": 2}], [[3.0, 0.0]]])
    assert batch.features.tolist() == [[[2.0, 4.0]], [[6.0, 0.0]]]
    assert batch.mask.tolist() == [[1, 1], [1, 0]]
    assert vectorizer.record([[1.0], [2.0], [3.0]]).tolist() == [[[2.0, 4.0, 6.0]]]
    (batch,) = vectorizer.batches({"x": [[1.0, 2.0], [3.0, 4.0]]})
    assert batch.mask is None
    assert batch.features.tolist() == [[[2.0, 4.0]], [[6.0, 8.0]]]


def test_threads_share_one(vectorizer):
    wrong = []

    def work(price: float) -> None:
        for i in range(300):
            made = vectorizer.record({"size": "M", "price": price + i})
            if made.tolist() != [[1.0, price + i]]:
                wrong.append(made)

    threads = [threading.Thread(target=work, args=(1000.0 * t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_cannot_be_a_vectorizer():
    with pytest.raises(SchemaError, match="no column 'nothing'"):
        RecordVectorizer(PROCESS, ["nothing"])
    with pytest.raises(
        SchemaError, match='column "size" of type Categorical cannot become a feature'
    ):
        RecordVectorizer(TransformProcess.builder(SCHEMA).remove_columns("id").build(), ["sold"])
    only = TransformProcess.builder(Schema.builder().add_column_double("y").build()).build()
    with pytest.raises(SchemaError, match="no feature column"):
        RecordVectorizer(only, ["y"])


# --- anything ------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=4),
    st.sampled_from(["S", "M", "L", "1", "-2.5", "1e5"]), st.lists(st.integers(), max_size=2),
)  # fmt: skip
NAMES = st.sampled_from(["id", "size", "price", "sold", "Size", ""])


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(VALUES, st.lists(VALUES, max_size=6), st.dictionaries(NAMES, VALUES, max_size=5)),
    st.sampled_from(["raise", "skip"]),
)
def test_any_record_gives_features_or_a_clear_error(record, policy):
    vectorizer = RecordVectorizer(PROCESS, ["sold"])
    try:
        made = vectorizer.record(record, on_error=policy)
    except (DataVecError, TypeError):
        return
    assert made is None or made.shape == (1, 2)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"price,size\n", b"{", JSON_LINES + b"\n"]),
    st.sampled_from(["raise", "skip"]),
)
def test_any_bytes_give_features_or_a_clear_error(data, beginning, policy):
    vectorizer = RecordVectorizer(PROCESS, ["sold"])
    text = beginning + data
    with suppress(DataVecError, TypeError):
        assert all(len(row) == 2 for row in features(vectorizer, io.BytesIO(text), on_error=policy))
