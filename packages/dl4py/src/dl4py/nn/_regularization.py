"""The regularisation part of a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dl4py.nn._multi_layer_network import MultiLayerNetwork


def regularization_score(network: MultiLayerNetwork) -> float:
    """``l1 |w|₁ + ½ l2 |w|₂² + ½ weight_decay |w|₂²`` over all parameters, at this iteration and
    epoch.
    """
    from nd4py import regularization as reg

    total = 0.0
    when = network.iteration_count, network.epoch_count
    for slot in network.layout.slots:
        terms = network.layers[slot.layer].regularization_of(slot.parameter)
        if not terms:
            continue
        values = network.flat_params[slot.start : slot.stop].astype(np.float64)
        for term in terms:
            coefficient = term.coefficient_at(*when)
            if type(term) is reg.L1:
                total += coefficient * float(np.abs(values).sum())
            else:
                total += 0.5 * coefficient * float(values @ values)
    return total
