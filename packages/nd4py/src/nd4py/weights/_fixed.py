"""Weight initialisations with given values: identity matrices and tables of word vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from nd4py import dtypes

from ._distributions import Array, Distribution, filled
from ._inits import _WEIGHTS, WeightInit


@dataclass(frozen=True)
class WeightInitIdentity(WeightInit):
    """The identity matrix times ``scale``; for convolution kernels with odd sizes, 1 at the centre of the diagonal."""

    java_class: ClassVar[str] = _WEIGHTS + "WeightInitIdentity"
    scale: float | None = None

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """Not a distribution.

        Raises:
            TypeError: always; use `initialize`.
        """
        raise TypeError("WeightInitIdentity: the values are fixed, they are not drawn")

    def initialize(
        self,
        shape: Sequence[int],
        *,
        fan_in: float = 0.0,
        fan_out: float = 0.0,
        seed: int = 0,
        order: Literal["c", "f"] = "f",
        dtype: object = dtypes.float32,
    ) -> Any:
        """The identity.

        Raises:
            ValueError: the first two sizes differ, or a kernel has an even size.
        """
        found = tuple(shape)
        if len(found) < 2 or found[0] != found[1] or any(n % 2 == 0 for n in found[2:]):
            raise ValueError(
                f"WeightInitIdentity: needs a square matrix, or a kernel [n, n, odd, ...]; received shape {found}"
            )
        values = np.zeros(found)
        centre = tuple(n // 2 for n in found[2:])
        for i in range(found[0]):
            values[(i, i, *centre)] = 1.0 if self.scale is None else self.scale
        return filled(values, dtype, order)


class WeightInitEmbedding(WeightInit):
    """Copies a [vocabulary, size] table of word vectors. It has no JSON: a saved network holds the copied weights."""

    java_class: ClassVar[str] = _WEIGHTS + "embeddings.WeightInitEmbedding"

    def __init__(self, table: Any) -> None:
        from nd4py._arrays import to_numpy

        values = to_numpy(table)
        if values.ndim != 2:
            raise ValueError(
                f"WeightInitEmbedding: expected a table [vocabulary, size], received shape {values.shape}"
            )
        self.table: Array
        object.__setattr__(self, "table", values)

    def to_json(self) -> dict[str, Any]:
        """Not possible.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            "WeightInitEmbedding: the table is not part of a configuration; save the network with its weights"
        )

    def distribution_for(
        self, shape: tuple[int, ...], fan_in: float, fan_out: float
    ) -> Distribution:
        """Not a distribution.

        Raises:
            TypeError: always; use `initialize`.
        """
        raise TypeError("WeightInitEmbedding: the values are given, they are not drawn")

    def initialize(
        self,
        shape: Sequence[int],
        *,
        fan_in: float = 0.0,
        fan_out: float = 0.0,
        seed: int = 0,
        order: Literal["c", "f"] = "c",
        dtype: object = dtypes.float32,
    ) -> Any:
        """The table.

        Raises:
            ValueError: it has another shape.
        """
        if tuple(shape) != self.table.shape:
            raise ValueError(
                f"WeightInitEmbedding: the table has shape {self.table.shape}, the weights have {tuple(shape)}"
            )
        return filled(self.table, dtype, order)
