"""``net.output`` of an MLP 32-64-64-10, one row and 64 rows, beside PyTorch, ONNX Runtime and JAX.

    python benchmarks/dl4py/bench_inference.py [--budget SECONDS]

Times include the Python call. Peers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from timing import environment, microseconds, report
from works import INFERENCE, Work, jax_parameters, ours, torch_model

import nd4py as nd


def torch_call(work: Work, x: np.ndarray) -> Callable[[], Any]:
    import torch

    model, given = torch_model(work).eval(), torch.from_numpy(x)

    def call() -> Any:
        with torch.inference_mode():
            return model(given)

    return call


def onnx_call(work: Work, x: np.ndarray) -> Callable[[], Any]:
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    count = len(work.sizes) - 1
    for i, (a, b) in enumerate(zip(work.sizes, work.sizes[1:], strict=False)):
        weights += [
            numpy_helper.from_array(rng.normal(size=(a, b)).astype(np.float32), f"w{i}"),
            numpy_helper.from_array(np.zeros(b, np.float32), f"b{i}"),
        ]
        nodes.append(helper.make_node("Gemm", [last, f"w{i}", f"b{i}"], [f"z{i}"]))
        last = f"a{i}"
        nodes.append(helper.make_node("Relu" if i < count - 1 else "Softmax", [f"z{i}"], [last]))
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "mlp", [value("x", TensorProto.FLOAT, [None, work.sizes[0]])],
        [value(last, TensorProto.FLOAT, [None, work.sizes[-1]])], weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"x": x})


def jax_call(work: Work, x: np.ndarray) -> Callable[[], Any]:
    import jax
    from jax import numpy as jnp

    params, forward = jax_parameters(work)
    given, run = jnp.asarray(x), jax.jit(lambda p, v: jax.nn.softmax(forward(p, v)))
    return lambda: jax.block_until_ready(run(params, given))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=1.0, help="seconds per contender")
    options = parser.parse_args()
    environment()
    net = ours(Work("mlp", 1, INFERENCE))
    for batch in (1, 64):
        work = Work("mlp", batch, INFERENCE)
        x = work.arrays()[0]
        given = nd.asarray(x)
        calls: dict[str, Callable[[], Any]] = {
            "dl4py": lambda given=given: net.output(given),
            "dl4py, from NumPy": lambda x=x: net.output(x),
        }
        for name, module, make in (
            ("PyTorch", "torch", torch_call), ("ONNX Runtime", "onnxruntime", onnx_call), ("JAX, jit", "jax", jax_call)
        ):  # fmt: skip
            if importlib.util.find_spec(module) is not None:
                calls[name] = make(work, x)
        report(
            f"output, MLP {'-'.join(map(str, INFERENCE))}, batch {batch}",
            microseconds(calls, options.budget),
        )


if __name__ == "__main__":
    main()
