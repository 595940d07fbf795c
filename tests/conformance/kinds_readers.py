"""Replays of record readers, the splits they read, and the parser of CSV lines."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from datavec_values import check_data, must_fail, plain_values
from format_readers import format_reader, matrix_rows
from harness import Case, Handler, NotSupported

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
    LineRecordReader,
    ListStringRecordReader,
    ListStringSplit,
    RegexLineRecordReader,
    RegexSequenceRecordReader,
    StringSplit,
    TransformProcess,
    TransformProcessRecordReader,
    TransformProcessSequenceRecordReader,
)


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
            must_fail(lambda line=entry["line"]: parser.parse(line))
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
        return CollectionRecordReader(plain_values(options["records"], case))
    if kind == "ListStringRecordReader":
        return ListStringRecordReader(ListStringSplit(options["data"]))
    if kind in ("ComposableRecordReader", "ConcatenatingRecordReader"):
        parts = [CollectionRecordReader(plain_values(r, case)) for r in options["readers"]]
        made = ComposableRecordReader if kind.startswith("Comp") else ConcatenatingRecordReader
        return made(*parts)
    if kind in ("TransformProcessRecordReader", "LocalTransformProcessRecordReader"):
        process = TransformProcess.from_json(json.dumps(options["transform"]))
        source = CollectionRecordReader(plain_values(options["records"], case))
        return TransformProcessRecordReader(source, process)
    made = format_reader(kind, options, split) or _sequence_reader(kind, options, split, case)
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
        data = [plain_values(s, case) for s in options["sequences"]]
        source = CollectionSequenceRecordReader(data)
        if kind.startswith("Coll"):
            return source
        process = TransformProcess.from_json(json.dumps(options["transform"]))
        return TransformProcessSequenceRecordReader(source, process)
    return None


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
        sequences = "sequences" in meta
        corrected = _corrected_reader(case)
        expected = corrected
        if corrected is None:
            expected = meta.get("sequences" if sequences else "records", [])
        if "raises" in meta and corrected is None:
            got = []
            must_fail(lambda: _drain(make_reader(case, folder), got))
            check_data(got, expected, case, sequences=sequences, unordered=False)
            return
        made = make_reader(case, folder)
        again = meta.get("reset_supported", True) and not meta["options"].get("shuffle")
        for _ in range(2 if again else 1):
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
    if "Strange state detected" in bug:
        case.differs("datavec-matlab")
        return matrix_rows(list(case.meta["input_files"].values()))
    if "with FileSplit" in case.meta.get("raises", ""):
        case.differs("datavec-jackson-file-split")
        fields = [json.loads(text) for text in case.meta["input_files"].values()]
        paths = [(f["path"], f["missing"]) for f in case.meta["options"]["fields"]]
        return [[["Text", _at(f, path, missing)] for path, missing in paths] for f in fields]
    if "ends with an empty sequence" in bug:
        case.differs("datavec-sliding-window-end")
        return [s for s in case.meta["sequences"] if s]
    return None


def _at(document: Any, path: list[str], missing: str) -> str:
    for name in path:
        document = document.get(name, {}) if isinstance(document, dict) else {}
    return missing if document == {} else str(document)


def _drain(made: Any, got: list[Any]) -> None:
    while made.has_next():
        got.append(made.next())


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
    if "index order" in bug or "without applying" in bug or "unparsed" in bug:
        case.differs("datavec-load-from-metadata")
        expected = [case.meta["records"][i] for i in case.meta["load_indices"]]
    check_data(loaded, expected, case, sequences="sequences" in case.meta, unordered=False)


KINDS: dict[str, Handler] = {
    "csv-parser": csv_parser,
    "reader": reader,
}
