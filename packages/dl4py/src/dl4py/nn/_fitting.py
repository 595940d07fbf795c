"""What one iteration does beyond the native step: listeners, probes, half precision, constraints,
line search.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

import samediff
from dl4py.conf._step_functions import ascends
from dl4py.nn._graph import Shapes
from dl4py.nn._training import TrainingStep
from nd4py._arrays import from_numpy, to_numpy
from nd4py.data import DataSet

if TYPE_CHECKING:
    from dl4py.nn._multi_layer_network import MultiLayerNetwork


def batches_of(data: Any, batch_size: int | None) -> Iterable[DataSet]:
    """DataSets that can be passed over more than once, from whatever ``fit`` or ``evaluate`` was
    given.

    Raises:
        TypeError: it is none of the accepted kinds.
    """
    if isinstance(data, DataSet):
        if batch_size is None:
            return [data]
        if batch_size < 1:
            raise ValueError(f"batch_size: expected a positive number; received {batch_size}")
        return [data[i : i + batch_size] for i in range(0, data.num_examples, batch_size)]
    if batch_size is not None:
        raise TypeError(
            "batch_size: only for features and labels, or a DataSet; an iterator has a batch size of its own"
        )
    if isinstance(data, (str, bytes)) or hasattr(data, "dtype") or not isinstance(data, Iterable):
        raise TypeError(
            f"expected a DataSet, features and labels, or an iterator of DataSets; received {type(data).__name__}"
        )
    return data


def passes(epochs: Any) -> range:
    """The epochs to run.

    Raises:
        TypeError: their number is no integer.
        ValueError: it is below 1.
    """
    if isinstance(epochs, bool) or not hasattr(epochs, "__index__"):
        raise TypeError(f"fit: epochs: expected an integer; received {epochs!r}")
    if epochs < 1:
        raise ValueError(f"fit: epochs: expected at least 1; received {epochs}")
    return range(epochs)


def timed(network: MultiLayerNetwork, batches: Iterable[DataSet]) -> Iterator[DataSet]:
    """The batches, with the time that each was waited for in ``network.last_etl_time``."""
    source = iter(batches)
    while True:
        start = time.perf_counter()
        batch = next(source, None)
        if batch is None:
            return
        network.last_etl_time = 1e3 * (time.perf_counter() - start)
        yield batch


def bind(network: MultiLayerNetwork, data: DataSet) -> tuple[tuple[Any, ...], Shapes]:
    """The arrays of a batch as the plans take them, and their shapes.

    Raises:
        ValueError: features or labels are missing.
        TypeError: the type of an array cannot become the network's.
    """
    require_arrays(data, "training")
    names = ("features", "labels", "features_mask", "labels_mask")
    arrays = []
    shapes: list[tuple[int, ...] | None] = []
    for name in names:
        array = getattr(data, name)
        if array is None:
            shapes.append(None)
            continue
        arrays.append(cast_input(array, network.compute_dtype.numpy, name))
        shapes.append(tuple(array.shape))
    if not shapes[0] or shapes[0][0] == 0:
        raise ValueError(f"training needs examples; received features of shape {shapes[0]}")
    return tuple(arrays), Shapes(*shapes)  # type: ignore[arg-type]


def require_arrays(data: Any, purpose: str) -> None:
    """Checks that a batch is a DataSet with features and labels.

    Raises:
        TypeError: it is no DataSet.
        ValueError: it lacks features or labels.
    """
    if not isinstance(data, DataSet):
        raise TypeError(
            f"{purpose}: expected a DataSet, or an iterator of them; received {type(data).__name__}. "
            "Features and labels are two arguments, or DataSet(features, labels)"
        )
    if data.features is None or data.labels is None:
        raise ValueError(f"{purpose} needs features and labels; received {data!r}")


def cast_input(array: Any, dtype: Any, name: str) -> Any:
    """The array dense and of the network's type.

    Raises:
        TypeError: it holds no numbers.
    """
    values = to_numpy(array)
    if values.dtype == dtype and values.flags.c_contiguous:
        return array if type(array) is not np.ndarray else from_numpy(values)
    if values.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected numbers; received an array of {values.dtype}")
    return from_numpy(np.ascontiguousarray(values, dtype))


def run_iteration(network: MultiLayerNetwork, data: DataSet) -> None:
    """One complete iteration; whatever ends it, an update that was made is counted."""
    inputs, shapes = bind(network, data)
    network.last_batch_size = shapes.features[0]
    listeners = network.listeners
    step = network.step_for(shapes)
    iteration, epoch = network.iteration_count, network.epoch_count
    try:
        _update(network, step, inputs, shapes)
        for (
            listener
        ) in listeners:  # which see parameters before their constraints, as in Deeplearning4j
            listener.iteration_done(network, iteration, epoch)
    finally:
        if network._constrained and network.uncounted[0]:
            apply_constraints(network)
        network.count()


def _update(
    network: MultiLayerNetwork, step: TrainingStep, inputs: tuple[Any, ...], shapes: Shapes
) -> None:
    if network.configuration.confs[0].optimization_algo != "STOCHASTIC_GRADIENT_DESCENT":
        from dl4py.nn._solvers import line_search_iteration

        line_search_iteration(network, step, inputs, shapes)
        network.uncounted = (1, 0)
    else:
        _step(network, step, inputs, shapes)
        network.remember_step(step)


def _step(
    network: MultiLayerNetwork, step: TrainingStep, inputs: tuple[Any, ...], shapes: Shapes
) -> None:
    iteration = network.iteration_count
    scalars = step.scalars(iteration, network.epoch_count)
    upwards = ascends(network.configuration.confs[0].step_function)
    before = network.flat_params.copy() if upwards else None
    listeners = network.listeners
    activations = [x for x in listeners if x.wants_activations(iteration)]
    gradients = [x for x in listeners if x.wants_gradients(iteration)]
    probes = tuple(dict.fromkeys(p for x in listeners for p in x.probes(network, iteration)))
    asked = probes
    if activations:
        asked += tuple(samediff.Probe("value", v.name) for v in step.graph.activations[:-1])
    if gradients:
        asked += tuple(samediff.Probe("gradient", s.key) for s in network.layout.slots)
    network.uncounted = (1, 0)  # before the call: Ctrl-C is raised when it returns, its update made
    try:
        results = step.plan.run(inputs, scalars, asked) if asked else step.run(inputs, scalars)
    except Exception as problem:
        network.uncounted = (0, 0)
        if isinstance(problem, ArithmeticError):
            raise network.not_a_number(f"{problem}{_given_with(inputs)}") from None
        raise
    network._score = results[0]
    if before is not None:
        network.flat_params[:] = (
            2.0 * before - network.flat_params
        )  # the step was subtracted and shall be added
    network.round_to_half()
    if asked:
        _tell(network, inputs, results[1:], probes, activations, gradients)


def _given_with(inputs: tuple[Any, ...]) -> str:
    """What to add to the message where it was in the data already."""
    for name, array in zip(("features", "labels"), inputs, strict=False):
        values = to_numpy(array)
        places = np.argwhere(~np.isfinite(values))
        if len(places):
            place = tuple(int(i) for i in places[0])
            return f"; the {name} hold {values[place]} at {place} already"
    return ""


def _tell(
    network: MultiLayerNetwork,
    inputs: tuple[Any, ...],
    results: tuple[Any, ...],
    probes: tuple[samediff.Probe, ...],
    activations: list[Any],
    gradients: list[Any],
) -> None:
    """Hands what was probed to the listeners, in Deeplearning4j's order of callbacks."""
    network.probed = dict(zip(probes, results[: len(probes)], strict=True))
    at = len(probes)
    if activations:
        hidden = results[at : at + len(network.layers) - 1]
        at += len(network.layers) - 1
        for listener in activations:
            listener.on_forward_pass(network, [inputs[0], *hidden])
    if gradients:
        for slot, value in zip(network.layout.slots, results[at:], strict=True):
            slot.of(network.flat_gradient)[...] = to_numpy(value)
        for listener in gradients:
            listener.on_backward_pass(network)
        for listener in gradients:
            listener.on_gradient_calculation(network)


