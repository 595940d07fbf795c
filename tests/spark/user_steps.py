"""Steps of a user, in a module that the workers find, too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from datavec import AbstractTransform, Schema
from datavec.columns._frame import Frame


@dataclass(frozen=True)
class Cubed(AbstractTransform):
    """The third power of a Double column."""

    column: str

    def output_schema(self, schema: Schema) -> Schema:
        schema.index_of(self.column)
        return schema

    def apply(self, frame: Frame, output: Schema) -> Frame:
        return frame.replaced(output, self.column, pa.array(frame.doubles(self.column) ** 3))


@dataclass(frozen=True)
class Centred(Cubed):
    """A Double column less its mean over all data."""

    whole_data = True

    def apply(self, frame: Frame, output: Schema) -> Frame:
        values = frame.doubles(self.column)
        return frame.replaced(output, self.column, pa.array(values - np.mean(values)))
