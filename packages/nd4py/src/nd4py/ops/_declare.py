"""The two ways to declare an operation: `primitive` around its NumPy reference, `composed` around its decomposition.

Both return the public function, which runs on arrays and records itself on graph values.
"""

from __future__ import annotations

import operator as _operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, get_args

from nd4py import dtypes
from nd4py._backend import Kernels
from nd4py._core import Function, NDArray
from nd4py.dtypes import DType

from ._declaration import (
    NOT_DIFFERENTIABLE,
    REGISTRY,
    Attr,
    CanonicalRule,
    Dl4j,
    GradientRule,
    InferRule,
    Input,
    Op,
    Trait,
    _NotDifferentiable,
    register,
)
from ._execute import Prepared, canonical, execute, input_specs, run
from ._graph_variable import GraphVariable, install_operator

P = ParamSpec("P")

Samples = Callable[[], Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]]]

FUNCTIONS: dict[str, Callable[..., Any]] = {}  # public functions by operation name


def primitive(
    *namespaces: str,
    infer: InferRule,
    gradient: GradientRule | _NotDifferentiable,
    samples: Samples,
    outputs: tuple[str, ...] = ("output",),
    traits: tuple[Trait, ...] = (),
    dl4j: Dl4j | None = None,
    operator: str | None = None,
    canonical: CanonicalRule | None = None,
    tolerances: Mapping[str, float] | None = None,
    native: bool = False,
    view: Callable[..., Any] | None = None,
    direct: Callable[..., Any] | None = None,
    array_api: str = "",
    lowering: Callable[..., tuple[str, list[int], list[float]]] | None = None,
    name: str | None = None,
    public: str | None = None,
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Declares the decorated NumPy body as an operation of its own.

    Positional parameters are array inputs (``=None``: optional; ``*xs``: one or more), keyword-only ones are
    attributes.
    Without namespaces it is a building block of others, reached only through ``nd4py.ops``.
    """

    def declare(body: Callable[P, Any]) -> Callable[P, Any]:
        inputs, attrs = _signature(body)
        op = Op(
            name=name or body.__name__,
            public=public or name or body.__name__,
            namespaces=namespaces,
            inputs=inputs,
            attrs=attrs,
            outputs=outputs,
            infer=infer,
            reference=body,
            compose=None,
            gradient=gradient,
            traits=frozenset(traits),
            dl4j=dl4j,
            doc=body.__doc__ or "",
            samples=samples,
            tolerances=tolerances or {},
            native=native,
            canonical=canonical,
            view=view,
            direct=direct,
            array_api=array_api,
            lowering=lowering,
        )
        return _publish(register(op), body, operator)

    return declare


def composed(
    *namespaces: str,
    samples: Samples,
    outputs: tuple[str, ...] = ("output",),
    gradient: GradientRule | _NotDifferentiable | None = None,
    traits: tuple[Trait, ...] = (),
    dl4j: Dl4j | None = None,
    canonical: CanonicalRule | None = None,
    tolerances: Mapping[str, float] | None = None,
    operator: str | None = None,
    name: str | None = None,
    public: str | None = None,
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Declares the decorated decomposition, written with other operations, as an operation.

    ``gradient`` is given only where the derivative of the decomposition is not what is wanted: at a kink with a stated
    convention, or where the direct formula is more accurate.
    """

    def declare(body: Callable[P, Any]) -> Callable[P, Any]:
        inputs, attrs = _signature(body)
        op = Op(
            name=name or body.__name__,
            public=public or name or body.__name__,
            namespaces=namespaces,
            inputs=inputs,
            attrs=attrs,
            outputs=outputs,
            infer=None,
            reference=None,
            compose=body,
            gradient=gradient,
            traits=frozenset(traits),
            dl4j=dl4j,
            doc=body.__doc__ or "",
            samples=samples,
            tolerances=tolerances or {},
            canonical=canonical,
        )
        return _publish(register(op), body, operator)

    return declare


# ------------------------------------------------------------------------------------------------------- signatures

_KINDS = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "DType": "dtype",
    "tuple[int, ...]": "ints",
    "Ints": "ints",
    "tuple[float, ...]": "floats",
    "Floats": "floats",
    "Shape": "shape",
}


