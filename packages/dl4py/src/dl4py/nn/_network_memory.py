"""The parameters, gradient and updater state of a network, as flat vectors and by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dl4py.conf import MultiLayerConfiguration
from dl4py.nn._parameters import ParameterLayout, Slot, aligned_zeros, initial_state
from nd4py import dtypes
from nd4py._arrays import from_numpy, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray as NumpyArray

    from nd4py import NDArray

_STORED: dict[str, np.dtype[Any]] = {
    "FLOAT": np.dtype(np.float32),
    "DOUBLE": np.dtype(np.float64),
    "HALF": np.dtype(np.float16),
}


class AbstractNetwork:
    """The memory of a network.

    A HALF network computes in float32; what it gives out is converted.

    Attributes:
        layers: the layers' configurations.
        layout: which slice of the vectors belongs to which parameter.
        flat_params, flat_gradient, flat_state: the memory, in the type that is computed in.
        parameter_views, gradient_views: arrays over it by parameter key, as plans take them.
    """

    flat_params: NumpyArray[Any]
    flat_gradient: NumpyArray[Any]
    flat_state: NumpyArray[Any]
    parameter_views: dict[str, Any]
    gradient_views: dict[str, Any]

    def __init__(self, configuration: MultiLayerConfiguration) -> None:
        if not isinstance(configuration, MultiLayerConfiguration):
            raise TypeError(
                f"{type(self).__name__}: expected a MultiLayerConfiguration, as NeuralNetConfiguration(...).list(...) "
                f"gives it; received {type(configuration).__name__}"
            )
        self.layers = configuration.layers
        self.layout = ParameterLayout(self.layers)
        stored = _STORED[configuration.data_type]
        self.half = configuration.data_type == "HALF"
        self._computed: np.dtype[Any] = np.dtype(np.float32) if self.half else stored
        self.compute_dtype = dtypes.dtype(self._computed)
        self._initialised = False

    def _allocate(self) -> None:
        self.flat_params = aligned_zeros(self.layout.length, self._computed)
        self.flat_gradient = aligned_zeros(self.layout.length, self._computed)
        self.flat_state = initial_state(self.layout, self._computed)
        self.parameter_views = {
            s.key: from_numpy(s.of(self.flat_params)) for s in self.layout.slots
        }
        self.gradient_views = {
            s.key: from_numpy(s.of(self.flat_gradient)) for s in self.layout.slots
        }
        self._params = from_numpy(self.flat_params)

    def require_init(self) -> None:
        if not self._initialised:
            raise RuntimeError("the network has no parameters yet: call init() first")

    def is_init_called(self) -> bool:
        """Whether `init` has made the parameters."""
        return self._initialised

    def params(self) -> NDArray:
        """All parameters as one vector, in Deeplearning4j's order.

        The network's own memory, except in HALF networks, which give a float16 copy.
        """
        self.require_init()
        given: NDArray = self.give(self.flat_params, self._params)
        return given

    def give(self, values: NumpyArray[Any], live: Any = None) -> Any:
        if self.half:
            return from_numpy(values.astype(np.float16))
        return from_numpy(values) if live is None else live

    def num_params(self) -> int:
        """Number of parameters."""
        return self.layout.length

    def set_params(self, params: Any) -> None:
        """Copies a flat vector into the parameters.

        Raises:
            ValueError: it has another length.
        """
        values = to_numpy(params).ravel()
        if values.size != self.layout.length:
            raise ValueError(
                f"set_params: the network has {self.layout.length} parameters; received {values.size} numbers"
            )
        self.flat_params[:] = values

    def param_table(self) -> dict[str, NDArray]:
        """Parameters by key such as ``0_W``: views of the network's memory (float16 copies in HALF
        networks).
        """
        self.require_init()
        return {s.key: self.get_param(s.key) for s in self.layout.table}

    def get_param(self, key: str) -> NDArray:
        """One parameter array.

        Raises:
            KeyError: there is no such parameter.
        """
        self.require_init()
        given: NDArray = self.give(self._slot(key).of(self.flat_params), self.parameter_views[key])
        return given

    def set_param(self, key: str, value: Any) -> None:
        """Copies an array into one parameter.

        Raises:
            KeyError: there is no such parameter.
            ValueError: the shape differs.
        """
        target = self._slot(key).of(self.flat_params)
        values = to_numpy(value)
        if values.shape != target.shape:
            raise ValueError(f"set_param: {key} has shape {target.shape}; received {values.shape}")
        target[...] = values

    def _slot(self, key: str) -> Slot:
        found = self.layout.by_key.get(key)
        if found is None:
            raise KeyError(
                f"no parameter {key!r}; the network has {', '.join(self.layout.by_key) or 'none'}"
            )
        return found

    def gradient(self) -> dict[str, NDArray]:
        """The gradient of the last computation by parameter key: views of one vector, summed over
        the examples.
        """
        self.require_init()
        return dict(self.gradient_views)

    def gradients_view_array(self) -> NDArray:
        """The flat gradient vector, laid out as `params`."""
        self.require_init()
        return from_numpy(self.flat_gradient)

    def updater_state(self) -> NDArray:
        """The updater's state as one vector; of length 0 where no updater has any."""
        self.require_init()
        given: NDArray = self.give(self.flat_state)
        return given

    def set_updater_state(self, state: Any) -> None:
        """Copies a flat vector into the updater's state.

        Raises:
            ValueError: it has another length.
        """
        values = to_numpy(state).ravel()
        if values.size != self.layout.state_length:
            raise ValueError(
                f"set_updater_state: the network's updaters have {self.layout.state_length} numbers; "
                f"received {values.size}"
            )
        self.flat_state[:] = values

    def round_to_half(self) -> None:
        if self.half:
            with np.errstate(over="ignore"):  # what is too large for float16 becomes infinite there
                for vector in (self.flat_params, self.flat_state):
                    vector[:] = vector.astype(np.float16)
