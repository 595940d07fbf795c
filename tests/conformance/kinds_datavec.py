"""Replays of the datavec kinds: transforms, pipelines, schemas."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from harness import Case, NotSupported, number

from datavec import (
    CollectionInputSplit,
    CollectionRecordReader,
    CollectionSequenceRecordReader,
    ComposableRecordReader,
    ConcatenatingRecordReader,
    CsvLineParser,
    CSVLineSequenceRecordReader,
    CSVMultiSequenceRecordReader,
    CSVNLinesSequenceRecordReader,
    CSVRecordReader,
    CSVRegexRecordReader,
    CSVSequenceRecordReader,
    CSVVariableSlidingWindowRecordReader,
    FileRecordReader,
    FileSplit,
    Join,
    LineRecordReader,
    NumberedFileInputSplit,
    RecordReaderDataSetIterator,
    RecordReaderMultiDataSetIterator,
    RegexLineRecordReader,
    RegexSequenceRecordReader,
    Schema,
    SequenceConditionMode,
    SequenceRecordReaderDataSetIterator,
    StringSplit,
    TransformProcess,
    TransformProcessRecordReader,
    TransformProcessSequenceRecordReader,
    UnsupportedTransformError,
    infer_categories,
    unique_values,
)
from datavec._arrow_io import (
    frame_from_records,
    frame_from_sequences,
    frame_to_records,
    frame_to_sequences,
)
from datavec._frame import Frame
from datavec._java_text import parse_double, parse_int
from datavec._writable import Writable

Value = list[Any]
Handler = Callable[[Case], None]


# ------------------------------------------------------------------------------------------------ values


def writable(value: Value, case: Case) -> Writable:
    """A recorded ``[type, text]`` as a constant."""
    kind, text = value
    if kind in ("Int", "Long", "Byte"):
        return Writable(kind, int(text))
    if kind in ("Double", "Float"):
        return Writable(kind, float(number(text)))
    if kind == "Boolean":
        return Writable(kind, text == "true")
    if kind == "NDArray":
        return Writable(kind, np.asarray(case.arrays[text]))
    if kind == "Bytes":
        return Writable(kind, base64.b64decode(text))
    return Writable(kind, text)


def records_of(rows: list[Any], case: Case) -> list[list[Writable]]:
    return [[writable(v, case) for v in row] for row in rows]


def check_value(actual: Any, expected: Value, case: Case, what: str) -> None:
    """Compare a Python value with a recorded one; numbers by value, so an untouched text "5" may stand for 5."""
    kind, text = expected
    if kind == "Null":
        assert actual is None, f"{what}: {actual!r}, expected a missing value"
        return
    assert actual is not None, f"{what}: missing, expected {kind} {text!r}"
    if kind == "NDArray":
        case.compare(np.asarray(actual), np.asarray(case.arrays[text]), what)
        return
    if kind in ("Double", "Float"):
        got = parse_double(actual) if isinstance(actual, str) else actual
        assert isinstance(got, (int, float)), f"{what}: {actual!r}, expected {text}"
        case.compare(float(got), float(number(text)), what)
        return
    if kind in ("Int", "Long"):
        got = parse_int(actual, 64) if isinstance(actual, str) else actual
        assert not isinstance(got, bool), f"{what}: {actual!r}, expected {text}"
        assert got == int(text), f"{what}: {actual!r}, expected {text}"
        return
    if kind == "Boolean":
        assert actual is (text == "true"), f"{what}: {actual!r}, expected {text}"
        return
    if kind == "Byte":
        assert actual == int(text).to_bytes(1, "big", signed=True), f"{what}: {actual!r}"
        return
    if isinstance(actual, bool):
        actual = str(actual).lower()
    if isinstance(actual, (int, float)):  # a field that was parsed for its column's type
        check_value(actual, ["Double", text], case, what)
        return
    assert actual == text, f"{what}: {actual!r}, expected {text!r}"


def check_row(actual: list[Any], expected: list[Value], case: Case, what: str) -> None:
    assert len(actual) == len(expected), f"{what}: {len(actual)} values, expected {len(expected)}"
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        check_value(a, e, case, f"{what}, column {i}")


def check_sequence(actual: list[Any], expected: list[Any], case: Case, what: str) -> None:
    assert len(actual) == len(expected), f"{what}: {len(actual)} steps, expected {len(expected)}"
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        check_row(a, e, case, f"{what}, step {i}")


def check_data(
    actual: list[Any], expected: list[Any], case: Case, *, sequences: bool, unordered: bool
) -> None:
    check = check_sequence if sequences else check_row
    assert len(actual) == len(expected), f"{len(actual)} results, expected {len(expected)}"
    if not unordered:
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            check(a, e, case, f"result {i}")
        return
    left = list(actual)
    for i, e in enumerate(expected):
        for j, a in enumerate(left):
            try:
                check(a, e, case, f"result {i}")
            except AssertionError:
                continue
            del left[j]
            break
        else:
            raise AssertionError(f"no result equals expected result {i}: {e}; left are {left[:3]}")


def check_schema(actual: Schema, expected: dict[str, Any], what: str) -> None:
    """Compare as JSON objects; a missing key equals null."""
    got, want = _plain(json.loads(actual.to_json())), _plain(expected)
    assert got == want, f"{what}: {got}\nexpected {want}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


# ------------------------------------------------------------------------------------------------ transform


def load_process(case: Case) -> TransformProcess:
    text = case.path(case.meta["files"]["transform"]).read_text("utf-8")
    try:
        process = TransformProcess.from_json(text)
    except UnsupportedTransformError as e:
        raise NotSupported(str(e).split(": ", 1)[-1]) from None
    again = TransformProcess.from_json(process.to_json())
    assert again.to_json() == process.to_json(), "JSON changes when written and read again"
    ours, theirs = _meaning(json.loads(process.to_json())), _meaning(json.loads(text))
    assert ours == theirs, f"our JSON says {ours}, the JVM's {theirs}"
    if "sequence_mode" in case.meta:
        mode = SequenceConditionMode(case.meta["sequence_mode"])
        object.__setattr__(process.actions[0].condition, "mode", mode)  # type: ignore[attr-defined]
    return process


# What the JVM writes down although it follows from the rest.
_DERIVED = {
    "inputSchema",
    "leftOverColumns",
    "columnNumber",
    "inputTimeZone",
    "columnIdx",
    "sequenceMode",
    "offsetAmountMilliseconds",
    "windowSizeMilliseconds",
}


def _meaning(value: Any) -> Any:
    """JSON without what follows from the rest; sets sorted, texts without their padding."""
    if isinstance(value, list):
        return [_meaning(v) for v in value]
    if not isinstance(value, dict):
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if str(value.get("@class")).endswith("writable.Text"):
        return base64.b64decode(value.get("bytes") or "")[: value.get("length", 0)]
    window = str(value.get("@class")).endswith("TimeWindowFunction")
    kept = {k: v for k, v in value.items() if v is not None and k not in _DERIVED}
    if window:
        kept.pop("timeZone", None)
    return {k: sorted(map(str, v)) if k == "set" else _meaning(v) for k, v in kept.items()}


def run_process(process: TransformProcess, case: Case) -> Frame:
    rows = case.meta["in"]
    schema = process.initial_schema
    if case.meta["sequence_in"]:
        return process.run(frame_from_sequences(schema, [records_of(s, case) for s in rows]))
    width = len(schema)
    good = [r for r in rows if len(r) == width]  # the executor drops the others before it runs
    return process.run(frame_from_records(schema, records_of(good, case)))


def transform(case: Case) -> None:
    meta = case.meta
    if meta.get("raises") and meta["raises_at"] == "build":
        _must_fail(lambda: TransformProcess.from_json(_transform_text(case)))
        return
    process = load_process(case)
    right = corrected(case)
    check_schema(
        process.final_schema, right.get("final_schema", meta["final_schema"]), "final schema"
    )
    if meta.get("raises") and not right:
        _must_fail(lambda: _finished(run_process(process, case), "raise"))
        return
    for i, (kind, columns) in enumerate(meta.get("schema_after_step", [])):
        schema = process.schema_after(i)
        got = [[m.name, m.column_type.value] for m in schema]
        assert (type(schema).__name__, got) == (kind, columns), f"schema after step {i}"
    # Where the JVM's copy through Arrow spoils values that do not fit, `out` is from before that copy.
    keep = any(k in meta for k in ("executor_out", "executor_raises"))
    result = _finished(run_process(process, case), "keep" if keep else "null")
    check_data(
        result,
        right.get("out", meta.get("out")),
        case,
        sequences=meta["sequence_out"],
        unordered=meta.get("unordered", False),
    )


def corrected(case: Case) -> dict[str, Any]:
    """What is right, worked out from the input, where the recorded result is a fault of the original."""
    meta = case.meta
    if not meta.get("jvm_bug") or any(
        k.startswith(("executor_", "jvm_")) and k != "jvm_bug" for k in meta
    ):
        return {}
    text = json.loads(_transform_text(case))
    (action,) = text["actionList"]
    kind = meta["actions"][0]
    right = _RIGHT.get(kind)
    assert right is not None, (
        f"the recorded result is wrong, and nothing says what is right: {meta['jvm_bug']}"
    )
    row, work_out = right
    case.differs(row)
    return work_out(meta, next(iter(action.values())), text["initialSchema"])


def _right_float(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    return {"out": [[["Float", text] for _, text in row] for row in meta["in"]]}


def _right_offset(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    columns = [
        {**c, "name": f"sequenceOffset({action['offsetAmount']},{c['name']})"}
        if c["name"] in action["columnsToOffset"]
        else c
        for c in schema["columns"]
    ]
    return {"final_schema": {**meta["final_schema"], "columns": columns}}


def _right_difference(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    """Only the first `lookback` steps get the specified value."""
    at = [c["name"] for c in schema["columns"]].index(action["columnName"])
    back, value = action["lookback"], str(action["specifiedValueWritable"]["value"])
    out = []
    for sequence in meta["in"]:
        numbers = [float(step[at][1]) for step in sequence]
        steps = []
        for t, step in enumerate(sequence):
            kind = step[at][0]
            new = value if t < back else str(numbers[t] - numbers[t - back])
            if kind != "Double":
                new = str(int(float(new)))
            steps.append([[kind, new] if c == at else v for c, v in enumerate(step)])
        out.append(steps)
    return {"out": out}


def _right_keys(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    """All keys of the case differ, so every record is a group of its own."""
    assert len({tuple(v[1] for v in row[:2]) for row in meta["in"]}) == len(meta["in"])
    return {"out": meta["in"]}


def _right_splits(meta: Any, action: Any, schema: Any) -> dict[str, Any]:
    """As few pieces as possible, nearly equally long, the longer ones first."""
    out = []
    for sequence in meta["in"]:
        count = -(-len(sequence) // action["maxSequenceLength"])
        at = 0
        for piece in range(count):
            size = -(-(len(sequence) - at) // (count - piece))
            out.append(sequence[at : at + size])
            at += size
    return {"out": out}


_RIGHT = {
    "ConvertToFloat": ("datavec-convert-to-float", _right_float),
    "SequenceOffsetTransform": ("datavec-offset-in-place", _right_offset),
    "SequenceDifferenceTransform": ("datavec-difference-first-steps", _right_difference),
    "Reducer": ("datavec-reduce-compound-key", _right_keys),
    "SplitMaxLengthSequence": ("datavec-equal-splits", _right_splits),
}


def _finished(frame: Frame, on_invalid: str) -> list[Any]:
    if frame.offsets is None:
        return frame_to_records(frame, on_invalid)
    return frame_to_sequences(frame, on_invalid)


def _transform_text(case: Case) -> str:
    return case.path(case.meta["files"]["transform"]).read_text("utf-8")


def _must_fail(call: Callable[[], Any]) -> None:
    try:
        result = call()
    except UnsupportedTransformError as e:
        raise NotSupported(str(e).split(": ", 1)[-1]) from None
    except (ValueError, IndexError):
        return
    raise AssertionError(f"no error was raised; the result is {str(result)[:300]}")


def transform_log_errors(case: Case) -> None:
    process = load_process(case)
    records = records_of(case.meta["in"], case)
    frame, _ = process.run_skipping(frame_from_records(process.initial_schema, records))
    check_data(frame_to_records(frame), case.meta["out"], case, sequences=False, unordered=False)


# ------------------------------------------------------------------------------------------------ schema


def schema_texts(case: Case) -> None:
    meta = case.meta
    schema = Schema.from_json(meta["to_json"])
    got = [[m.name, m.column_type.value] for m in schema]
    assert got == meta["columns"], got
    check_schema(schema, json.loads(meta["to_json"]), "to_json")
    assert Schema.from_yaml(meta["to_yaml"]) == schema, "from_yaml"
    assert Schema.from_yaml(schema.to_yaml()) == schema, "to_yaml"
    sequence = Schema.from_json(meta["sequence_to_json"])
    assert type(sequence).__name__ == meta["sequence_reload_class"]
    _same_but_state_order(str(schema), meta["to_string"])
    _same_but_state_order(str(sequence), meta["sequence_to_string"])
    for m, expected in zip(schema, meta["metadata_to_string"], strict=True):
        _same_but_state_order(str(m), expected)


def _same_but_state_order(actual: str, expected: str) -> None:
    """The JVM prints states in the order of a hash set, which carries no meaning."""
    assert _states_sorted(actual) == _states_sorted(expected), f"{actual}\nexpected {expected}"


def _states_sorted(text: str) -> str:
    return re.sub(
        r"stateNames=\[(.*?)\]", lambda m: ",".join(sorted(m[1].split(","))), text
    ).rstrip()


def schema_sequence(case: Case) -> None:
    schema = Schema.from_json(case.meta["to_json"])
    check_schema(schema, json.loads(case.meta["to_json"]), "to_json")
    assert str(schema).rstrip() == case.meta["to_string"].rstrip(), str(schema)
    assert Schema.from_yaml(case.meta["to_yaml"]) == schema, "from_yaml"
    assert Schema.from_json(schema.to_json()) == schema


def schema_builder(case: Case) -> None:
    builder = Schema.builder()
    for call in case.meta["calls"]:
        _builder_call(builder, call)
    check_schema(builder.build(), case.meta["schema"], "schema")


def _builder_call(builder: Any, call: str) -> None:
    """``addColumnsInteger(i_%d,0,2)`` as the same call of our builder."""
    name, _, rest = call.rstrip(")").partition("(")
    method = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
    if method.endswith("_nd_array"):
        method = method.replace("_nd_array", "_ndarray")
    arguments = re.findall(r"\[[^]]*\]|[^,]+", rest)
    if method == "add_column_ndarray":
        builder.add_column_ndarray(arguments[0], json.loads(arguments[1]))
    elif method == "add_column_categorical":
        builder.add_column_categorical(arguments[0], arguments[1:])
    elif method.startswith("add_columns") and "%d" in arguments[0]:
        pattern, first, last, *limits = arguments
        names = {
            "string": ("regex", "min_length", "max_length"),
            "double": ("min_value", "max_value", "allow_nan", "allow_infinite"),
            "float": ("min_value", "max_value", "allow_nan", "allow_infinite"),
        }.get(method.removeprefix("add_columns_"), ("min_value", "max_value"))
        keywords = {
            k: v if k == "regex" else json.loads(v) for k, v in zip(names, limits, strict=False)
        }
        getattr(builder, method)(pattern, first=int(first), last=int(last), **keywords)
    else:
        getattr(builder, method)(*arguments)


def schema_infer(case: Case) -> None:
    records = records_of(case.meta["in"], case)
    check_schema(Schema.infer(records[0]), case.meta["infer"], "infer")
    check_schema(Schema.infer(records[0]), case.meta["infer_multiple"], "infer_multiple")
    _must_fail(lambda: Schema.infer([True]))
    _must_fail(lambda: Schema.infer(records))


def inferred_schema(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "data.csv")
        path.write_text(case.meta["text"], "utf-8")
        if case.meta.get("raises"):
            _must_fail(lambda: Schema.infer_csv(path))
        else:
            check_schema(Schema.infer_csv(path), case.meta["schema"], "schema")


def metadata_valid(case: Case) -> None:
    from datavec._arrow_io import column_from_values
    from datavec._metadata import AbstractColumnMetaData
    from datavec._serde import decode

    values = [writable(v, case) for v in case.meta["values"]]
    for row in case.meta["rows"]:
        meta = decode(AbstractColumnMetaData, row["metadata"])
        for value, recorded, expected in zip(
            values, case.meta["values"], row["valid"], strict=True
        ):
            got = bool(meta.valid_mask(column_from_values([value], meta))[0])
            assert got == expected, f"{meta} on {recorded}: {got}, expected {expected}"


# ------------------------------------------------------------------------------------------------ readers


def csv_parser(case: Case) -> None:
    m = case.meta
    parser = CsvLineParser(
        m["separator"],
        m["quote"],
        m["escape"],
        strict_quotes=m["strict_quotes"],
        ignore_leading_white_space=m["ignore_leading_white_space"],
    )
    for entry in m["out"]:
        if "raises" in entry:
            _must_fail(lambda line=entry["line"]: parser.parse(line))
        else:
            got = parser.parse(entry["line"])
            assert got == entry["fields"], f"{entry['line']!r}: {got}, expected {entry['fields']}"


def make_reader(case: Case, folder: Path) -> Any:
    """The reader of a case, over its files written to `folder`."""
    meta, options = case.meta, case.meta["options"]
    for name, text in meta["input_files"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    split = _split_of(meta, folder)
    configuration = options.get("configuration")
    csv = {
        "skip_lines": options.get("skipNumLines", 0),
        "delimiter": options.get("delimiter", ","),
        "quote": options.get("quote", '"'),
    }
    kind = meta["reader"]
    if kind == "CSVRecordReader":
        return CSVRecordReader(**csv).initialize(split, configuration)
    if kind == "CSVRegexRecordReader":
        return CSVRegexRecordReader(split, regexes=options["regexs"], **csv)
    if kind == "LineRecordReader":
        return LineRecordReader(split)
    if kind == "RegexLineRecordReader":
        return RegexLineRecordReader(split, options["regex"], skip_lines=options["skipNumLines"])
    if kind == "FileRecordReader":
        key = "org.datavec.api.records.reader.RecordReader.appendlabel"
        return FileRecordReader(split, append_label=(configuration or {}).get(key) == "true")
    if kind in ("CollectionRecordReader", "InMemoryRecordReader"):
        return CollectionRecordReader(_plain_values(options["records"], case))
    if kind == "ListStringRecordReader":
        return CollectionRecordReader(options["data"])
    if kind in ("ComposableRecordReader", "ConcatenatingRecordReader"):
        parts = [CollectionRecordReader(_plain_values(r, case)) for r in options["readers"]]
        made = ComposableRecordReader if kind.startswith("Comp") else ConcatenatingRecordReader
        return made(*parts)
    if kind in ("TransformProcessRecordReader", "LocalTransformProcessRecordReader"):
        process = TransformProcess.from_json(json.dumps(options["transform"]))
        source = CollectionRecordReader(_plain_values(options["records"], case))
        return TransformProcessRecordReader(source, process)
    made = _sequence_reader(kind, options, split, case)
    if made is None:
        raise NotSupported(f"reader {kind} is not built yet")
    return made


def _sequence_reader(kind: str, options: dict[str, Any], split: Any, case: Case) -> Any:
    skip, delimiter = options.get("skipNumLines", 0), options.get("delimiter", ",")
    quote = options.get("quote", '"')
    if kind == "CSVSequenceRecordReader":
        return CSVSequenceRecordReader(split, skip_lines=skip, delimiter=delimiter)
    if kind == "CSVLineSequenceRecordReader":
        return CSVLineSequenceRecordReader(split, skip_lines=skip, delimiter=delimiter, quote=quote)
    if kind == "CSVNLinesSequenceRecordReader":
        return CSVNLinesSequenceRecordReader(
            split,
            lines_per_sequence=options["nLinesPerSequence"],
            skip_lines=skip,
            delimiter=delimiter,
        )
    if kind == "CSVMultiSequenceRecordReader":
        return CSVMultiSequenceRecordReader(
            split,
            options["sequenceSeparatorRegex"],
            options["mode"],
            pad_value=options.get("padValue"),
            skip_lines=skip,
        )
    if kind == "CSVVariableSlidingWindowRecordReader":
        return CSVVariableSlidingWindowRecordReader(
            split,
            max_lines_per_sequence=options["maxLinesPerSequence"],
            stride=options["stride"],
            skip_lines=skip,
            delimiter=delimiter,
        )
    if kind == "RegexSequenceRecordReader":
        handling = options.get("errorHandling", "FailOnInvalid")
        return RegexSequenceRecordReader(
            split, options["regex"], skip_lines=skip, error_handling=handling
        )
    if kind in ("CollectionSequenceRecordReader", "TransformProcessSequenceRecordReader"):
        data = [_plain_values(s, case) for s in options["sequences"]]
        source = CollectionSequenceRecordReader(data)
        if kind.startswith("Coll"):
            return source
        process = TransformProcess.from_json(json.dumps(options["transform"]))
        return TransformProcessSequenceRecordReader(source, process)
    return None


def _plain_values(rows: list[Any], case: Case) -> list[list[Any]]:
    return [[w.value for w in row] for row in records_of(rows, case)]


def _split_of(meta: dict[str, Any], folder: Path) -> Any:
    split = meta.get("split") or ""
    if split.startswith("StringSplit: "):
        return StringSplit(split.removeprefix("StringSplit: "))
    if split.startswith("InputStreamInputSplit"):
        (text,) = meta["input_files"].values()
        return StringSplit(text)
    return CollectionInputSplit([folder / name for name in meta["input_files"]])


def reader(case: Case) -> None:
    meta = case.meta
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = make_reader(case, folder)
        sequences = "sequences" in meta
        expected, corrected = meta["sequences" if sequences else "records"], _corrected_reader(case)
        if corrected is not None:
            expected = corrected
        got = []
        if "raises" in meta:
            _must_fail(lambda: got.extend(_drain(made, got)))
            check_data(got, expected, case, sequences=sequences, unordered=False)
            return
        for _ in range(2 if meta.get("reset_supported", True) else 1):
            made.reset()
            check_data(list(made), expected, case, sequences=sequences, unordered=False)
        if "batches" in meta:
            made.reset()
            for batch in meta["batches"]:
                rows = made.next_batch(meta["batch"])
                check_data(rows, batch, case, sequences=False, unordered=False)
            assert not made.has_next()
        if "labels" in meta:
            assert made.labels == meta["labels"], made.labels
        if "metadata" in meta and corrected is None:
            _check_metadata(made, case, folder)


def _corrected_reader(case: Case) -> list[Any] | None:
    """What is right, where the recorded records are a fault of the original."""
    bug = case.meta.get("jvm_bug", "")
    if "header of the next file" in bug:
        case.differs("datavec-csv-skip-lines")
        return [*case.meta["records"][:-1], [["Text", "7"], ["Text", "8"]]]
    if "ends with an empty sequence" in bug:
        case.differs("datavec-sliding-window-end")
        return [s for s in case.meta["sequences"] if s]
    return None


def _drain(made: Any, got: list[Any]) -> list[Any]:
    while made.has_next():
        got.append(made.next())
    return []


def _check_metadata(made: Any, case: Case, folder: Path) -> None:
    made.reset()
    entries = []
    while made.has_next():
        step = made.next_sequence if hasattr(made, "next_sequence") else made.next_record
        entries.append(step()[1])
    for got, expected in zip(entries, case.meta["metadata"], strict=True):
        assert type(got).__name__ == expected["class"], got
        for key in ("line", "index", "start", "end", "from", "to"):
            if key in expected:
                attribute = "from_" if key == "from" else key
                assert getattr(got, attribute) == expected[key], (got, expected)
        uri = got.uri and Path(got.uri).relative_to(folder).as_posix()
        assert uri == expected["file"], (got, expected)
        assert got.location.replace(f"{folder}/", "") == expected["location"], got.location
    if "load_raises" in case.meta:  # the original has no way back there; ours has
        case.differs("datavec-load-from-metadata")
    elif "loaded" not in case.meta:
        return
    loaded = made.load_from_metadata([entries[i] for i in case.meta["load_indices"]])
    expected = case.meta.get("loaded")
    if expected is None:
        expected = [case.meta["sequences"][i] for i in case.meta["load_indices"]]
    bug = case.meta.get("jvm_bug", "")
    if "index order" in bug or "without applying" in bug:
        case.differs("datavec-load-from-metadata")
        expected = [case.meta["records"][i] for i in case.meta["load_indices"]]
    check_data(loaded, expected, case, sequences="sequences" in case.meta, unordered=False)


# ------------------------------------------------------------------------------------------------ iterators


def record_iterator(case: Case) -> None:
    meta, options = case.meta, case.meta["options"]
    if meta["iterator"].startswith("SequenceRecordReaderDataSetIterator"):
        _sequence_iterator(case)
        return
    if meta["iterator"] == "RecordReaderMultiDataSetIterator":
        _multi_iterator(case)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source: Any
        if isinstance(meta["data"], dict):
            for file, text in meta["data"].items():
                (folder / file).write_text(text, "utf-8")
            files = CollectionInputSplit([folder / f for f in meta["data"]])
            source = CSVRecordReader(files, skip_lines=options.get("skipNumLines", 0))
        else:
            rows = [
                [np.array([v], np.float32) if isinstance(v, list) else v for v in row]
                for row in meta["data"]
            ]
            source = CollectionRecordReader(rows)
        label, classes = options.get("labelIndex", -1), options.get("numPossibleLabels", -1)
        iterator = RecordReaderDataSetIterator(
            source,
            options["batchSize"],
            label_index=None if label < 0 or "labelIndexFrom" in options else label,
            label_from=options.get("labelIndexFrom"),
            label_to=options.get("labelIndexTo"),
            num_classes=None if classes < 0 else classes,
            regression=options.get("regression", False),
            max_num_batches=options.get("maxNumBatches"),
            collect_metadata=options.get("collectMetaData", False),
        )
        _check_batches(iterator, case, folder)


def _written(folder: Path, name: str, texts: list[str] | str) -> CollectionInputSplit:
    """Texts as files; the names count the files of a list."""
    if isinstance(texts, str):
        texts = [texts]
    paths = [
        folder / (f"{name}{i}.csv" if name == "f" else f"{name}-{i}.csv") for i in range(len(texts))
    ]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    return CollectionInputSplit(paths)


def _sequence_iterator(case: Case) -> None:
    options, data = case.meta["options"], case.meta["data"]
    classes = options.get("numPossibleLabels", -1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels = None
        if "features" in data:
            source: Any = CSVSequenceRecordReader(_written(folder, "features", data["features"]))
            labels = CSVSequenceRecordReader(_written(folder, "labels", data["labels"]))
        elif "sequences" in data:
            source = CSVSequenceRecordReader(_written(folder, "f", data["sequences"]))
        else:
            width = int(re.findall(r"\((\d+)\)", options["reader"])[0])
            source = CSVVariableSlidingWindowRecordReader(
                _written(folder, "a", next(iter(data.values()))), max_lines_per_sequence=width
            )
        label = options.get("labelIndex", -1)
        iterator = SequenceRecordReaderDataSetIterator(
            source,
            options["batchSize"],
            labels_reader=labels,
            label_index=None if label < 0 else label,
            num_classes=None if classes < 0 else classes,
            regression=options["regression"],
            alignment=options.get("alignmentMode"),
            collect_metadata=options.get("collectMetaData", False),
        )
        _check_batches(iterator, case, folder)


def _multi_iterator(case: Case) -> None:
    options, data = case.meta["options"], case.meta["data"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        iterator = RecordReaderMultiDataSetIterator(
            options["batchSize"],
            alignment=options.get("alignmentMode", "ALIGN_START"),
            random_offset_seed=options["seed"] if options.get("timeSeriesRandomOffset") else None,
        )
        for reader_name, at in options.get("sequence_readers", {}).items():
            split = _written(folder, reader_name, data[at.removeprefix("data.")])
            iterator.add_reader(reader_name, CSVSequenceRecordReader(split))
        for reader_name, at in options.get("readers", {}).items():
            iterator.add_reader(
                reader_name, CSVRecordReader(_written(folder, reader_name, data[at]))
            )
        for key, add in (
            ("inputs", iterator.add_input),
            ("inputs_one_hot", iterator.add_input_one_hot),
            ("inputs_one_hot_after", iterator.add_input_one_hot),
            ("outputs", iterator.add_output),
            ("outputs_one_hot", iterator.add_output_one_hot),
            ("outputs_one_hot_after", iterator.add_output_one_hot),
        ):
            for arguments in options.get(key, []):
                add(*arguments)
        got: list[Any] = []
        if "raises" in case.meta:
            _must_fail(lambda: got.extend(_collect(iterator, got)))
        else:
            _collect(iterator, got)
        assert len(got) == len(case.meta["batches"]), f"{len(got)} batches"
        for batch, expected in zip(got, case.meta["batches"], strict=True):
            for prefix, arrays, masks in (
                ("in", batch.features, batch.features_mask),
                ("out", batch.labels, batch.labels_mask),
            ):
                for i, array in enumerate(arrays):
                    _check_array(array, expected[f"{prefix}{i}"], case, f"{prefix}{i}")
                    mask = None if masks is None else masks[i]
                    _check_array(mask, expected[f"{prefix}{i}_mask"], case, f"{prefix}{i} mask")


def _check_batches(iterator: Any, case: Case, folder: Path) -> None:
    got: list[Any] = []
    if "raises" in case.meta:
        _must_fail(lambda: got.extend(_collect(iterator, got)))
    else:
        for _ in range(2):
            got.clear()
            _collect(iterator, got)
    assert len(got) == len(case.meta["batches"]), f"{len(got)} batches"
    for data, expected in zip(got, case.meta["batches"], strict=True):
        for part in ("features", "labels", "features_mask", "labels_mask"):
            _check_array(getattr(data, part), expected[part], case, part)
        if expected.get("labels_are_features"):
            assert data.labels is data.features
        if "metadata" in expected:
            found = [m.location.replace(f"{folder}/", "") for m in data.metadata]
            assert found == [m["location"] for m in expected["metadata"]], found
    if "loaded" in case.meta:
        entries = [m for data in got for m in data.metadata]
        loaded = iterator.load_from_metadata([entries[i] for i in case.meta["load_indices"]])
        for part, name in case.meta["loaded"].items():
            _check_array(getattr(loaded, part), name, case, f"loaded {part}")


def _check_array(actual: Any, name: str | None, case: Case, part: str) -> None:
    if name is None:
        assert actual is None, f"{part}: expected none"
        return
    case.compare(np.asarray(actual), np.asarray(case.arrays[name]), part)


def _collect(iterator: Any, got: list[Any]) -> list[Any]:
    for data in iterator:
        got.append(data)
    return []


# ------------------------------------------------------------------------------------------------ joins and splits


def _joined(case: Case) -> tuple[Join, list[list[Any]]]:
    meta = case.meta
    left = Schema.from_json(json.dumps(meta["left_schema"]))
    right = Schema.from_json(json.dumps(meta["right_schema"]))
    made = Join(meta["join_type"], left, right, meta["left_keys"], meta["right_keys"])
    rows = made.execute_records(records_of(meta["left"], case), records_of(meta["right"], case))
    return made, rows


def join(case: Case) -> None:
    if "executor_out" in case.meta:
        case.differs("datavec-join-keys")
    made, rows = _joined(case)
    check_schema(made.output_schema, case.meta["final_schema"], "final schema")
    check_data(rows, case.meta["out"], case, sequences=False, unordered=True)


def pipeline_join(case: Case) -> None:
    made, rows = _joined(case)
    got = [[m.name, m.column_type.value] for m in made.output_schema]
    assert got == case.meta["joined_columns"], got
    check_data(rows, case.meta["joined"], case, sequences=False, unordered=True)
    process = load_process(case)
    got = [[m.name, m.column_type.value] for m in process.final_schema]
    assert got == case.meta["out_columns"], got
    result = process.execute_to_sequences(rows)
    check_data(result, case.meta["out"], case, sequences=True, unordered=True)


def inferred_categories(case: Case) -> None:
    rows = _plain_values(case.meta["in"], case)
    assert infer_categories(rows, 0) == [case.meta["column_0"]]
    assert infer_categories(rows, 0, 1) == list(case.meta["columns_0_1"].values())


def unique(case: Case) -> None:
    rows = _plain_values(case.meta["in"], case)
    for found, key in zip(
        unique_values(rows, 0, 1), ("unique_i_sorted", "unique_s_sorted"), strict=True
    ):
        expected = {writable(v, case).value for v in case.meta[key]}
        assert found == expected, (found, expected)


def split_numbered(case: Case) -> None:
    meta = case.meta
    if meta.get("raises"):
        _must_fail(
            lambda: NumberedFileInputSplit(meta["base"], meta["min"], meta["max"]).locations()
        )
        return
    split = NumberedFileInputSplit(meta["base"], meta["min"], meta["max"])
    assert [str(p) for p in split.locations()] == meta["paths"]


def filesplit_listing(case: Case) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for file in case.meta["tree"]:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text("x")
        for entry in case.meta["out"]:
            split = FileSplit(root, extensions=entry["allowFormat"], recursive=entry["recursive"])
            found = [p.relative_to(root).as_posix() for p in split.locations()]
            assert sorted(found) == entry["found_sorted"], found


KINDS: dict[str, Handler] = {
    "transform": transform,
    "pipeline": transform,
    "transform-log-errors": transform_log_errors,
    "schema": schema_texts,
    "schema-sequence": schema_sequence,
    "schema-builder": schema_builder,
    "schema-infer": schema_infer,
    "inferred-schema": inferred_schema,
    "metadata-valid": metadata_valid,
    "csv-parser": csv_parser,
    "reader": reader,
    "record-iterator": record_iterator,
    "join": join,
    "pipeline-join": pipeline_join,
    "infer-categories": inferred_categories,
    "unique": unique,
    "split-numbered": split_numbered,
    "filesplit-listing": filesplit_listing,
}