def _signature(body: Callable[..., Any]) -> tuple[tuple[Input, ...], tuple[Attr, ...]]:
    """Inputs and attributes from the code object: reading it costs a tenth of ``inspect.signature``."""
    code = body.__code__
    names = code.co_varnames
    count = code.co_argcount
    optional = count - len(body.__defaults__ or ())
    notes = body.__annotations__
    inputs = [
        Input(n, optional=i >= optional, integral=notes.get(n) == "Integers")
        for i, n in enumerate(names[:count])
    ]
    end = count + code.co_kwonlyargcount
    if code.co_flags & 0x04:  # *arrays
        inputs.append(Input(names[end], variadic=True))
    defaults = body.__kwdefaults__ or {}
    attrs = tuple(_attr(n, notes.get(n), defaults, body) for n in names[count:end])
    return tuple(inputs), attrs


def _attr(
    name: str, annotation: Any, defaults: Mapping[str, Any], body: Callable[..., Any]
) -> Attr:
    text = str(annotation)
    optional = text.endswith(" | None")
    text = text.removesuffix(" | None")
    kind: str | tuple[str, ...] | None = _KINDS.get(text)
    if text.startswith("Literal["):
        kind = tuple(part.strip().strip("'\"") for part in text[len("Literal[") : -1].split(","))
    elif kind is None:  # an alias of a Literal in the module of the declaration
        kind = get_args(body.__globals__.get(text)) or None
    if kind is None:
        raise TypeError(f"attribute {name}: no attribute kind for annotation {annotation!r}")
    if name in defaults:
        return Attr(name, kind, defaults[name], optional=optional)
    return Attr(name, kind, optional=optional)


def coerce(op: Op, attr: Attr, value: Any) -> Any:
    """The plain, hashable value of an attribute, from what a caller gave.

    Raises:
        TypeError, ValueError: it is not of the attribute's kind.
    """
    kind = attr.kind
    if value is None:
        if attr.optional:
            return None
        raise TypeError(f"{op.name}: {attr.name} is required, received None")
    try:
        if kind == "int":
            return _operator.index(value)
        if kind == "float":
            return float(value)
        if kind == "bool":
            if isinstance(value, (str, bytes)) or hasattr(value, "__len__"):
                raise TypeError(value)
            return bool(value)
        if kind in ("ints", "shape"):
            return (
                (_operator.index(value),)
                if hasattr(value, "__index__")
                else tuple(map(_operator.index, value))
            )
        if kind == "floats":
            return (float(value),) if isinstance(value, (int, float)) else tuple(map(float, value))
    except (TypeError, ValueError):
        raise TypeError(
            f"{op.name}: {attr.name} must be {_EXPECTED[str(kind)]}, received {value!r}"
        ) from None
    if kind == "dtype":
        return dtypes.dtype(value)
    if value not in kind:
        raise ValueError(
            f"{op.name}: {attr.name} must be one of {', '.join(map(repr, kind))}, received {value!r}"
        )
    return value


_EXPECTED = {
    "int": "an integer",
    "float": "a number",
    "bool": "True or False",
    "shape": "a sequence of sizes",
    "ints": "an integer or a sequence of integers",
    "floats": "a number or a sequence of numbers",
}


