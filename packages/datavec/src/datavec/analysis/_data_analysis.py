"""The analysis of a table or of sequences: what `analyze` returns, as text, JSON and YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import SchemaError, SerializationError
from .._serde import decode, dump_json, encode, java_type, load_json
from .._showing import AbstractShown
from ..schema._schema import Schema
from ..text._java_text import double_text
from ._columns import AbstractColumnAnalysis, Counts, Floats

__all__ = ["DataAnalysis", "SequenceDataAnalysis", "SequenceLengthAnalysis"]

_PACKAGE = "org.datavec.api.transform.analysis."


@java_type(_PACKAGE + "DataAnalysis")
@dataclass(frozen=True)
class DataAnalysis(AbstractShown):
    """Statistics of every column of a table.

    Answers to Deeplearning4j's ``DataAnalysis``.

    Args:
        schema: of the data.
        column_analysis: one analysis per column, in the order of the schema.

    >>> from datavec import CollectionRecordReader, Schema
    >>> from datavec.analysis import analyze
    >>> schema = Schema.builder().add_column_double("x").build()
    >>> analysis = analyze(schema, CollectionRecordReader([[1.0], [4.0]]))
    >>> analysis["x"].mean
    2.5
    """

    schema: Schema
    column_analysis: tuple[AbstractColumnAnalysis, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "column_analysis", tuple(self.column_analysis))
        if len(self.column_analysis) != len(self.schema):
            raise SchemaError(
                f"an analysis of {len(self.schema)} columns needs as many column analyses, "
                f"received {len(self.column_analysis)}"
            )

    def __getitem__(self, column: str) -> AbstractColumnAnalysis:
        """The analysis of a column; raises SchemaError naming the columns there are."""
        return self.column_analysis[self.schema.index_of(column)]

    def __iter__(self) -> Iterator[AbstractColumnAnalysis]:
        return iter(self.column_analysis)

    def to_json(self) -> str:
        """Deeplearning4j's JSON, with the digests, which it reads too."""
        return dump_json(self)

    @staticmethod
    def from_json(text: str) -> DataAnalysis:
        """Read the JSON that `to_json` or Deeplearning4j writes; raises SerializationError."""
        return _decoded(load_json(text))

    def to_yaml(self) -> str:
        """The same as YAML, with Java classes as tags, as Deeplearning4j writes it."""
        return "--- " + "\n".join(_yaml_lines(encode(self))) + "\n"

    @staticmethod
    def from_yaml(text: str) -> DataAnalysis:
        """Read the YAML that `to_yaml` or Deeplearning4j writes.

        Raises:
            SerializationError: the text is no analysis.
            ModuleNotFoundError: PyYAML is missing; the extra ``datavec[yaml]`` brings it.
        """
        return _decoded(_load_yaml(text))

    def __str__(self) -> str:
        rows = [
            (meta.name, meta.column_type.value, str(analysis))
            for meta, analysis in zip(self.schema, self.column_analysis, strict=True)
        ]
        return table_text(rows, f"{'type':<15}analysis", lambda r: f"{r[1]:<15}{r[2]}")


@dataclass(frozen=True, kw_only=True)
class SequenceLengthAnalysis:
    """Statistics of the lengths of sequences.

    Answers to Deeplearning4j's ``SequenceLengthAnalysis``.
    """

    total_num_sequences: int = 0
    min_seq_length: int = 0
    max_seq_length: int = 0
    count_zero_length: int = 0
    count_one_length: int = 0
    mean_length: float = float("nan")
    histogram_buckets: Floats | None = None
    histogram_bucket_counts: Counts | None = None

    @property
    def histogram(self) -> tuple[Floats, Counts] | None:
        """Bucket edges and counts; None where there are none."""
        if not self.histogram_buckets or not self.histogram_bucket_counts:
            return None
        return self.histogram_buckets, self.histogram_bucket_counts

    def __str__(self) -> str:
        return (
            f"SequenceLengthAnalysis(totalNumSequences={self.total_num_sequences},"
            f"minSeqLength={self.min_seq_length},maxSeqLength={self.max_seq_length},"
            f"countZeroLength={self.count_zero_length},countOneLength={self.count_one_length},"
            f"meanLength={double_text(self.mean_length)})"
        )


