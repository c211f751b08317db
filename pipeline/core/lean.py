"""How a program or a worker begins and ends in less time.

A library is imported without the optional ones that it looks for and that nobody here uses through it. keras takes
scikit-learn for its wrappers, matplotlib for its galleries and IPython for its notebooks, if they are installed: a
fifth of the CPU seconds of `import tensorflow`, at each start of a stage and of a worker.
"""

import atexit
import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

UNUSED = {"keras": ("sklearn", "matplotlib", "IPython")}


class LeanFinder:
    """Finds some libraries as ever; their code then runs with others hidden."""

    def __init__(self, unused: Mapping[str, Sequence[str]]) -> None:
        self.unused = unused

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in self.unused:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = LeanLoader(spec.loader, self.unused[name])
        return spec


class LeanLoader(Loader):
    """Loads a module as its own loader does, with some libraries hidden meanwhile."""

    def __init__(self, loader: Loader, unused: Sequence[str]) -> None:
        self.loader, self.unused = loader, unused

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with hidden(self.unused):
            self.loader.exec_module(module)


@contextmanager
def hidden(names: Sequence[str]) -> Iterator[None]:
    """In the block, an import of one of these fails as if it were not installed, unless it is imported already."""
    new = [name for name in names if name not in sys.modules]
    for name in new:
        sys.modules[name] = None  # type: ignore[assignment]  # Python's word for it
    try:
        yield
    finally:
        for name in new:
            del sys.modules[name]


def install() -> None:
    """From now on, in this process, which also looks for garbage less often, and not once more when it ends."""
    gc.set_threshold(50_000)  # at 700, a sixth of the time in which tensorflow and mlflow are imported goes into it
    atexit.register(gc.freeze)  # up to a second
    sys.meta_path.insert(0, LeanFinder(UNUSED))
