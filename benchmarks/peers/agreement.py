"""Whether the sides have the same cases, told from the sources: no side needs to be installed."""

import ast
import pathlib

from definitions import Function, Training, Transformed, definitions

HERE = pathlib.Path(__file__).parent
SIDES = ("jax", "mlx", "torch")
TABLES = {Function: ("FUNCTIONS", "NETWORKS"), Transformed: ("TRANSFORMED",), Training: ("LOSSES",)}


def table(path, name):
    """The dictionary that a file assigns to a name: keys and, where they are constants, values."""
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == name:
            pairs = zip(statement.value.keys, statement.value.values)
            return {key.value: getattr(value, "value", None) for key, value in pairs}
    raise KeyError(f"{path.name} has no table {name}")


def missing(side):
    return table(HERE / f"{side}_side.py", "MISSING")


def disagreements(cases):
    """What is wrong, given the cases of xgrad and libtorch."""
    defined, wrong = definitions(), []
    wrong += [f"{name}: the sides in Python have no definition of it" for name in cases if name not in defined]
    wrong += [f"{name}: xgrad has no such case" for name in defined if name not in cases]
    for side in SIDES:
        without = missing(side)
        wrong += [f"{name}: {side} gives a reason for a case that is not there" for name in without
                  if name not in defined]
        for kind, names in TABLES.items():
            written = {key for name in names for key in table(HERE / f"{side}_functions.py", name)}
            used = {d.key for d in defined.values() if isinstance(d, kind)}
            wrong += [f"{key}: {side} writes it for no case" for key in sorted(written - used)]
            wrong += [f"{name}: {side} neither writes {d.key} nor says why" for name, d in defined.items()
                      if isinstance(d, kind) and d.key not in written and name not in without]
    return wrong
