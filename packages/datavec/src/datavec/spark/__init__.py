"""The same pipelines on Apache Spark: a TransformProcess over DataFrames larger than one machine.

`execute` runs a process, `execute_join` a join. Both run the code of local execution in Spark's Python
workers, on Arrow batches, and give the same results. Needs the extra ``spark``:
``pip install "datavec[spark]"``, and the package itself on all workers.
"""

# A module's __all__ is the only list of its public names, so a class is added in one file.
# ruff: noqa: F403

from ._analyze import *
from ._execute import execute as execute
from ._join import *
from ._read import *
from ._result import *
from ._samples import *
from ._training import *
from ._types import *
