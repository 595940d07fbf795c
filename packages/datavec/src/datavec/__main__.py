"""``python -m datavec``: look at a file from the command line.

python -m datavec analyze data.csv --html report.html
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ._errors import DataVecError
from ._version import __version__
from .schema._schema import Schema

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status: 1 for an error, 130 where it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m datavec", description="Look at data.")
    parser.add_argument("--version", action="version", version=f"datavec {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    analyze = commands.add_parser(
        "analyze",
        help="statistics, histograms and quality of every column",
        description="Statistics, histograms and quality of every column of a file.",
    )
    analyze.add_argument("data", help="a .csv, .parquet, .arrow or .feather file")
    analyze.add_argument(
        "--schema", type=Path, help="its schema (.json or .yaml); default: guessed from the data"
    )
    analyze.add_argument("--html", type=Path, help="write a report with charts here")
    analyze.add_argument(
        "--json", type=Path, help="write the analysis here, for Deeplearning4j too"
    )
    analyze.add_argument("--buckets", type=int, default=30, help="of the histograms (30)")
    analyze.add_argument("--delimiter", default=",", help="between the fields of a CSV file (,)")
    analyze.add_argument(
        "--skip-lines",
        type=int,
        help="before the data of a CSV file (1: a header; 0 with --schema)",
    )
    analyze.add_argument("--title", help="of the report (the file's name)")
    options = parser.parse_args(arguments)
    try:
        status = _analyze(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("datavec: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (DataVecError, OSError, ValueError, ImportError) as e:
        print(f"datavec: {e}", file=sys.stderr)
        return 1


def _analyze(options: argparse.Namespace) -> int:
    from .analysis import HtmlAnalysis, analyze, analyze_quality
    from .analysis._files import write_file

    schema, source = _open(options)
    if options.html is not None:
        analysis = HtmlAnalysis.report(
            schema,
            source,
            options.html,
            max_histogram_buckets=options.buckets,
            title=options.title or Path(options.data).name,
        )
    else:
        analysis = analyze(schema, source, options.buckets, on_error="skip")
    if options.json is not None:
        write_file(options.json, analysis.to_json())
    if options.html is None and options.json is None:
        print(analysis)
        print(analyze_quality(schema, source), end="")
    for path in (options.html, options.json):
        if path is not None:
            print(f"written: {path}")
    return 0


def _open(options: argparse.Namespace) -> tuple[Schema, Any]:
    """The schema and something to read from."""
    path = Path(options.data)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
    if len(options.delimiter) != 1:
        raise ValueError(f"--delimiter: expected one character, received {options.delimiter!r}")
    schema = None if options.schema is None else _read_schema(options.schema)
    if path.suffix in (".parquet", ".arrow", ".feather"):
        from .readers import ArrowRecordReader, FeatherRecordReader, ParquetRecordReader

        kinds = {".parquet": ParquetRecordReader, ".feather": FeatherRecordReader}
        reader: Any = kinds.get(path.suffix, ArrowRecordReader)(path, schema=schema)
        return reader.schema, reader
    from .readers import CSVRecordReader

    skip = options.skip_lines
    if schema is None:
        from .analysis import infer_csv_schema

        schema = infer_csv_schema(path, delimiter=options.delimiter)
        skip = 1 if skip is None else skip
    return schema, CSVRecordReader(path, skip_lines=skip or 0, delimiter=options.delimiter)


def _read_schema(path: Path) -> Schema:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        text = path.read_text("utf-8")
        return Schema.from_json(text) if text.lstrip().startswith("{") else Schema.from_yaml(text)
    except ValueError as e:
        raise ValueError(f"{path}: {e}") from None


if __name__ == "__main__":
    sys.exit(main())
