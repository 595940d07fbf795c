"""How the main objects show themselves to a person at the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

import datavec
import dl4py
import nd4py as nd
from nd4py.data import DataSet
from nd4py.evaluation import Evaluation
from nd4py.normalizers import NormalizerMinMaxScaler, NormalizerStandardize
from nd4py.updaters import Adam

DATA = DataSet(
    np.array([[0, 2], [1, 4], [2, 6]], np.float32), np.eye(2, dtype=np.float32)[[0, 1, 1]]
)


def evaluated() -> Evaluation:
    evaluation = Evaluation()
    evaluation.eval(DATA.labels, DATA.labels)
    return evaluation


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (nd.asarray(DATA.features)[0], "NDArray([0., 2.])"),
        (DATA, "DataSet(features=[3, 2], labels=[3, 2])"),
        (Evaluation(), "<Evaluation: no data>"),
        (evaluated(), "<Evaluation: 2 classes, 3 rows, accuracy=1.0000>"),
        (NormalizerStandardize(), "NormalizerStandardize(not fitted)"),
        (
            NormalizerMinMaxScaler().fit(DATA),
            "NormalizerMinMaxScaler(min=[0., 2.], max=[2., 6.])",
        ),
        (
            dl4py.NeuralNetConfiguration(seed=1, updater=Adam(0.1)),
            f"NeuralNetConfiguration(seed=1, updater={Adam(0.1)!r})",
        ),
        (dl4py.DenseLayer(n_out=8), "DenseLayer(n_out=8)"),
        (dl4py.InputType.feed_forward(4), "InputTypeFeedForward(4)"),
        (
            datavec.RecordReaderDataSetIterator(datavec.CSVRecordReader(), 32),
            "<RecordReaderDataSetIterator: batches of 32 rows from <CSVRecordReader: nothing to read yet>>",
        ),
    ],
    ids=lambda x: type(x).__name__,
)
def test_object_describes_itself_in_a_line(thing, text) -> None:
    assert repr(thing) == text


def test_network_configuration_shows_what_was_chosen() -> None:
    conf = dl4py.NeuralNetConfiguration(seed=1).list(dl4py.OutputLayer(n_in=2, n_out=2))
    assert "mappingproxy" not in repr(conf)
    assert repr(dl4py.MultiLayerNetwork(conf)) == "<MultiLayerNetwork: 1 layer, 6 parameters>"
