"""Normalizer files, both directions: the same statistics, and the same arrays after them."""

from __future__ import annotations

import numpy as np
import pytest

from nd4py.data import DataSet
from nd4py.normalizers import NormalizerMinMaxScaler, NormalizerStandardize, load

pytestmark = pytest.mark.jvm

KINDS = {"standardize": NormalizerStandardize, "min-max": NormalizerMinMaxScaler}


def table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    features = rng.normal([3.0, -20.0, 0.5], [2.0, 9.0, 0.01], size=(40, 3)).astype(np.float32)
    labels = rng.uniform(-5.0, 25.0, size=(40, 2)).astype(np.float32)
    return features, labels


@pytest.mark.parametrize("with_labels", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_normalizers_both_directions(jvm, kind: str, with_labels: bool) -> None:
    features, labels = table()
    given = {"features": jvm.put("x", features)}
    wanted = {"transformed": jvm.wanted("theirs"), "reverted": jvm.wanted("reverted")}
    if with_labels:
        given["labels"] = jvm.put("y", labels)
        wanted["transformed_labels"] = jvm.wanted("their-labels")

    ours = KINDS[kind](fit_label=with_labels)
    ours.fit(DataSet(features, labels))
    ours.save(jvm.path("ours.bin"))
    (applied,) = jvm.run(
        {"job": "normalizer-apply", "normalizer": jvm.path("ours.bin")} | given | wanted
    )
    assert applied["class"] == KINDS[kind].__name__
    np.testing.assert_allclose(
        jvm.get("theirs"), np.asarray(ours.transform_features(features)), rtol=1e-6, atol=1e-6
    )
    np.testing.assert_allclose(jvm.get("reverted"), features, rtol=1e-5, atol=1e-5)
    if with_labels:
        np.testing.assert_allclose(
            jvm.get("their-labels"), np.asarray(ours.transform_labels(labels)), rtol=1e-6, atol=1e-6
        )

    jvm.run(
        {"job": "normalizer-fit", "kind": kind, "save": jvm.path("theirs.bin")} | given | wanted
    )
    theirs = load(jvm.path("theirs.bin"))
    assert type(theirs) is KINDS[kind]
    np.testing.assert_allclose(
        np.asarray(theirs.transform_features(features)), jvm.get("theirs"), rtol=1e-6, atol=1e-6
    )
    if with_labels:
        np.testing.assert_allclose(
            np.asarray(theirs.transform_labels(labels)),
            jvm.get("their-labels"),
            rtol=1e-6,
            atol=1e-6,
        )
