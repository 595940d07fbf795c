"""A network that is a list of layers: parameters, training, inference, scores."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray as NumpyArray

from dl4py.conf import InputType, MultiLayerConfiguration
from dl4py.conf._neural_net import data_type_name
from dl4py.conf.layers import AbstractLayer, AbstractOutputLayer
from dl4py.errors import NotANumberError
from dl4py.nn._graph import Shapes
from dl4py.nn._inference import Inference
from dl4py.nn._network_memory import AbstractNetwork
from dl4py.nn._parameters import initialise
from dl4py.nn._regularization import regularization_score
from dl4py.nn._training import TrainingStep
from nd4py._arrays import from_numpy, to_numpy
from nd4py.data import DataSet

if TYPE_CHECKING:
    from dl4py.listeners import TrainingListener
    from nd4py import NDArray


class MultiLayerNetwork(AbstractNetwork):
    """A trainable network of layers in a row.

    Answers to ``org.deeplearning4j.nn.multilayer.MultiLayerNetwork``. Training steps run one at a
    time; `output` and the other ways to infer may be called from any number of threads, also beside
    training.

    A HALF network computes in float32 and rounds parameters and updater state to float16 after
    every step.

    Args:
        configuration: from `NeuralNetConfiguration.list` or a file.

    Attributes:
        configuration: the configuration, with the names of the parameters once initialised.
        iteration_count: parameter updates so far.
        epoch_count: passes over iterators so far.
        check_numerics: raise `NotANumberError` at the first step that meets NaN or infinity, naming
            where it appeared; costs nothing when off.

    >>> from dl4py import DenseLayer, NeuralNetConfiguration, OutputLayer
    >>> conf = NeuralNetConfiguration(seed=1).list(DenseLayer(n_in=4, n_out=8), OutputLayer(n_out=3))
    >>> net = MultiLayerNetwork(conf).init()
    >>> net.num_params()
    67
    """

    def __init__(self, configuration: MultiLayerConfiguration) -> None:
        super().__init__(configuration)
        self.configuration = configuration
        self.iteration_count = configuration.iteration_count
        self.epoch_count = configuration.epoch_count
        self.last_batch_size = 0
        self._check_numerics = False
        last = self.layers[-1]
        self.averages_score = configuration.confs[-1].mini_batch
        self._always_averages = isinstance(last, AbstractOutputLayer) and last.always_averages
        self._constrained = any(layer.constraints for layer in self.layers)
        self._listeners: tuple[TrainingListener, ...] = ()
        self._score: Any = 0.0
        self._lock = threading.Lock()
        self._direction: Any = None
        self._step: TrainingStep | None = None
        self.last_etl_time = 0.0  # milliseconds that the last batch was waited for
        self.probed: dict[Any, Any] = {}  # what listeners asked the last iteration for
        # Iterations and epochs that are done while the counters, as in Deeplearning4j, do not say so
        # yet: listeners are being told. What is saved then goes on after them.
        self.uncounted = (0, 0)

    # ----------------------------------------------------------------------------------- parameters

    def init(self, params: Any = None) -> MultiLayerNetwork:
        """Makes the parameters: fresh ones from the seed, or a copy of the given flat vector.
        Returns the network.

        Raises:
            ValueError: the vector has another length than the network needs.
        """
        self._allocate()
        self._forget_plans()
        if params is None:
            initialise(self.layout, self.layers, self.flat_params, self.configuration.seed)
            self.round_to_half()
        else:
            self.set_params(params)
        self.configuration = self.configuration.with_variables()
        self._initialised = True
        return self

    def _forget_plans(self) -> None:
        self._steps: dict[Shapes, TrainingStep] = {}
        self._step = None
        self._gradient_steps: dict[Shapes, TrainingStep] = {}
        self._inference = Inference(self)
        self._outputs = self._inference.plans

    # ------------------------------------------------------------------------------------- training

    def fit(
        self,
        data: Any,
        labels: Any = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        features_mask: Any = None,
        labels_mask: Any = None,
    ) -> MultiLayerNetwork:
        """Trains the network; returns it.

        A `DataSet`, or features and labels, make one iteration and no epoch; with ``epochs`` or
        ``batch_size`` they are passed over that often, in batches in the given order. An iterator,
        or any iterable of DataSets, is passed over ``epochs`` times (1 unless given); an iterator
        is reset before each pass.

        Interrupted with Ctrl-C the network stays usable: every finished iteration is complete.

        Args:
            data: DataSet, iterator of DataSets, or features ``[n, ...]``.
            labels: labels, where ``data`` holds features.
            epochs: passes over the data.
            batch_size: rows per iteration where ``data`` holds all rows.
            features_mask: mask of the features, where ``data`` holds features.
            labels_mask: mask of the labels, ``[n, 1]`` or of the labels' shape.

        Raises:
            ValueError: an array does not fit the network; the message names the layer.
            NotANumberError: with ``check_numerics``, at the first step that meets NaN or infinity.
        """
        if type(data) is DataSet and epochs is None and batch_size is None:
            self._iterate(data)
            return self
        from dl4py.nn._fitting import batches_of

        if labels is not None:
            data = DataSet(data, labels, features_mask, labels_mask)
            if epochs is None and batch_size is None:
                self._iterate(data)
                return self
        self._fit_epochs(batches_of(data, batch_size), 1 if epochs is None else epochs)
        return self

    def _fit_epochs(self, batches: Iterable[DataSet], epochs: int) -> None:
        from dl4py.nn._fitting import passes, timed

        for _ in passes(epochs):
            for listener in self._listeners:
                listener.on_epoch_start(self)
            for batch in timed(self, batches) if self._listeners else batches:
                self._iterate(batch)
            self.uncounted = (0, 1)
            try:
                for listener in self._listeners:
                    listener.on_epoch_end(self)
            finally:
                self.count()

    def count(self) -> None:
        """Puts what is done into the counters."""
        iterations, epochs = self.uncounted
        self.uncounted = (0, 0)
        self.iteration_count += iterations
        self.epoch_count += epochs

    def _iterate(self, data: DataSet) -> None:
        """One iteration. The way from here to the native call is the hot path of small networks.

        The plan itself refuses arrays of another shape or type, so nothing is checked twice.
        """
        step = self._step
        iteration = self.iteration_count
        if step is not None and type(data) is DataSet:
            arrays = data.features, data.labels
            if data.features_mask is None and data.labels_mask is None:
                only = step.only_iteration
                scalars = (iteration,) if only else step.scalars(iteration, self.epoch_count)
                # Counted first: Ctrl-C is raised when the native call returns, with its update made.
                self.iteration_count = iteration + 1
                try:
                    self._score = step.run(arrays, scalars)[0]
                    return
                except (TypeError, ValueError):
                    self.iteration_count = iteration
        self._iterate_fully(data)

    def _iterate_fully(self, data: DataSet) -> None:
        """One iteration with everything that the hot path leaves out."""
        self.require_init()
        from dl4py.nn._fitting import run_iteration

        run_iteration(self, data)

    def step_for(self, shapes: Shapes) -> TrainingStep:
        """The compiled training step for arrays of these shapes."""
        step = self._steps.get(shapes)
        if step is None:
            with self._lock:
                step = self._steps[shapes] = TrainingStep(self, shapes)
        return step

    def gradient_step_for(self, shapes: Shapes) -> TrainingStep:
        """The compiled computation of gradient and score, without an update, for arrays of these
        shapes.
        """
        step = self._gradient_steps.get(shapes)
        if step is None:
            with self._lock:
                step = self._gradient_steps[shapes] = TrainingStep(self, shapes, update=False)
        return step

    def search_direction(self, algorithm: str) -> Any:
        """The state of a line-search algorithm, kept from iteration to iteration."""
        if self._direction is None:
            from dl4py.nn._solvers import Direction

            self._direction = Direction(algorithm)
        return self._direction

    def remember_step(self, step: TrainingStep) -> None:
        """Makes a step the first candidate of the next iteration's hot path."""
        special = self.half or self._constrained or self._special_optimizer or self._check_numerics
        masked = step.masked or self._listeners
        self._step = None if special or masked else step

    @property
    def _special_optimizer(self) -> bool:
        conf = self.configuration.confs[0]
        return conf.optimization_algo != "STOCHASTIC_GRADIENT_DESCENT" or conf.step_function in (
            "default",
            "gradient",
        )

    def compute_gradient_and_score(self, data: DataSet) -> None:
        """Computes gradient and score of a batch in training mode without changing parameters; see
        `gradient`, `score`.
        """
        self.require_init()
        from dl4py.nn._fitting import run_gradient

        run_gradient(self, data)

    def calculate_gradients(
        self, features: Any, labels: Any, features_mask: Any = None, labels_mask: Any = None
    ) -> tuple[dict[str, NDArray], NDArray]:
        """Gradients of the summed loss by parameter key, and by the features."""
        self.require_init()
        data = DataSet(features, labels, features_mask, labels_mask)
        self.compute_gradient_and_score(data)
        gradients = {
            key: from_numpy(np.array(to_numpy(g))) for key, g in self.gradient_views.items()
        }
        return gradients, self._inference.input_gradient(data)

    @property
    def check_numerics(self) -> bool:
        """Whether training stops at NaN and infinity."""
        return self._check_numerics

    @check_numerics.setter
    def check_numerics(self, value: bool) -> None:
        if value != self._check_numerics:
            self._check_numerics = bool(value)
            if self._initialised:
                self._forget_plans()

    # ------------------------------------------------------------------------------------ inference

    def output(
        self,
        x: Any,
        *,
        train: bool = False,
        features_mask: Any = None,
        labels_mask: Any = None,
    ) -> NDArray:
        """Activations of the last layer.

        Args:
            x: features ``[n, ...]``, or an iterator of DataSets whose outputs are put one below the
                other.
            train: as in training: with dropout and noise.
            features_mask: mask of the features.
            labels_mask: sets masked outputs to zero.

        Raises:
            ValueError: the array does not fit the network; the message names the layer.
        """
        if not train and features_mask is None and labels_mask is None:
            try:
                if type(x) is np.ndarray:
                    x = from_numpy(x)
                return self._outputs[x.shape].run((x,), ())[0]  # type: ignore[no-any-return]
            except (AttributeError, KeyError, TypeError, ValueError):
                pass  # not met before, or another dtype, or no NDArray
        self.require_init()
        found: NDArray = self._inference.output(x, train, features_mask, labels_mask)
        return found

    def predict(self, x: Any) -> NumpyArray[np.int64]:
        """The index of the largest output of each example, ``[n]``."""
        values = to_numpy(self.output(x))
        if values.ndim != 2:
            raise ValueError(
                f"predict: expected an output of rank 2; the network gives shape {values.shape}"
            )
        largest: NumpyArray[np.int64] = values.argmax(axis=1)
        return largest

    def feed_forward(
        self, x: Any, *, train: bool = False, features_mask: Any = None
    ) -> list[NDArray]:
        """The input and the activations of every layer."""
        self.require_init()
        return self._inference.feed_forward(x, len(self.layers) - 1, train, features_mask)

    def feed_forward_to_layer(self, layer: int, x: Any, *, train: bool = False) -> list[NDArray]:
        """The input and the activations of the layers up to an index, which is included."""
        self.require_init()
        if not 0 <= layer < len(self.layers):
            raise IndexError(
                f"feed_forward_to_layer: layers are 0 to {len(self.layers) - 1}; received {layer}"
            )
        return self._inference.feed_forward(x, layer, train, None)

    # --------------------------------------------------------------------------------------- scores

    def score(self, data: DataSet | None = None, *, training: bool = False) -> float:
        """The score of the last iteration, or of a DataSet: loss per example plus regularisation."""
        if data is None:
            value = self._score
            if type(value) is not float:
                value = self._score = float(value.item() if hasattr(value, "item") else value)
            return value
        self.require_init()
        total, rows = self._inference.loss(data, training)
        divisor = rows if self.averages_score or self._always_averages else 1
        return total / divisor + self.regularization_score()

    def regularization_score(self) -> float:
        """The L1, L2 and weight-decay terms of the current parameters."""
        return regularization_score(self)

    def score_examples(self, data: DataSet, *, add_regularization_terms: bool = True) -> NDArray:
        """The score of each example, ``[n, 1]``."""
        self.require_init()
        rows = to_numpy(self._inference.loss_rows(data))
        extra = self.regularization_score() if add_regularization_terms else 0.0
        return from_numpy((rows + np.asarray(extra, rows.dtype)).astype(rows.dtype))

    def do_evaluation(self, data: Any, *evaluations: Any) -> tuple[Any, ...]:
        """Feeds the outputs for an iterator or DataSet to evaluation objects; returns them."""
        from dl4py.nn._fitting import batches_of, require_arrays

        for batch in batches_of(data, None):
            require_arrays(batch, "evaluation")
            predictions = self.output(
                batch.features, features_mask=batch.features_mask, labels_mask=batch.labels_mask
            )
            for evaluation in evaluations:
                evaluation.eval(batch.labels, predictions, batch.labels_mask)
        return evaluations

    def evaluate(self, data: Any, *, labels: Sequence[str] | None = None, top_n: int = 1) -> Any:
        """The classification ``Evaluation`` over an iterator or DataSet."""
        from nd4py.evaluation import Evaluation

        names = labels if labels is not None else getattr(data, "label_names", None)
        return self.do_evaluation(data, Evaluation(labels=names, top_n=top_n))[0]

    def evaluate_regression(self, data: Any) -> Any:
        """The ``RegressionEvaluation`` over an iterator or DataSet."""
        from nd4py.evaluation import RegressionEvaluation

        return self.do_evaluation(data, RegressionEvaluation())[0]

    # ----------------------------------------------------------------------------------- the object

    @property
    def listeners(self) -> tuple[TrainingListener, ...]:
        """What is told about training."""
        return self._listeners

    def set_listeners(self, *listeners: TrainingListener) -> None:
        """Replaces all listeners; a list of them will do too.

        Raises:
            TypeError: one is no `TrainingListener`.
        """
        from dl4py.listeners import TrainingListener

        if len(listeners) == 1 and isinstance(listeners[0], (list, tuple)):
            listeners = tuple(listeners[0])
        for listener in listeners:
            if not isinstance(listener, TrainingListener):
                raise TypeError(
                    f"set_listeners: expected TrainingListeners; received {listener!r:.80}"
                )
        self._listeners = listeners
        self._step = None

    def add_listeners(self, *listeners: TrainingListener) -> None:
        """Adds listeners."""
        self.set_listeners(*self._listeners, *listeners)

    def layer_names(self) -> list[str]:
        """Names of the layers."""
        return [layer.name or f"layer{i}" for i, layer in enumerate(self.layers)]

    def get_layer(self, which: int | str) -> AbstractLayer:
        """The configuration of a layer by index or name."""
        if isinstance(which, str):
            names = self.layer_names()
            if which not in names:
                raise KeyError(f"no layer {which!r}; the network has {', '.join(names)}")
            which = names.index(which)
        if not -len(self.layers) <= which < len(self.layers):
            raise IndexError(
                f"no layer {which}; the network has layers 0 to {len(self.layers) - 1}"
            )
        return self.layers[which]

    def summary(self, input_type: InputType | None = None) -> str:
        """A table of the layers; with an input type also what goes in and comes out of each."""
        from dl4py.nn._summary import summary

        return summary(self, input_type)

    def clone(self) -> MultiLayerNetwork:
        """An independent copy: parameters, updater state and counters, but no listeners."""
        self.require_init()
        other = MultiLayerNetwork(self.configuration).init(self.flat_params)
        other.set_updater_state(self.flat_state)
        other.iteration_count, other.epoch_count = self._finished()
        other._score = self.score()
        return other

    def convert_data_type(self, data_type: str) -> MultiLayerNetwork:
        """A copy that computes in another type: ``"FLOAT"``, ``"DOUBLE"`` or ``"HALF"``."""
        self.require_init()
        conf = self.configuration.with_data_type(data_type_name(data_type))
        other = MultiLayerNetwork(conf).init(self.flat_params)
        other.set_updater_state(self.flat_state)
        other.round_to_half()
        other.iteration_count, other.epoch_count = self._finished()
        return other

    def counted_configuration(self) -> MultiLayerConfiguration:
        """The configuration with the counters of this moment, as a file holds it."""
        import dataclasses

        iterations, epochs = self._finished()
        return dataclasses.replace(
            self.configuration, iteration_count=iterations, epoch_count=epochs
        )

    def _finished(self) -> tuple[int, int]:
        iterations, epochs = self.uncounted
        return self.iteration_count + iterations, self.epoch_count + epochs

    def save(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        save_updater: bool = True,
        *,
        normalizer: Any = None,
    ) -> None:
        """Writes a model zip that Deeplearning4j opens; see `write_model`."""
        from dl4py._model_serializer import write_model

        write_model(self, target, save_updater, normalizer)

    @staticmethod
    def load(source: Any, load_updater: bool = True) -> MultiLayerNetwork:
        """The network of a model zip, written here or by the JVM; see
        `restore_multi_layer_network`.
        """
        from dl4py._model_serializer import restore_multi_layer_network

        return restore_multi_layer_network(source, load_updater)

    def not_a_number(self, problem: str) -> NotANumberError:
        """The error of a step that met NaN or infinity."""
        return NotANumberError(
            f"iteration {self.iteration_count}, epoch {self.epoch_count}: {problem}"
        )

    def __repr__(self) -> str:
        count = len(self.layers)
        layers = f"{count} layer" if count == 1 else f"{count} layers"
        return f"<MultiLayerNetwork: {layers}, {self.num_params()} parameters>"
