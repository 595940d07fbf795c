"""The user's graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nd4py._arrays import to_numpy
from nd4py.dtypes import DType
from nd4py.dtypes import dtype as as_dtype
from nd4py.ops._declaration import Op, Spec
from nd4py.ops._execute import spec_of

from ._arrays import as_array, initial_array
from ._inference import InferencePlan
from ._namespaces import Namespace, namespaces
from ._trace import required_nodes
from ._training import TrainingPlan
from ._updates import GradientNormalization, UpdateBlock
from ._variable import GraphNode, SDVariable, VariableType

if TYPE_CHECKING:
    from nd4py import NDArray

    from ._fit import FitSession
    from ._history import History
    from ._training_config import TrainingConfig

# Two sizes for each open dimension of a placeholder: what differs between the two is open in a result as well.
_OPEN = (60, 84)


class SameDiff:
    """A graph of named variables, differentiable and compiled to native plans.

    Any nd4py operation called on its variables records itself; so do the operations of its namespaces, which take an
    optional leading name (``sd.math.tanh("out", x)``).

    Answers to ``org.nd4j.autodiff.samediff.SameDiff``.

    >>> import numpy as np
    >>> from samediff import SameDiff
    >>> sd = SameDiff.create()
    >>> x = sd.placeholder("x", "float64", shape=(None, 2))
    >>> w = sd.var("w", np.array([[1.0], [2.0]]))
    >>> y = (x @ w).rename("y")
    >>> np.asarray(sd.output({"x": np.array([[3.0, 4.0]])}, "y")["y"]).tolist()
    [[11.0]]
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed  # of the variables that are made by weight initialisations
        self._variables: dict[str, SDVariable] = {}
        self._order: dict[GraphNode, int] = {}
        self._scopes: list[str] = []
        self._place = ""
        self._taken: dict[str, int] = {}
        self._losses: tuple[str, ...] = ()
        self._inference: dict[Any, InferencePlan] = {}
        self._config: TrainingConfig | None = None
        self._session: FitSession | None = None
        self.iteration_count = 0  # of fit, over all its calls
        self.epoch_count = 0

    @classmethod
    def create(cls, *, seed: int = 0) -> SameDiff:
        """An empty graph; ``seed`` decides what weight initialisations draw."""
        return cls(seed=seed)

    # ------------------------------------------------------------------------------------------- making variables

    def placeholder(
        self, name: str, dtype: DType | str = "float32", shape: Sequence[int | None] = ()
    ) -> SDVariable:
        """A value given at every call; None (or -1) marks an open dimension.

        Raises:
            ValueError: the name is taken, or a size is negative.
        """
        kind = as_dtype(dtype)
        sizes = [None if n is None or n == -1 else int(n) for n in shape]
        if any(n is not None and n < 0 for n in sizes):
            raise ValueError(
                f"placeholder {name!r}: sizes must not be negative, received {tuple(shape)}"
            )
        first, second = (
            Spec(kind, tuple(open_size if n is None else n for n in sizes)) for open_size in _OPEN
        )
        return self._add(name, VariableType.PLACEHOLDER, specs=(first, second))

    def scalar_input(self, name: str, dtype: DType | str = "float64") -> SDVariable:
        """A number given at every call (a learning rate, a seed, a counter): int64 or float64.

        Raises:
            ValueError: the name is taken.
            TypeError: another dtype.
        """
        kind = as_dtype(dtype)
        if kind.name not in ("int64", "float64"):
            raise TypeError(
                f"scalar input {name!r}: expected int64 or float64, received {kind.name}"
            )
        return self._add(name, VariableType.SCALAR, specs=(Spec(kind, ()),) * 2)

    def var(
        self,
        name: str,
        array: Any = None,
        *,
        shape: Sequence[int] | None = None,
        dtype: DType | str = "float32",
        initializer: Any = None,
        trainable: bool = True,
    ) -> SDVariable:
        """A trainable variable around ``array``, held by reference and read at every call.

        Without an array, ``shape`` and ``initializer`` make one: None for zeros, a weight initialisation
        (``nd4py.weights``) or its name, or a function of shape and dtype that gives an array.

        Raises:
            ValueError: the name is taken, or neither an array nor a shape is given.

        >>> SameDiff.create().var("w", shape=(2, 2), initializer="ones").get_arr().tolist()
        [[1.0, 1.0], [1.0, 1.0]]
        """
        if array is None:
            if shape is None:
                raise ValueError(f"variable {name!r}: give an array, or a shape")
            seed = self.seed * 1_000_003 + len(self._variables)
            array = initial_array(name, tuple(shape), as_dtype(dtype), initializer, seed)
        array = as_array(array)
        spec = spec_of(array)
        return self._add(
            name, VariableType.VARIABLE, specs=(spec, spec), array=array, trainable=trainable
        )

    def constant(self, name: str | Any, value: Any = None) -> SDVariable:
        """An array whose contents never change; ``constant(value)`` names itself."""
        if not isinstance(name, str):
            name, value = self._free("constant"), name
        array = as_array(value)
        spec = spec_of(array)
        return self._add(name, VariableType.CONSTANT, specs=(spec, spec), array=array)

    def _add(self, name: str, kind: VariableType, **fields: Any) -> SDVariable:
        name = self._scoped(name)
        if not name or name in self._variables:
            reason = "is taken" if name else "must not be empty"
            raise ValueError(f"variable {name!r}: the name {reason}")
        variable = SDVariable(self, name, kind, **fields)
        self._variables[name] = variable
        return variable

    @contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """Names given inside begin with ``name/``. Answers to ``NameScope``."""
        self._scopes.append(name)
        try:
            yield
        finally:
            self._scopes.pop()

    @contextmanager
    def place(self, description: str) -> Iterator[None]:
        """Messages about operations recorded inside begin with the description; names stay as they are."""
        before, self._place = self._place, description
        try:
            yield
        finally:
            self._place = before

    def _scoped(self, name: str) -> str:
        return "/".join((*self._scopes, name))

    def _free(self, base: str) -> str:
        """``base``, ``base_1``, … : the first that is free in the current scope."""
        scoped = self._scoped(base)
        count = self._taken.get(scoped, 0)
        while True:
            name = base if count == 0 else f"{base}_{count}"
            count += 1
            if self._scoped(name) not in self._variables:
                self._taken[scoped] = count
                return name

    # ------------------------------------------------------------------------------------------- recording

    def _record(
        self, op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any], name: str | None = None
    ) -> Any:
        for x in inputs:
            if isinstance(x, SDVariable) and x.sd is not self:
                raise ValueError(
                    f"{op.name}: variable {x.name!r} belongs to another graph; all inputs must be of one graph"
                )
        base = name if name is not None else self._free(op.name)
        node = GraphNode(self._scoped(base), op, tuple(inputs), dict(attrs), self._place)
        self._order[node] = len(self._order)
        node.outputs = tuple(
            self._add(base if i == 0 else f"{base}:{i}", VariableType.ARRAY, node=node)
            for i in range(len(op.outputs))
        )
        return node.outputs[0] if len(node.outputs) == 1 else node.outputs

    def __getattr__(self, name: str) -> Namespace:
        found = namespaces().get(name)
        if found is None:
            raise AttributeError(f"'SameDiff' object has no attribute {name!r}")
        return Namespace(self, name, found)

    # ------------------------------------------------------------------------------------------- looking up

    def variables(self) -> list[SDVariable]:
        """All variables in the order of their making."""
        return list(self._variables.values())

    def trainable_variables(self) -> list[SDVariable]:
        """The variables that training changes."""
        return [v for v in self._variables.values() if v.trainable]

    def has_variable(self, name: str) -> bool:
        """Whether there is a variable of that name."""
        return name in self._variables

    def get_variable(self, name: str | SDVariable) -> SDVariable:
        """The variable of that name.

        Raises:
            KeyError: there is none; the message lists close names.
        """
        if isinstance(name, SDVariable):
            return name
        found = self._variables.get(name)
        if found is None:
            import difflib

            close = (
                difflib.get_close_matches(name, self._variables, n=3) or list(self._variables)[:8]
            )
            raise KeyError(f"no variable {name!r} in this graph; there are {', '.join(close)}")
        return found

    def rename_variable(self, old: str, new: str) -> None:
        """Gives a variable another name.

        Raises:
            KeyError: there is no variable ``old``.
            ValueError: ``new`` is taken.
        """
        variable = self.get_variable(old)
        if new == variable.name:
            return
        if not new or new in self._variables:
            raise ValueError(f"variable {old!r}: cannot be renamed to {new!r}, the name is taken")
        variable.name = new
        if variable.node is not None and variable.node.outputs[0] is variable:
            variable.node.name = new
        self._variables = {v.name: v for v in self._variables.values()}
        self._inference.clear()

    def set_array(self, name: str | SDVariable, array: Any) -> None:
        """Copies new contents into a variable's array.

        Raises:
            ValueError: the variable holds no array, is a constant, or the shape differs.
        """
        variable = self.get_variable(name)
        if variable.variable_type is not VariableType.VARIABLE:
            raise ValueError(
                f"variable {variable.name!r} is a {variable.variable_type.value}; only variables can be assigned"
            )
        target, values = to_numpy(variable.array), to_numpy(as_array(array))
        if values.shape != target.shape:
            raise ValueError(
                f"variable {variable.name!r}: expected shape {list(target.shape)}, received {list(values.shape)}"
            )
        target[...] = values

    def get_array(self, name: str | SDVariable) -> NDArray:
        """A variable's or constant's array, not a copy."""
        return self.get_variable(name).get_arr()

    # ------------------------------------------------------------------------------------------- computing

    def output(
        self, placeholders: Mapping[str, Any], *names: str | SDVariable
    ) -> dict[str, NDArray]:
        """The values of the named variables, by name.

        Raises:
            ValueError: a placeholder that they need is missing, or an array does not fit it.
            KeyError: there is no such variable.
        """
        key = tuple(self.get_variable(n).name for n in names)
        plan = self._inference.get(key)
        if plan is None:
            plan = self._inference[key] = self.compile_inference(key)
        inputs = self._given(plan.inputs, placeholders)
        scalars = self._given(plan.scalars, placeholders)
        return dict(zip(key, plan(*inputs, scalars=tuple(scalars)), strict=True))

    def _given(self, names: Sequence[str], placeholders: Mapping[str, Any]) -> list[Any]:
        missing = [n for n in names if n not in placeholders]
        if missing:
            raise ValueError(
                f"placeholder {missing[0]!r} is needed and was not given; received {', '.join(placeholders) or 'none'}"
            )
        return [placeholders[n] for n in names]

    def compile_inference(
        self,
        outputs: Sequence[str | SDVariable],
        *,
        inputs: Sequence[str | SDVariable] | None = None,
        check_numerics: bool = False,
    ) -> InferencePlan:
        """A thread-safe callable that computes ``outputs``.

        Args:
            outputs: variables to return, in order.
            inputs: the placeholders in the order of the callable's arguments; by default those that the outputs need,
                in the order of their making.
            check_numerics: raise `NumericsError` naming the first node that gives NaN or infinity.
        """
        wanted = [self.get_variable(v) for v in outputs]
        placeholders, scalars = self._needed(wanted, inputs)
        return InferencePlan(self, wanted, placeholders, scalars, check_numerics)

    def compile_training(
        self,
        loss: str | SDVariable,
        *,
        gradients: Mapping[str, NDArray] | Sequence[tuple[str | SDVariable, NDArray]] = (),
        updates: Sequence[UpdateBlock] = (),
        normalizations: Sequence[GradientNormalization] = (),
        outputs: Sequence[str | SDVariable] = (),
        inputs: Sequence[str | SDVariable] | None = None,
        minibatch: str | SDVariable | None = None,
        check_numerics: bool = False,
    ) -> TrainingPlan:
        """One training step as one native call: forward, loss, backward, regularisation, normalisation, updaters.

        Args:
            loss: a floating variable; summed where it is not a scalar.
            gradients: for each variable to differentiate by (by name), the array that receives its gradient, of the
                variable's dtype and shape: usually a view into one flat gradient vector, of any strides.
            updates: updater blocks over slices of the flat vectors, in order; empty for gradients only.
            normalizations: gradient normalisation, before the updaters.
            outputs: further variables to return, as computed before the update.
            inputs: the placeholders in the order of the arguments; by default those needed, in the order of making.
            minibatch: the placeholder whose first dimension divides the score and the gradients (inside the update, so
                the arrays in ``gradients`` hold the undivided gradient until normalisation or an updater changes them);
                None for no division.
            check_numerics: raise `NumericsError` naming the first node that gives NaN or infinity.
        """
        target = self.get_variable(loss)
        more = [self.get_variable(v) for v in outputs]
        pairs = gradients.items() if isinstance(gradients, Mapping) else gradients
        views = {self.get_variable(v): as_array(array) for v, array in pairs}
        placeholders, scalars = self._needed([target, *more], inputs)
        divisor = None if minibatch is None else self.get_variable(minibatch)
        return TrainingPlan(
            self, target, views, tuple(updates), tuple(normalizations), more, placeholders, scalars, divisor,
            check_numerics,
        )  # fmt: skip

    def _needed(
        self, outputs: Sequence[SDVariable], inputs: Sequence[str | SDVariable] | None
    ) -> tuple[list[SDVariable], list[SDVariable]]:
        _, leaves = required_nodes(outputs)
        needed = set(leaves)
        ordered = [v for v in self._variables.values() if v in needed]
        placeholders = [v for v in ordered if v.variable_type is VariableType.PLACEHOLDER]
        scalars = [v for v in ordered if v.variable_type is VariableType.SCALAR]
        if inputs is not None:
            given = [self.get_variable(v) for v in inputs]
            missing = [v.name for v in placeholders if not any(v is g for g in given)]
            if missing:
                raise ValueError(
                    f"the outputs also need the placeholder {missing[0]!r}; name it in inputs"
                )
            placeholders = given
        return placeholders, scalars

    def calculate_gradients(
        self, placeholders: Mapping[str, Any], *names: str | SDVariable
    ) -> dict[str, NDArray]:
        """The gradients of the summed loss variables with respect to the named variables or placeholders, by name."""
        from ._gradients import calculate_gradients

        return calculate_gradients(self, placeholders, [self.get_variable(n) for n in names])

    def set_loss_variables(self, *names: str | SDVariable) -> None:
        """Marks the variables whose sum is minimised."""
        self._losses = tuple(self.get_variable(n).name for n in names)

    def loss_variables(self) -> list[SDVariable]:
        """The variables whose sum is minimised.

        Raises:
            ValueError: none was marked.
        """
        if not self._losses:
            raise ValueError("the graph has no loss: call set_loss_variables(name, ...) first")
        return [self.get_variable(n) for n in self._losses]

    # ------------------------------------------------------------------------------------------- training

    def set_training_config(self, config: TrainingConfig) -> None:
        """How `fit` trains; a new configuration starts with fresh updater state."""
        self._config = config

    def fit(self, data: Any, epochs: int = 1, *, config: TrainingConfig | None = None) -> History:
        """Trains the trainable variables to minimise the sum of the loss variables.

        Args:
            data: a DataSet or MultiDataSet, a pair (features, labels) of arrays, or an iterable of these; what has
                ``reset`` is reset before each epoch.
            epochs: passes over the data.
            config: sets the training configuration first.

        Raises:
            ValueError: there is no loss, no configuration, or a batch does not fit the placeholders.

        >>> import numpy as np
        >>> from nd4py.updaters import Sgd
        >>> from samediff import SameDiff, TrainingConfig
        >>> sd = SameDiff.create()
        >>> x, y = sd.placeholder("x", "float64", (None, 1)), sd.placeholder("y", "float64", (None, 1))
        >>> w = sd.var("w", np.zeros((1, 1)))
        >>> error = x @ w - y
        >>> loss = (error * error).rename("loss")
        >>> sd.set_loss_variables("loss")
        >>> config = TrainingConfig(Sgd(0.1), data_set_feature_mapping=["x"], data_set_label_mapping=["y"])
        >>> history = sd.fit((np.ones((1, 1)), np.full((1, 1), 2.0)), epochs=30, config=config)
        >>> round(float(np.asarray(w.get_arr())[0, 0]), 2)
        2.0
        """
        from ._fit import FitSession, batches_of
        from ._history import History

        if config is not None:
            self._config = config
        if self._config is None:
            raise ValueError(
                "fit: call set_training_config(TrainingConfig(...)) first, or give config"
            )
        if self._session is None or not self._session.matches(self, self._config):
            self._session = FitSession(self, self._config)
        batches = batches_of(data, epochs)
        history = History()
        for _ in range(epochs):
            reset = getattr(batches, "reset", None)
            if reset is not None:
                reset()
            self._session.epoch(batches, history)
        return history

    def evaluate(
        self, data: Any, output: str | SDVariable, *evaluations: Any, label_index: int = 0
    ) -> None:
        """Feeds predictions and labels of every batch to evaluations (``nd4py.evaluation``), which keep the results.

        Args:
            data: as for `fit`; the training configuration maps its arrays to placeholders.
            output: the variable that holds the predictions.
            evaluations: objects with ``eval(labels, predictions)``.
            label_index: which label array of the batches the predictions answer to.

        Raises:
            ValueError: there is no training configuration, or a batch does not fit the placeholders.
        """
        from ._fit import batches_of

        config = self._config
        if config is None:
            raise ValueError(
                "evaluate: call set_training_config(TrainingConfig(...)) first; it maps data to placeholders"
            )
        name = self.get_variable(output).name
        places = config.placeholders()
        for batch in batches_of(data, 1):
            arrays = config.arrays(batch)
            labels = arrays[len(config.data_set_feature_mapping) + label_index]
            predictions = self.output(dict(zip(places, arrays, strict=True)), name)[name]
            for evaluation in evaluations:
                evaluation.eval(labels, predictions)

    # ------------------------------------------------------------------------------------------- showing

    def summary(self) -> str:
        """A table of the graph's variables and operations."""
        from ._summary import summary

        return summary(self)

    def __repr__(self) -> str:
        return f"<SameDiff: {len(self._variables)} variables, {len(self._order)} operations>"
