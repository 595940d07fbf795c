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
    from ._categories import *
    from ._errors import *
    from ._policy import *
    from ._version import __version__ as __version__
    from .batches._iterator import *
    from .batches._multi_iterator import *
    from .batches._sequence_batches import AlignmentMode as AlignmentMode
    from .batches._sequence_batches import ZeroLengthSequenceError as ZeroLengthSequenceError
    from .batches._sequence_iterator import *
    from .columns._frame import Frame as Frame
    from .columns._tensors import *
    from .images import *
    from .process._action import AbstractAction as AbstractAction
    from .process._action import AbstractColumnTransform as AbstractColumnTransform
    from .process._action import AbstractTransform as AbstractTransform
    from .process._column_conditions import *
    from .process._comparators import *
    from .process._condition import *
    from .process._filter import *
    from .process._join import *
    from .process._process import TransformProcess as TransformProcess
    from .process._process_builder import *
    from .process._record_program import NoScalarForm as NoScalarForm
    from .process._record_program import RecordExecutor as RecordExecutor
    from .process._record_program import RecordTrace as RecordTrace
    from .process._record_program import Slot as Slot
    from .process._record_values import Kind as Kind
    from .process._stream import BatchStream as BatchStream
    from .readers import *
    from .schema._metadata import *
    from .schema._schema import *
    from .schema._schema_builder import *
    from .serving._vectorizer import *
    from .transforms import *
    from .writables._record_converter import *
    from .writables._writable import *
    from .writers import *
else:  # for type checkers the names are those above, with their types
    __getattr__, __dir__, __all__ = on_first_use(__name__)
