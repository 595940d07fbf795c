"""Normalizers of MultiDataSets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from .._arrays import asarray, from_numpy, values_of
from ..data import MultiDataSet
from ._single import AbstractNormalizer, batches_of, finish, numpy_mask
from ._statistics import EPS, AbstractStats, AbstractStatsBuilder, DistributionStats, MinMaxStats
from ._strategies import AbstractStrategy, MinMaxStrategy, StandardizeStrategy

__all__ = ["MultiNormalizerHybrid", "MultiNormalizerMinMaxScaler", "MultiNormalizerStandardize"]

PARTS = ("features", "labels")


class AbstractMultiNormalizer(AbstractNormalizer):
    """A normalizer with statistics per array, ``{index: statistics}`` for features and labels."""

    def __init__(self) -> None:
        self._statistics: dict[str, dict[int, Any]] = {"features": {}, "labels": {}}
        self._fitted = False

    @abstractmethod
    def _strategy(self, part: str, index: int) -> AbstractStrategy | None:
        """How an array is normalised, None when it stays as it is."""

    def fit(self, data: Any) -> Self:
        """Gather the statistics of a MultiDataSet or of all batches of an iterator."""
        builders: dict[tuple[str, int], AbstractStatsBuilder] = {}
        for batch in batches_of(data, MultiDataSet):
            for part in PARTS:
                masks = getattr(batch, f"{part}_mask")
                for index, array in enumerate(getattr(batch, part) or ()):
                    strategy = self._strategy(part, index)
                    if strategy is not None:
                        builder = builders.setdefault(
                            (part, index), strategy.builder(f"{part} {index}")
                        )
                        builder.add(values_of(array), numpy_mask(masks[index]) if masks else None)
        self._statistics = {part: {} for part in PARTS}
        for (part, index), builder in builders.items():
            self._statistics[part][index] = builder.build()
        self._fitted = True
        finish(data)
        return self

    def transform(self, data: MultiDataSet) -> MultiDataSet:
        """Normalise the arrays of a MultiDataSet in place."""
        return self._each(data, "apply")

    def revert(self, data: MultiDataSet) -> MultiDataSet:
        """Undo ``transform`` in place."""
        return self._each(data, "revert")

    def _each(self, data: MultiDataSet, method: str) -> MultiDataSet:
        if not self._fitted:
            raise ValueError(f"{type(self).__name__}: no statistics; call fit first")
        for part in PARTS:
            masks = getattr(data, f"{part}_mask")
            changed = []
            for index, array in enumerate(getattr(data, part) or ()):
                strategy, stats = self._strategy(part, index), self._statistics[part].get(index)
                if strategy is not None and stats is None:
                    raise ValueError(
                        f"{type(self).__name__}: {part} {index} was not in the data of fit"
                    )
                if strategy is not None:
                    mask = numpy_mask(masks[index]) if masks else None
                    array = getattr(strategy, method)(asarray(array), mask, stats)
                changed.append(array)
            if changed:
                setattr(data, part, changed)
        return data

    @property
    def num_inputs(self) -> int:
        """Feature arrays with statistics."""
        return len(self._statistics["features"])

    @property
    def num_outputs(self) -> int:
        """Label arrays with statistics, -1 when labels are not normalised."""
        return len(self._statistics["labels"]) or -1

    def _get(self, part: str, index: int) -> AbstractStats:
        stats: AbstractStats | None = self._statistics[part].get(index)
        if stats is None:
            raise ValueError(
                f"{type(self).__name__}: no statistics of {part} {index}; call fit first"
            )
        return stats


class MultiNormalizerStandardize(AbstractMultiNormalizer):
    """NormalizerStandardize for each array; labels only with ``fit_label``.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.MultiNormalizerStandardize``.
    """

    type = "MULTI_STANDARDIZE"

    def __init__(self, *, fit_label: bool = False) -> None:
        super().__init__()
        self.fit_label = fit_label

    def _strategy(self, part: str, index: int) -> AbstractStrategy | None:
        return StandardizeStrategy() if part == "features" or self.fit_label else None

    def mean(self, index: int = 0) -> Any:
        """Mean of a feature array, ``[1, columns]``."""
        return from_numpy(self._distribution("features", index).mean)

    def std(self, index: int = 0) -> Any:
        """Standard deviation of a feature array, ``[1, columns]``."""
        return from_numpy(self._distribution("features", index).std)

    def label_mean(self, index: int = 0) -> Any:
        """Mean of a label array, ``[1, columns]``."""
        return from_numpy(self._distribution("labels", index).mean)

    def label_std(self, index: int = 0) -> Any:
        """Standard deviation of a label array, ``[1, columns]``."""
        return from_numpy(self._distribution("labels", index).std)

    def _distribution(self, part: str, index: int) -> DistributionStats:
        stats = self._get(part, index)
        if not isinstance(stats, DistributionStats):
            raise TypeError(f"{part} {index} has no mean: it is scaled by its range")
        return stats


class MultiNormalizerMinMaxScaler(AbstractMultiNormalizer):
    """NormalizerMinMaxScaler for each array; labels only with ``fit_label``.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.MultiNormalizerMinMaxScaler``.
    """

    type = "MULTI_MIN_MAX"

    def __init__(
        self, min_range: float = 0.0, max_range: float = 1.0, *, fit_label: bool = False
    ) -> None:
        super().__init__()
        self.fit_label = fit_label
        self.target_min = float(min_range)
        self.target_max = max(float(max_range), self.target_min + EPS)

    def _strategy(self, part: str, index: int) -> AbstractStrategy | None:
        scaled = part == "features" or self.fit_label
        return MinMaxStrategy(self.target_min, self.target_max) if scaled else None

    def min(self, index: int = 0) -> Any:
        """Least values of a feature array, ``[1, columns]``."""
        return from_numpy(self._range("features", index).lower)

    def max(self, index: int = 0) -> Any:
        """Largest values of a feature array, ``[1, columns]``."""
        return from_numpy(self._range("features", index).upper)

    def label_min(self, index: int = 0) -> Any:
        """Least values of a label array, ``[1, columns]``."""
        return from_numpy(self._range("labels", index).lower)

    def label_max(self, index: int = 0) -> Any:
        """Largest values of a label array, ``[1, columns]``."""
        return from_numpy(self._range("labels", index).upper)

    def _range(self, part: str, index: int) -> MinMaxStats:
        stats = self._get(part, index)
        if not isinstance(stats, MinMaxStats):
            raise TypeError(f"{part} {index} has no range: it is standardised")
        return stats


class MultiNormalizerHybrid(AbstractMultiNormalizer):
    """A strategy per array: one for all inputs or outputs, and others for some of them.

    Strategies are ``StandardizeStrategy()`` and ``MinMaxStrategy(min_range, max_range)``; arrays
    without one stay as they are.

    Answers to ``org.nd4j.linalg.dataset.api.preprocessor.MultiNormalizerHybrid``.
    """

    type = "MULTI_HYBRID"

    def __init__(
        self,
        inputs: AbstractStrategy | None = None,
        outputs: AbstractStrategy | None = None,
        *,
        per_input: Mapping[int, AbstractStrategy] | None = None,
        per_output: Mapping[int, AbstractStrategy] | None = None,
    ) -> None:
        super().__init__()
        self.inputs = inputs
        self.outputs = outputs
        self.per_input = dict(per_input or {})
        self.per_output = dict(per_output or {})

    def _strategy(self, part: str, index: int) -> AbstractStrategy | None:
        if part == "features":
            return self.per_input.get(index, self.inputs)
        return self.per_output.get(index, self.outputs)

    def statistics(self, part: str, index: int = 0) -> AbstractStats:
        """Statistics of ``"features"`` or ``"labels"`` array ``index``."""
        return self._get(part, index)
