import ast
from pathlib import Path

import pytest

import mdml_tune.data.rooms

SOURCES = sorted(Path(mdml_tune.data.rooms.__file__).parent.glob("*.py"))

ROUNDED_ALIKE_EVERYWHERE = {
    "abs", "arange", "array", "ascontiguousarray", "choose", "flatnonzero", "floor", "maximum",
    "minimum", "ones", "ones_like", "repeat", "sqrt", "stack", "tile", "unique", "where", "zeros",
    "zeros_like",
    "bool_", "float32", "float64", "int64", "uint32", "inf",
    "random", "Generator", "PCG64", "SeedSequence",
}  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_only_exact_arithmetic_is_used(path: Path) -> None:
    # Sines, exponentials, powers, sums and products of matrices differ from machine to machine.
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    used = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        and node.value.id == "np"
    }  # fmt: skip
    assert used <= ROUNDED_ALIKE_EVERYWHERE
    assert not any(isinstance(node, ast.Pow | ast.MatMult) for node in nodes)
    imported = {n.name for node in nodes if isinstance(node, ast.Import) for n in node.names}
    assert imported <= {"numpy"}
    methods = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    assert not methods & {"sum", "mean", "dot", "prod", "cumsum", "std", "normal", "uniform"}