def bind(
    op: Op, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Splits a call into inputs and attributes: attributes may follow the inputs by position, inputs may be named.

    Raises:
        TypeError: something is missing, unknown or given twice.
    """
    declared = op.inputs
    if declared and declared[-1].variadic:
        fixed = len(declared) - 1
        inputs, rest = list(args), ()
        if len(args) > fixed and isinstance(args[fixed], (list, tuple)):
            inputs, rest = [*args[:fixed], *args[fixed]], args[fixed + 1 :]
        if len(inputs) <= fixed:
            raise TypeError(
                f"{op.name}: expected one or more arrays as {declared[-1].name!r}, received none"
            )
    else:
        count = len(declared)
        inputs, rest = list(args[:count]), args[count:]
        for i in range(len(inputs), count):
            spec = declared[i]
            if spec.name in kwargs:
                inputs.append(kwargs[spec.name])
            elif spec.optional:
                inputs.append(None)
            else:
                raise TypeError(f"{op.name}: missing input {spec.name!r}; it takes {_describe(op)}")
        for i, spec in enumerate(declared):
            if inputs[i] is None and not spec.optional:
                raise TypeError(f"{op.name}: input {spec.name!r} must be an array, received None")
    attrs: dict[str, Any] = {}
    if len(rest) > len(op.attrs):
        raise TypeError(f"{op.name}: too many arguments; it takes {_describe(op)}")
    for i, attr in enumerate(op.attrs):
        if i < len(rest):
            if attr.name in kwargs:
                raise TypeError(f"{op.name}: {attr.name!r} is given twice")
            attrs[attr.name] = coerce(op, attr, rest[i])
        elif attr.name in kwargs:
            attrs[attr.name] = coerce(op, attr, kwargs[attr.name])
        elif attr.required:
            raise TypeError(f"{op.name}: missing {attr.name!r}; it takes {_describe(op)}")
        else:
            attrs[attr.name] = attr.default
    for key in kwargs:
        if key not in attrs and not any(key == s.name for s in declared[len(args) :]):
            raise TypeError(f"{op.name}: unexpected argument {key!r}; it takes {_describe(op)}")
    return inputs, attrs


def _describe(op: Op) -> str:
    parts = [
        ("*" if s.variadic else "") + s.name + ("=None" if s.optional else "") for s in op.inputs
    ]
    parts += [a.name if a.required else f"{a.name}={a.default!r}" for a in op.attrs]
    return f"({', '.join(parts)})"


# --------------------------------------------------------------------------------------------------- public function


def call(op: Op, inputs: Sequence[Any], attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """All outputs of an operation, hidden ones included, on arrays or graph values."""
    for value in inputs:
        if isinstance(value, GraphVariable):
            result = value._record(op, inputs, attrs)
            return result if isinstance(result, tuple) else (result,)
    if op.compose is None:
        return run(op, inputs, attrs)
    result = op.compose(*inputs, **canonical(op, input_specs(inputs, op), dict(attrs)))
    return result if isinstance(result, tuple) else (result,)


# Prepared calls of one operation are few in a program; a loop over many shapes must not keep them all.
_MAX_PREPARED = 256
_PLAIN = frozenset({int, float, bool, str, tuple, DType, type(None)})


def _publish(op: Op, body: Callable[..., Any], operator: str | None) -> Callable[..., Any]:
    visible = tuple(i for i, n in enumerate(op.outputs) if not n.startswith("_"))
    single = visible[0] if len(visible) == 1 else None
    partial = single is not None and len(op.outputs) > 1
    prepared: dict[Any, Prepared] = {}
    Kernels.prepared.append(prepared)

    def general(args: tuple[Any, ...], kwargs: dict[str, Any], key: Any) -> Any:
        inputs, attrs = bind(op, args, kwargs)
        for value in inputs:
            if isinstance(value, GraphVariable):
                result = value._record(op, inputs, attrs)
                return result[single] if partial else result
        if op.compose is not None:
            if op.canonical is not None:
                attrs = canonical(op, input_specs(inputs, op), attrs)
            return op.compose(*inputs, **attrs)
        outputs, plan = execute(op, inputs, attrs)
        if key is not None and plan is not None:
            if len(prepared) >= _MAX_PREPARED:
                prepared.clear()
            prepared[key] = plan
        if single is not None:
            return outputs[single]
        return outputs if len(outputs) > 1 else outputs[0]

    def function(*args: Any, **kwargs: Any) -> Any:
        """The same call on arrays of the same dtypes and shapes goes to the kernel at once."""
        arrays: list[Any] = []
        key: list[Any] = []
        for value in args:
            kind = type(value)
            if kind is NDArray:
                key.append(value.dtype)
                key.append(value.shape)
                arrays.append(value)
            elif kind in _PLAIN:
                key.append(kind)
                key.append(value)
            else:
                return general(args, kwargs, None)
        for name, value in kwargs.items():
            if type(value) not in _PLAIN:
                return general(args, kwargs, None)
            key.append(name)
            key.append(value)
        identity = tuple(key)
        try:
            plan = prepared.get(identity)
        except TypeError:  # a tuple with an array in it
            return general(args, kwargs, None)
        if plan is None:
            return general(args, kwargs, identity)
        outputs = plan(arrays)
        if outputs is None:
            return general(args, kwargs, None)
        if single is not None:
            return outputs[single]
        return tuple(outputs) if len(outputs) > 1 else outputs[0]

    function.__name__ = function.__qualname__ = body.__name__
    function.__module__ = body.__module__
    function.__doc__ = body.__doc__
    # Elementwise operations of the active backend run without a Python frame; all else goes to `function`.
    public = Function(op.name, function)
    public.__wrapped__ = body  # inspect.signature reads the declaration from it
    public.op = op
    FUNCTIONS[op.name] = public
    if operator is not None:
        install_operator(operator, public)
    return public


__all__ = [
    "FUNCTIONS",
    "NOT_DIFFERENTIABLE",
    "REGISTRY",
    "Dl4j",
    "Trait",
    "bind",
    "coerce",
    "composed",
    "primitive",
]
