"""What ``import dl4py`` gives and costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import dl4py


def test_every_public_name_exists():
    for name in dl4py.__all__:
        assert getattr(dl4py, name) is not None
    assert set(dl4py.__all__) <= set(dir(dl4py))


def test_names_are_the_objects_of_their_modules():
    from dl4py.conf import InputType
    from dl4py.conf.layers import DenseLayer

    assert dl4py.InputType is InputType
    assert dl4py.DenseLayer is DenseLayer


def test_type_checkers_see_the_same_names():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(dl4py.__file__).read_text())
    block = next(
        n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"
    )
    seen = {
        alias.asname
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == set(dl4py.__all__) - {"__version__"}


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dl4py' has no attribute 'Nonsense'"):
        _ = dl4py.Nonsense


def test_import_leaves_out_what_is_rarely_needed():
    code = "import sys, json, dl4py; print(json.dumps(sorted(sys.modules)))"
    found = set(
        json.loads(
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        )
    )
    assert found.isdisjoint({"datavec", "pyarrow", "click", "tqdm", "samediff", "nd4py", "numpy"})
    code = "import sys, json, dl4py; dl4py.MultiLayerNetwork; dl4py.DenseLayer; print(json.dumps(sorted(sys.modules)))"
    found = set(
        json.loads(
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        )
    )
    assert found.isdisjoint({"datavec", "pyarrow", "click", "tqdm", "nd4py.evaluation"})


def test_every_layer_class_is_public():
    from dl4py.conf import layers
    from dl4py.conf.layers._base import FAMILY

    assert {c.__name__ for c in FAMILY} <= set(layers.LAYERS) <= set(dl4py.__all__)
