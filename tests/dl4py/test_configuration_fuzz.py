"""Configurations with values that nobody meant: they are read or refused, nothing else."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layer_samples import SAMPLES

from dl4py import (
    ConfigurationError,
    MultiLayerConfiguration,
    MultiLayerNetwork,
    NeuralNetConfiguration,
)

TEXTS = [
    NeuralNetConfiguration(seed=1, dropout=0.5, l2=0.1)
    .list(*sample.layers, input_type=sample.input_type)
    .to_json()
    for sample in SAMPLES
]

odd_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(-3, 3), max_size=4),
    st.dictionaries(st.sampled_from(["@class", "value", "x"]), st.text(max_size=5), max_size=2),
)


def places(tree, path=()):
    """All places of a JSON tree, as paths."""
    yield path
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, value in items:
        yield from places(value, (*path, key))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(TEXTS),
    st.randoms(use_true_random=False),
    st.lists(odd_values, min_size=1, max_size=3),
)
def test_odd_values_are_read_or_refused(
    text: str, chooser: random.Random, values: list[object]
) -> None:
    tree = json.loads(text)
    for value in values:
        *path, last = chooser.choice([p for p in places(tree) if p])
        node = tree
        for key in path:
            node = node[key]
        node[last] = value
    try:
        conf = MultiLayerConfiguration.from_json(json.dumps(tree))
        if all(n < 10**4 for n in map(abs, sizes(conf))):
            MultiLayerNetwork(conf)
    except ConfigurationError:
        return
    conf.to_json()


def sizes(conf):
    for layer in conf.layers:
        yield from (getattr(layer, n, 0) for n in ("n_in", "n_out"))


@pytest.mark.parametrize("text", TEXTS[:3])
def test_cut_text_is_refused(text):
    for end in range(0, len(text) - 1, 97):
        with pytest.raises(ConfigurationError):
            MultiLayerConfiguration.from_json(text[:end])
