import ast
from pathlib import Path

import samediff
from nd4py.ops import REGISTRY


def test_passes_never_name_an_operation():
    folder = Path(samediff.__file__).parent / "passes"
    files = sorted(folder.glob("*.py"))
    assert len(files) >= 4
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in REGISTRY, f"{file.name}:{node.lineno} names {node.value!r}"
            if isinstance(node, ast.Attribute) and node.attr == "name":
                owner = node.value
                asks_op = isinstance(owner, ast.Attribute) and owner.attr == "op"
                assert not asks_op, f"{file.name}:{node.lineno} asks an operation for its name"


def test_public_names_resolve():
    for name in samediff.__all__:
        assert getattr(samediff, name) is not None
    assert set(dir(samediff)) == set(samediff.__all__)
