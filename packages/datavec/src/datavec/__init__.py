"""Schemas, readers and transforms: from tables to training batches, on Arrow.

A `Schema` names and types the columns, a `TransformProcess` turns records of one schema into
records of another (and reads and writes Deeplearning4j's JSON), a record reader reads files, and
`RecordReaderDataSetIterator` makes training batches of them.
"""

# A module's __all__ is the only list of its public names, so a class is added in one file.
# ruff: noqa: F403

from typing import TYPE_CHECKING

from ._on_first_use import on_first_use

if TYPE_CHECKING:
    from . import analysis as analysis
    from . import images as images
    from . import readers as readers
    from . import transforms as transforms
    from . import writers as writers
    from ._action import AbstractAction as AbstractAction
    from ._action import AbstractColumnTransform as AbstractColumnTransform
    from ._action import AbstractTransform as AbstractTransform
    from ._categories import *
    from ._column_conditions import *
    from ._comparators import *
    from ._condition import *
    from ._errors import *
    from ._filter import *
    from ._frame import Frame as Frame
    from ._iterator import *
    from ._join import *
    from ._metadata import *
    from ._multi_iterator import *
    from ._policy import *
    from ._process import TransformProcess as TransformProcess
    from ._process_builder import *
    from ._record_converter import *
    from ._record_program import NoScalarForm as NoScalarForm
    from ._record_program import RecordExecutor as RecordExecutor
    from ._record_program import RecordTrace as RecordTrace
    from ._record_program import Slot as Slot
    from ._record_values import Kind as Kind
    from ._schema import *
    from ._schema_builder import *
    from ._sequence_batches import AlignmentMode as AlignmentMode
    from ._sequence_batches import ZeroLengthSequenceError as ZeroLengthSequenceError
    from ._sequence_iterator import *
    from ._stream import BatchStream as BatchStream
    from ._tensors import *
    from ._vectorizer import *
    from ._version import __version__ as __version__
    from ._writable import *
    from .images import *
    from .readers import *
    from .transforms import *
    from .writers import *
else:  # for type checkers the names are those above, with their types
    __getattr__, __dir__, __all__ = on_first_use(__name__)