def run_step(network: MultiLayerNetwork, step: TrainingStep, inputs: tuple[Any, ...]) -> Any:
    """The plain training step: updates parameters and state, returns the score."""
    try:
        return step.run(inputs, step.scalars(network.iteration_count, network.epoch_count))[0]
    except ArithmeticError as problem:
        raise network.not_a_number(f"{problem}{_given_with(inputs)}") from None


def score_of(network: MultiLayerNetwork, inputs: tuple[Any, ...], shapes: Shapes) -> float:
    """The score of a batch in training mode, at the current parameters; the gradient vector then
    holds its gradient.
    """
    score = run_step(network, network.gradient_step_for(shapes), inputs)
    return float(score.item() if hasattr(score, "item") else score) + network.regularization_score()


def run_gradient(network: MultiLayerNetwork, data: DataSet) -> None:
    """Gradient and score without an update."""
    inputs, shapes = bind(network, data)
    network._score = score_of(network, inputs, shapes)


def apply_constraints(network: MultiLayerNetwork) -> None:
    """Applies the layers' constraints to their parameters."""
    for index, layer in enumerate(network.layers):
        for constraint in layer.constraints or ():
            for name in constraint.params:
                slot = network.layout.by_key.get(f"{index}_{name}")
                if slot is not None:
                    view = slot.of(network.flat_params)
                    view[...] = to_numpy(constraint.apply(from_numpy(view)))
    network.round_to_half()
