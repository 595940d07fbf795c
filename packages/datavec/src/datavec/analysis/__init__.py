"""Looking at data: statistics, quality, histograms and quantiles of every column, and reports.

`analyze` and its companions take what `TransformProcess.execute` takes: tables, streams of record
batches, record readers. They work batch by batch in threads and in bounded memory.
"""

# A module's __all__ is the only list of its public names, so a class is added in one file.
# ruff: noqa: F403

from typing import TYPE_CHECKING

from .._on_first_use import on_first_use

if TYPE_CHECKING:
    from ._accumulator import *
    from ._analyze import *
    from ._columns import *
    from ._data_analysis import *
    from ._histogram import *
    from ._hyperloglog import HyperLogLog as HyperLogLog
    from ._infer import *
    from ._quality import *
    from ._quality_accumulator import QualityAccumulator as QualityAccumulator
    from ._report import *
    from ._report_sequences import *
    from ._sampling import *
    from ._tdigest import *
else:  # for type checkers the names are those above, with their types
    __getattr__, __dir__, __all__ = on_first_use(__name__)
