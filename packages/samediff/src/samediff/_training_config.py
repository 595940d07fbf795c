"""How a graph is trained by `SameDiff.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nd4py import regularization as _regularization
from nd4py import updaters as _updaters
from nd4py.regularization import L1, L2, Regularization, WeightDecay
from nd4py.updaters import Updater

_KINDS: tuple[type[Regularization], ...] = (L1, L2, WeightDecay)


@dataclass(frozen=True)
class TrainingConfig:
    """Updater, regularisation, and which arrays of a data set go to which placeholders.

    Args:
        updater: an ``nd4py.updaters`` object or its name.
        regularization: `L1`, `L2`, `WeightDecay` objects, applied to every trainable variable.
        data_set_feature_mapping: placeholder names of the feature arrays, in order.
        data_set_label_mapping: placeholder names of the label arrays, in order.
        data_set_feature_mask_mapping: placeholder names of the feature masks, in order; None skips one.
        data_set_label_mask_mapping: placeholder names of the label masks, in order; None skips one.
        l1: short for an `L1` entry.
        l2: short for an `L2` entry.
        weight_decay: short for a `WeightDecay` entry (its coefficient times the learning rate).
        minimize: False climbs instead of descending.

    Answers to ``org.nd4j.autodiff.samediff.TrainingConfig``.

    >>> from nd4py.updaters import Adam
    >>> config = TrainingConfig(Adam(0.01), data_set_feature_mapping=["x"], data_set_label_mapping=["y"], l2=1e-4)
    >>> config.coefficients(0, 0)
    (0.0, 0.0001, 0.0)
    """

    updater: Updater | str
    regularization: Sequence[Regularization] = ()
    data_set_feature_mapping: Sequence[str] = ()
    data_set_label_mapping: Sequence[str] = ()
    data_set_feature_mask_mapping: Sequence[str | None] = ()
    data_set_label_mask_mapping: Sequence[str | None] = ()
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    minimize: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "updater", _updaters.get(self.updater))
        entries = [_regularization.get(r) for r in self.regularization]
        entries += [L1(self.l1)] if self.l1 else []
        entries += [L2(self.l2)] if self.l2 else []
        entries += [WeightDecay(self.weight_decay)] if self.weight_decay else []
        decays = {r.apply_lr for r in entries if isinstance(r, WeightDecay)}
        if len(decays) > 1:
            raise ValueError(
                "training: weight decay with and without the learning rate cannot be combined"
            )
        object.__setattr__(self, "regularization", tuple(entries))
        for name in ("l1", "l2", "weight_decay"):
            object.__setattr__(self, name, 0.0)  # now among the regularisation entries
        for name in (
            "data_set_feature_mapping",
            "data_set_label_mapping",
            "data_set_feature_mask_mapping",
            "data_set_label_mask_mapping",
        ):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.data_set_feature_mapping and not self.data_set_label_mapping:
            raise ValueError(
                "training: name the placeholders of features and labels in data_set_feature_mapping and "
                "data_set_label_mapping"
            )

    @property
    def weight_decay_apply_lr(self) -> bool:
        """Whether weight decay is multiplied by the learning rate."""
        return all(r.apply_lr for r in self.regularization if isinstance(r, WeightDecay))

    def coefficients(self, iteration: int, epoch: int) -> tuple[float, float, float]:
        """l1, l2 and weight decay in this iteration of this epoch."""
        sums = [0.0, 0.0, 0.0]
        for entry in self.regularization:
            place = next(i for i, kind in enumerate(_KINDS) if isinstance(entry, kind))
            sums[place] += entry.coefficient_at(iteration, epoch)
        return sums[0], sums[1], sums[2]

    def placeholders(self) -> tuple[str, ...]:
        """The placeholders that a data set fills, in the order of `arrays`."""
        names: tuple[str | None, ...] = (
            *self.data_set_feature_mapping,
            *self.data_set_label_mapping,
            *self.data_set_feature_mask_mapping,
            *self.data_set_label_mask_mapping,
        )
        return tuple(n for n in names if n)

    def arrays(self, batch: Any) -> tuple[Any, ...]:
        """The arrays of a batch: a DataSet, a MultiDataSet, or a pair (features, labels) of arrays or tuples of arrays.

        Raises:
            ValueError: the batch has another number of arrays than the mapping names, or lacks a mask.
        """
        given: list[Any] = []
        parts = _parts(batch)
        for what, names, arrays in zip(_WHAT, self._mappings(), parts, strict=True):
            if len(names) > len(arrays):
                raise ValueError(
                    f"training: {what} are mapped to {', '.join(map(str, names))}, the batch has {len(arrays)}"
                )
            for name, array in zip(names, arrays, strict=False):
                if name is None:
                    continue
                if array is None:
                    raise ValueError(
                        f"training: placeholder {name!r} needs {what}, the batch has none"
                    )
                given.append(array)
        return tuple(given)

    def _mappings(self) -> tuple[Sequence[str | None], ...]:
        return (
            self.data_set_feature_mapping,
            self.data_set_label_mapping,
            self.data_set_feature_mask_mapping,
            self.data_set_label_mask_mapping,
        )


_WHAT = ("features", "labels", "feature masks", "label masks")


def _parts(batch: Any) -> tuple[tuple[Any, ...], ...]:
    if hasattr(batch, "features"):
        names = ("features", "labels", "features_mask", "labels_mask")
        return tuple(_tuple(getattr(batch, n)) for n in names)
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return (*(_tuple(part) for part in batch), (), ())
    raise ValueError(
        "training: a batch is a DataSet, a MultiDataSet or a pair (features, labels); "
        f"received {type(batch).__name__}"
    )


def _tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)
