"""Operations: each declared once, called alike on arrays and on graph values."""

from __future__ import annotations

from . import (  # noqa: F401  # importing a family declares its operations
    activate,
    arithmetic,
    comparison,
    conv,
    elementwise,
    entropy,
    linear,
    loss,
    movement,
    normalise,
    pool,
    random,
    reduce,
    shaping,
)
from ._declaration import (
    NOT_DIFFERENTIABLE,
    REGISTRY,
    Attr,
    Dl4j,
    GradientContext,
    Input,
    Op,
    Spec,
    Trait,
    encode_attrs,
)
from ._declare import FUNCTIONS, bind, call, composed, primitive
from ._execute import as_value, canonical, infer, input_specs, run, spec_of
from ._graph_variable import GraphVariable
from ._vjp import vjp

globals().update(FUNCTIONS)

__all__ = [
    "FUNCTIONS",
    "NOT_DIFFERENTIABLE",
    "REGISTRY",
    "Attr",
    "Dl4j",
    "GradientContext",
    "GraphVariable",
    "Input",
    "Op",
    "Spec",
    "Trait",
    "as_value",
    "bind",
    "call",
    "canonical",
    "composed",
    "encode_attrs",
    "infer",
    "input_specs",
    "primitive",
    "run",
    "spec_of",
    "vjp",
    *FUNCTIONS,
]
