"""The modules of pipeline/ and what they import, read from their text."""

import ast
import functools

from helpers.project import ROOT

PACKAGE = ROOT / "pipeline"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__init__.py" or (path.parent != PACKAGE and path.stat().st_size)
}


@functools.cache
def imported(name: str) -> set[str]:
    """The modules of pipeline/ that one of them imports, at any depth of its code, type checking too."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline"):
            above = node.module.removeprefix("pipeline").lstrip(".")
            for alias in node.names:
                inside = f"{above}.{alias.name}".lstrip(".")
                found.add(inside if inside in MODULES else above)
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("pipeline.") for alias in node.names if alias.name.startswith("pipeline.")
            }
    return found


def closure(*names: str) -> set[str]:
    """Modules and all that they import, directly or not."""
    seen, todo = set(), list(names)
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += imported(module)
    return seen


def room(module: str) -> str:
    return module.partition(".")[0]


def place(module: str) -> str:
    return MODULES[module].relative_to(PACKAGE).as_posix()
