"""From a CSV file to normalised batches for training, and the same steps on one record.

    python examples/csv_to_batches.py [FOLDER]

The process and the normalizer go to FOLDER (build/csv_to_batches unless given), in Deeplearning4j's own forms.
"""

from __future__ import annotations

import sys
from pathlib import Path

from datavec import (
    CSVRecordReader,
    RecordReaderDataSetIterator,
    Schema,
    TransformProcess,
)
from nd4py.normalizers import NormalizerMinMaxScaler

TABLE = """city, rooms, area, condition, sold
Oslo, 3, 71.5, good, yes
Oslo, 2, 48.0, poor, no
Turin, 4, 96.0, good, yes
Turin, , 60.0, fair, no
Turin, 3, 80.5, poor, no
"""


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "flats.csv"
    table.write_text(TABLE.replace(", ", ","))

    schema = (
        Schema.builder()
        .add_column_categorical("city", ["Oslo", "Turin"])
        .add_column_integer("rooms", min_value=1)
        .add_column_double("area", min_value=0)
        .add_column_categorical("condition", ["poor", "fair", "good"])
        .add_column_categorical("sold", ["no", "yes"])
        .build()
    )
    process = (
        TransformProcess.builder(schema)
        .replace_empty_integer("rooms", 1)
        .filter_invalid_values("rooms", "area")
        .categorical_to_one_hot("city")
        .categorical_to_integer("condition")
        .double_math_op("area", "divide", 100)
        .add_constant_double_column("bias", 1)
        .reorder_columns("bias")
        .build()
    )
    print(process)

    batches = RecordReaderDataSetIterator(
        CSVRecordReader(table, skip_lines=1), 4, transform=process, label_index="sold"
    )
    batches.preprocessor = NormalizerMinMaxScaler().fit(batches)
    for data in batches:
        print(f"features {tuple(data.features.shape)}, labels {tuple(data.labels.shape)}")

    (folder / "transform.json").write_text(process.to_json())
    batches.preprocessor.save(folder / "normalizer.bin")
    again = TransformProcess.from_json((folder / "transform.json").read_text())
    print("one record:", again.execute_record(["Oslo", "5", "120", "good", "yes"]))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/csv_to_batches"))
