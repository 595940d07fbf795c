"""The networks that the benchmarks train and run, in each library's own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dl4py import (
    ConvolutionLayer,
    DenseLayer,
    InputType,
    MultiLayerNetwork,
    NeuralNetConfiguration,
    OutputLayer,
    SubsamplingLayer,
)
from nd4py.data import DataSet
from nd4py.updaters import Adam


@dataclass(frozen=True)
class Work:
    """A network and a batch size; ``sizes`` of a perceptron, or None for LeNet."""

    name: str
    batch: int
    sizes: tuple[int, ...] | None

    @property
    def classes(self) -> int:
        return self.sizes[-1] if self.sizes else 10

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        shape = (self.batch, self.sizes[0]) if self.sizes else (self.batch, 1, 28, 28)
        return rng.normal(size=shape).astype(np.float32), rng.integers(0, self.classes, self.batch)


TRAINING = (
    Work("MLP 4-16-3, batch 32", 32, (4, 16, 3)),
    Work("MLP 784-256-128-10, batch 64", 64, (784, 256, 128, 10)),
    Work("LeNet, batch 64", 64, None),
)
INFERENCE = (32, 64, 64, 10)


def ours(work: Work) -> MultiLayerNetwork:
    settings = NeuralNetConfiguration(seed=1, activation="relu", updater=Adam(1e-3))
    if work.sizes is None:
        conf = settings.list(
            ConvolutionLayer(n_out=20, kernel_size=5, activation="identity"), SubsamplingLayer(kernel_size=2),
            ConvolutionLayer(n_out=50, kernel_size=5, activation="identity"), SubsamplingLayer(kernel_size=2),
            DenseLayer(n_out=500), OutputLayer(n_out=10), input_type=InputType.convolutional(28, 28, 1),
        )  # fmt: skip
    else:
        hidden = [DenseLayer(n_out=n) for n in work.sizes[1:-1]]
        conf = settings.list(
            *hidden,
            OutputLayer(n_out=work.classes),
            input_type=InputType.feed_forward(work.sizes[0]),
        )
    return MultiLayerNetwork(conf).init()


def our_step(work: Work) -> Callable[[], Any]:
    x, y = work.arrays()
    data = DataSet(x, np.eye(work.classes, dtype=np.float32)[y])
    net = ours(work)
    return lambda: net.fit(data)


# ----------------------------------------------------------------------------------------------------------------
# torch


def torch_model(work: Work) -> Any:
    from torch import nn

    if work.sizes is None:
        return nn.Sequential(
            nn.Conv2d(1, 20, 5), nn.MaxPool2d(2, 2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2, 2), nn.Flatten(),
            nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
        )  # fmt: skip
    parts: list[Any] = []
    for a, b in zip(work.sizes, work.sizes[1:], strict=False):
        parts += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def torch_step(work: Work, *, fused: bool, compiled: bool = False) -> Callable[[], Any]:
    import torch

    torch.manual_seed(0)
    model = torch_model(work)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=fused)
    x, y = (torch.from_numpy(a) for a in work.arrays())
    loss = torch.nn.CrossEntropyLoss()
    run = torch.compile(model) if compiled else model

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss(run(x), y).backward()
        optimizer.step()

    return step


# ------------------------------------------------------------------------------------------------------------------
# jax


def jax_parameters(work: Work) -> tuple[list[Any], Callable[[Any, Any], Any]]:
    import jax
    from jax import lax
    from jax import numpy as jnp

    def normal(i: int, shape: tuple[int, ...], scale: float) -> Any:
        return jax.random.normal(jax.random.fold_in(jax.random.PRNGKey(0), i), shape) * scale

    if work.sizes is not None:
        pairs = list(zip(work.sizes, work.sizes[1:], strict=False))
        params = [
            p for i, (a, b) in enumerate(pairs) for p in (normal(i, (a, b), a**-0.5), jnp.zeros(b))
        ]

        def perceptron(p: Any, x: Any) -> Any:
            for i in range(0, len(p) - 2, 2):
                x = jax.nn.relu(x @ p[i] + p[i + 1])
            return x @ p[-2] + p[-1]

        return params, perceptron
    params = [
        normal(0, (20, 1, 5, 5), 0.2), jnp.zeros(20), normal(1, (50, 20, 5, 5), 0.05), jnp.zeros(50),
        normal(2, (800, 500), 0.035), jnp.zeros(500), normal(3, (500, 10), 0.045), jnp.zeros(10),
    ]  # fmt: skip

    def pooled(x: Any, w: Any, b: Any) -> Any:
        z = lax.conv(x, w, (1, 1), "VALID") + b[None, :, None, None]
        return lax.reduce_window(z, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def lenet(p: Any, x: Any) -> Any:
        x = pooled(pooled(x, p[0], p[1]), p[2], p[3])
        x = jax.nn.relu(x.reshape(x.shape[0], -1) @ p[4] + p[5])
        return x @ p[6] + p[7]

    return params, lenet


def jax_step(work: Work) -> Callable[[], Any]:
    import jax
    from jax import numpy as jnp

    params, forward = jax_parameters(work)
    x, y = (jnp.asarray(a) for a in work.arrays())

    def loss(p: Any) -> Any:
        return -jnp.take_along_axis(jax.nn.log_softmax(forward(p, x)), y[:, None], 1).mean()

    @jax.jit
    def step(p: Any, m: Any, v: Any, t: Any) -> Any:
        g = jax.grad(loss)(p)
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g, strict=True)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g, strict=True)]
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return (
            [a - rate * b / (jnp.sqrt(c) + 1e-8) for a, b, c in zip(p, m, v, strict=True)],
            m,
            v,
            t + 1,
        )

    zeros = [jnp.zeros_like(p) for p in params]
    state = [(params, zeros, zeros, jnp.float32(1))]

    def run() -> None:
        state[0] = step(*state[0])
        jax.block_until_ready(state[0][0])

    return run
