"""One record through a ten-step process: this project beside what servers use instead.

A payment (a time as text, a country, a kind of card, an amount, three numbers) goes through ten steps: remove a column,
filter, clamp, logarithm, parse the time, derive hour and weekday, remove the time, one-hot, category to integer,
scale. Each contestant runs in a process of its own and is timed call by call; the table shows medians and 99th
percentiles.

    python benchmarks/datavec/bench_record.py [--calls 5000] [--peer-python PATH]

Peers (pandas, polars, scikit-learn) run under `--peer-python` (default: this interpreter); a missing one is left out,
visibly. Every contestant must give the same numbers, and says so before it is timed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from latency import compare

COLUMNS = ["id", "time", "country", "card", "amount", "a", "b"]
COUNTRIES = ["USA", "CAN", "FRA", "DEU"]
CARDS = ["debit", "credit"]
RECORD = ["C-17", "2024-02-29 13:45:10", "CAN", "credit", 250.0, 4.0, 7]
# hour, weekday, country one-hot, card, log10 of the clamped amount, a scaled, b
EXPECTED = [13, 4, 0, 1, 0, 0, 1, math.log10(200.0), 0.4, 7]

Call = Callable[[], Any]


def process() -> Any:
    from datavec import DerivedColumn, DoubleColumnCondition, Schema, TransformProcess

    schema = (
        Schema.builder()
        .add_columns_string("id", "time")
        .add_column_categorical("country", COUNTRIES)
        .add_column_categorical("card", CARDS)
        .add_columns_double("amount", "a")
        .add_column_integer("b")
        .build()
    )
    return (
        TransformProcess.builder(schema)
        .remove_columns("id")
        .filter(DoubleColumnCondition("amount", "<", 0.0))
        .conditional_replace_value("amount", 200.0, DoubleColumnCondition("amount", ">", 200.0))
        .double_math_function("amount", "LOG10")
        .string_to_time("time", "yyyy-MM-dd HH:mm:ss")
        .derive_columns_from_time(
            "time",
            DerivedColumn.integer("hour", "hourOfDay"),
            DerivedColumn.integer("weekday", "dayOfWeek"),
        )
        .remove_columns("time")
        .categorical_to_one_hot("country")
        .categorical_to_integer("card")
        .normalize_min_max("a", min=0.0, max=10.0)
        .build()
    )


def datavec_values() -> Call:
    execute = process().execute_record
    return lambda: execute(RECORD)


def datavec_texts() -> Call:
    execute, texts = process().execute_record, [str(v) for v in RECORD]
    return lambda: execute(texts)


def datavec_names() -> Call:
    execute, record = process().execute_record, dict(zip(COLUMNS, RECORD, strict=True))
    return lambda: execute(record)


def datavec_columns() -> Call:
    together = process()._together
    return lambda: together([RECORD])[0]


def plain_python() -> Call:
    """What one would write by hand for this one table."""
    country_index = {c: i for i, c in enumerate(COUNTRIES)}
    card_index = {c: i for i, c in enumerate(CARDS)}

    def transform(record: list[Any]) -> list[Any] | None:
        _, text, country, card, amount, a, b = record
        amount = float(amount)
        if amount < 0.0:
            return None
        amount = math.log10(min(amount, 200.0))
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        hot = [0] * len(COUNTRIES)
        hot[country_index[country]] = 1
        scaled = float(a) / 10.0
        return [moment.hour, moment.isoweekday(), *hot, card_index[card], amount, scaled, int(b)]

    return lambda: transform(RECORD)


def pandas_row() -> Call:
    import pandas as pd

    def transform() -> list[Any]:
        df = pd.DataFrame([RECORD], columns=COLUMNS).drop(columns="id")
        df = df[df.amount >= 0].copy()
        df["amount"] = df.amount.clip(upper=200.0).map(math.log10)
        moment = pd.to_datetime(df.pop("time"), format="%Y-%m-%d %H:%M:%S")
        df.insert(0, "hour", moment.dt.hour)
        df.insert(1, "weekday", moment.dt.dayofweek + 1)
        country = pd.Categorical(df.pop("country"), categories=COUNTRIES)
        hot = pd.get_dummies(pd.Series(country, index=df.index), dtype=int)
        df["card"] = pd.Categorical(df.card, categories=CARDS).codes
        df["a"] = df.a / 10.0
        first, rest = df[["hour", "weekday"]], df.drop(columns=["hour", "weekday"])
        row: list[Any] = pd.concat([first, hot, rest], axis=1).iloc[0].tolist()
        return row

    return transform


def polars_row() -> Call:
    import polars as pl

    moment = pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S")
    columns = [
        moment.dt.hour().alias("hour"),
        moment.dt.weekday().alias("weekday"),
        *(pl.col("country").eq(c).cast(pl.Int32).alias(c) for c in COUNTRIES),
        pl.col("card").replace_strict(CARDS, range(len(CARDS)), return_dtype=pl.Int32),
        pl.col("amount").clip(upper_bound=200.0).log10(),
        pl.col("a") / 10.0,
        pl.col("b"),
    ]

    def transform() -> Any:
        df = pl.DataFrame([RECORD], schema=COLUMNS, orient="row")
        return df.filter(pl.col("amount") >= 0.0).select(columns).row(0)

    return transform


def sklearn_row() -> Call:
    """The steps that a ColumnTransformer has; the filter and the time by pandas before it."""
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import (
        FunctionTransformer,
        MinMaxScaler,
        OneHotEncoder,
        OrdinalEncoder,
    )

    def log_of_clamped(x: Any) -> Any:
        return np.log10(np.minimum(x, 200.0))

    steps = ColumnTransformer(
        [
            ("time", "passthrough", ["hour", "weekday"]),
            ("country", OneHotEncoder(categories=[COUNTRIES], sparse_output=False), ["country"]),
            ("card", OrdinalEncoder(categories=[CARDS]), ["card"]),
            ("amount", FunctionTransformer(log_of_clamped), ["amount"]),
            ("a", MinMaxScaler(), ["a"]),
            ("b", "passthrough", ["b"]),
        ]
    )

    def prepared(records: list[list[Any]]) -> Any:
        df = pd.DataFrame(records, columns=COLUMNS)
        df = df[df.amount >= 0]
        moment = pd.to_datetime(df.time, format="%Y-%m-%d %H:%M:%S")
        return df.assign(hour=moment.dt.hour, weekday=moment.dt.dayofweek + 1)

    low, high = [*RECORD[:5], 0.0, 7], [*RECORD[:5], 10.0, 7]
    steps.fit(prepared([low, high]))
    return lambda: steps.transform(prepared([RECORD]))[0].tolist()


CONTESTANTS: dict[str, tuple[Callable[[], Call], str]] = {
    "datavec, values": (datavec_values, "datavec"),
    "datavec, texts": (datavec_texts, "datavec"),
    "datavec, dict by name": (datavec_names, "datavec"),
    "datavec, a frame of one row": (datavec_columns, "datavec"),
    "plain Python by hand": (plain_python, "datetime"),
    "polars, one row": (polars_row, "polars"),
    "pandas, one row": (pandas_row, "pandas"),
    "scikit-learn, one row": (sklearn_row, "sklearn"),
}


def check(name: str, result: Any) -> None:
    """Every contestant gives the same numbers."""
    found = [float(v) for v in result]
    if any(abs(a - b) > 1e-9 for a, b in zip(found, EXPECTED, strict=True)):
        raise SystemExit(f"{name} gives {found}, expected {EXPECTED}")


if __name__ == "__main__":
    ours = ("datavec", "datetime")
    compare(__file__, __doc__, "one record, ten steps", CONTESTANTS, ours, check)
