"""One real Spark for all tests of this folder: `python3 tools/run.py spark`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent

# Workers run this Python, and find the modules of this folder.
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
# The cases of the conformance tests are replayed here, too.
for folder in (HERE, HERE.parent / "conformance"):
    sys.path.insert(0, str(folder))


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session on two cores, with small batches and a time zone in which mistakes show."""
    assert shutil.which("java"), "the spark tests need Java 17 or later"
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .appName("datavec tests")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "localhost")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "Asia/Kathmandu")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "3")
        .config("spark.log.level", "OFF")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture
def conf(spark: Any) -> Iterator[Any]:
    """Sets options of the session for one test: ``conf(**{"spark.sql.ansi.enabled": "false"})``."""
    before: dict[str, str | None] = {}

    def put(options: dict[str, str]) -> None:
        for name, value in options.items():
            before.setdefault(name, spark.conf.get(name, None))
            spark.conf.set(name, value)

    yield put
    for name, value in before.items():
        if value is None:
            spark.conf.unset(name)
        else:
            spark.conf.set(name, value)
