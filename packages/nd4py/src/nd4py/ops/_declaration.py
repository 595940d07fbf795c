"""What an operation is: one frozen declaration from which everything else is derived.

An operation is declared once, by decorating its NumPy reference (`primitive`) or its decomposition (`composed`) in
``ops/<family>.py``. The parameters of the decorated function are the operation's signature: positional ones are array
inputs, keyword-only ones are attributes with their types and defaults. The eager function, the graph function, kernel
dispatch, saved form and contract tests all follow from the resulting `Op`.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nd4py.dtypes import DType


class Spec(NamedTuple):
    """Dtype and shape of one array: all that rules and plans know about it."""

    dtype: DType
    shape: tuple[int, ...]


class Trait(enum.Enum):
    """What compiler passes may ask about an operation. They never ask for its name."""

    ELEMENTWISE = (
        "elementwise"  # every output element depends on the same element of the broadcast inputs
    )
    VIEW = "view"  # the output is the input's memory seen through other strides
    REDUCTION = "reduction"
    RANDOM = "random"  # not a function of its inputs alone: never folded, never merged
    MUTATES = "mutates"  # writes its first input in place: never removed, keeps its order
    COMMUTATIVE = "commutative"


class _NotDifferentiable:
    """Explicit absence of a gradient: asking for one through this operation gives zero (no dependence)."""

    def __repr__(self) -> str:
        return "NOT_DIFFERENTIABLE"


NOT_DIFFERENTIABLE = _NotDifferentiable()


@dataclass(frozen=True)
class Input:
    """An array input.

    A variadic one (``*arrays``) takes one or more and comes last; an optional one may be None. A Python number takes
    its dtype from the other inputs, except where the input is ``integral``: positions and seeds are int64.
    """

    name: str
    optional: bool = False
    variadic: bool = False
    integral: bool = False


@dataclass(frozen=True)
class Attr:
    """An attribute: a plain, hashable value fixed when the operation is recorded.

    ``kind`` is one of int, float, bool, ints (tuple of int), floats, dtype, shape, or a tuple of names (an
    enumeration).
    A shape only says how large an output is: kernels see that in the output itself, so it is not encoded for them.
    """

    name: str
    kind: str | tuple[str, ...]
    default: Any = inspect.Parameter.empty
    optional: bool = False

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True)
class Dl4j:
    """How Deeplearning4j names this operation, for saved graphs and importers.

    ``name`` is the custom-op name or, for legacy operations, the op name with ``legacy`` = (Java op type, number).
    ``ints``, ``reals`` and ``bools`` give the attributes that make up the argument lists, in order.
    """

    name: str
    legacy: tuple[str, int] | None = None
    ints: tuple[str, ...] = ()
    reals: tuple[str, ...] = ()
    bools: tuple[str, ...] = ()


class GradientContext(NamedTuple):
    """What a gradient rule sees. Values are NDArrays or graph values alike; the rule is written with operations."""

    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    grads: tuple[
        Any, ...
    ]  # d(objective)/d(output), one per output; None where the output is unused
    attrs: Mapping[str, Any]


# A rule returns one entry per input: the gradient in that input's dtype and shape, or None for no dependence.
GradientRule = Callable[[GradientContext], Sequence[Any]]
# Specs of the inputs, with None for an absent optional one.
InferRule = Callable[[Sequence[Any], Mapping[str, Any]], Sequence[Spec]]
# Rewrites attributes into the one form that rules, kernels and saved graphs see, such as negative axes into positive.
CanonicalRule = Callable[[Sequence[Any], dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Op:
    """One declared operation. See `primitive` and `composed`, which make it."""

    name: str
    namespaces: tuple[str, ...]
    inputs: tuple[Input, ...]
    attrs: tuple[Attr, ...]
    outputs: tuple[
        str, ...
    ]  # a name that starts with "_" is a workspace for the gradient, not returned to callers
    infer: InferRule | None  # None for a composed op: its decomposition decides
    reference: Callable[..., Any] | None  # NumPy arrays in, NumPy array(s) out; primitives only
    compose: Callable[..., Any] | None  # operations in, value(s) out; composed ops only
    gradient: GradientRule | _NotDifferentiable | None  # None: differentiate the decomposition
    traits: frozenset[Trait]
    dl4j: Dl4j | None
    doc: str
    samples: Callable[[], Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]]] | None = None
    tolerances: Mapping[str, float] = field(
        default_factory=dict
    )  # dtype name -> relative; defaults otherwise
    native: bool = False  # a kernel of this name exists in the native backends (prepared or loop)
    public: str = ""  # the name in its namespaces, where it is not that of the operation
    array_api: str = (
        ""  # its name at top level, where it means the same as in the Python array API standard
    )
    canonical: CanonicalRule | None = None
    direct: Callable[..., Any] | None = (
        None  # the core does it itself: NDArray in, NDArray out (views, casts)
    )
    # attrs -> (kernel, ints, reals): a kernel of another name that computes it in floating point from expanded inputs
    lowering: Callable[..., tuple[str, list[int], list[float]]] | None = None
    view: Callable[..., Any] | None = (
        None  # VIEW only: (spec, strides, offset, attrs) -> (strides, offset) or None
    )

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def has(self, trait: Trait) -> bool:
        return trait in self.traits


REGISTRY: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Adds an operation; a second one of the same name is a programming error."""
    if op.name in REGISTRY:
        raise ValueError(f"operation {op.name!r} is declared twice")
    REGISTRY[op.name] = op
    return op


def encode_attrs(op: Op, attrs: Mapping[str, Any]) -> tuple[list[int], list[float]]:
    """Attributes in declaration order as the kernel ABI takes them: integers and reals.

    Booleans are 0 or 1, enumerations their position, dtypes their code; a tuple is its length, then its
    items; an absent
    optional integer tuple has length -1 and an absent optional scalar encodes as the pair (0) or (1, value).
    """
    ints: list[int] = []
    reals: list[float] = []
    for attr in op.attrs:
        value = attrs[attr.name]
        kind = attr.kind
        if isinstance(kind, tuple):
            ints.append(kind.index(value))
        elif kind == "shape":
            continue
        elif kind == "ints":
            ints.append(-1 if value is None else len(value))
            ints.extend(value or ())
        elif kind == "floats":
            ints.append(-1 if value is None else len(value))
            reals.extend(value or ())
        elif kind == "dtype":
            ints.append(-1 if value is None else value.code)
        elif attr.optional:
            ints.append(0 if value is None else 1)
            if value is not None:
                (reals if kind == "float" else ints).append(value)
        elif kind == "float":
            reals.append(float(value))
        else:
            ints.append(int(value))
    return ints, reals