@java_type(_PACKAGE + "SequenceDataAnalysis")
@dataclass(frozen=True)
class SequenceDataAnalysis(DataAnalysis):
    """Statistics of every column over all steps of all sequences, and of the sequences' lengths.

    Answers to Deeplearning4j's ``SequenceDataAnalysis``.
    """

    sequence_length_analysis: SequenceLengthAnalysis = field(default_factory=SequenceLengthAnalysis)

    def __str__(self) -> str:
        return f"{self.sequence_length_analysis}\n{super().__str__()}"


def table_text(rows: Sequence[tuple[str, ...]], head: str, write: Any) -> str:
    """Deeplearning4j's tables: number, quoted name, then what `write` makes of a row."""
    width = max(len(r[0]) for r in rows) + 8
    lines = [f"{'idx':<6}{'name':<{width}}{head}"]
    for i, row in enumerate(rows):
        name = f'"{row[0]}"'
        lines.append(f"{i:<6}{name:<{width}}{write(row)}")
    return "\n".join(lines) + "\n"


def _decoded(body: Any) -> DataAnalysis:
    if not isinstance(body, dict) or "columnAnalysis" not in body:
        raise SerializationError('$: expected an object with "schema" and "columnAnalysis"')
    result: DataAnalysis = decode(DataAnalysis, body)
    return result


# --- YAML --------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_RESERVED = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def _yaml_lines(value: Any) -> list[str]:
    """Lines of a value; the first continues the line of its key."""
    if isinstance(value, dict):
        body = dict(value)
        tag = body.pop("@class", None)
        if not body:
            return [f"!<{tag}> {{}}" if tag else "{}"]
        lines = [f"!<{tag}>" if tag else ""]
        for key, item in body.items():
            plain = _PLAIN.match(key) and key.lower() not in _RESERVED
            name = key if plain else _quoted(key)
            first, *rest = _yaml_lines(item)
            lines.append(f"{name}: {first}" if first else f"{name}:")
            indent = "" if isinstance(item, list) else "  "
            lines += [indent + line for line in rest]
        return lines
    if isinstance(value, list):
        if not value:
            return ["[]"]
        lines = [""]
        for item in value:
            first, *rest = _yaml_lines(item)
            lines.append(f"- {first}" if first else "-")
            lines += ["  " + line for line in rest]
        return lines
    if isinstance(value, float):
        text = double_text(value)
        return [{"NaN": ".NaN", "Infinity": ".inf", "-Infinity": "-.inf"}.get(text, text)]
    return [_quoted(value)]


def _quoted(value: Any) -> str:
    """A plain value; of text the characters that YAML does not take as they are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def _load_yaml(text: str) -> Any:
    from .._serde import MAX_JSON_CHARS

    try:
        import yaml
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'reading YAML needs PyYAML: pip install "datavec[yaml]"', name="yaml"
        ) from None

    if len(text) > MAX_JSON_CHARS:
        raise SerializationError(f"YAML text of more than {MAX_JSON_CHARS} characters")

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Plain values only; a tag becomes the ``@class`` of its mapping; no aliases."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases are not supported")
            return super().compose_node(parent, index)

    def tagged(loader: Any, suffix: str, node: Any) -> Any:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.YAMLError(f"the tag {suffix!r} stands before something that is no object")
        return {"@class": suffix, **loader.construct_mapping(node, deep=True)}

    Loader.add_multi_constructor("", tagged)
    try:
        return _string_keys(yaml.load(text, Loader=Loader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as e:
        raise SerializationError(f"not valid YAML: {e}") from None


def _string_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _string_keys(v) for k, v in value.items()}
    return [_string_keys(v) for v in value] if isinstance(value, list) else value
