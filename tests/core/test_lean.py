import atexit
import gc
import sys

import pytest

from pipeline.core import lean
from pipeline.tuning import launch

LIBRARY = """
try:
    import optional
    from optional.part import thing
except ImportError:
    optional = None
from . import inside
"""


def test_a_library_does_without_what_is_unused_and_others_find_it_afterwards(tmp_path, monkeypatch):
    for name, code in (("library", LIBRARY), ("other", LIBRARY), ("optional", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(code)
        (tmp_path / name / "inside.py").touch()
    (tmp_path / "optional" / "part.py").write_text("thing = 1")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [lean.LeanFinder({"library": ("optional",)}), *sys.meta_path])
    modules = dict(sys.modules)
    try:
        import library

        assert library.optional is None and library.inside and "optional" not in sys.modules
        import other

        assert other.optional.part.thing == 1
        del sys.modules["library"], sys.modules["library.inside"]
        import library

        assert library.optional is other.optional, "what is imported already is not taken away"
    finally:
        for name in set(sys.modules) - set(modules):
            del sys.modules[name]


def test_a_worker_begins_lean_as_all_programs_do(monkeypatch):
    registered = []
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(gc, "set_threshold", registered.append)
    monkeypatch.setattr(atexit, "register", registered.append)
    lean.install()
    assert isinstance(sys.meta_path[0], lean.LeanFinder) and registered == [50_000, gc.freeze]

    monkeypatch.setattr(lean, "install", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        launch._work(None, 0)


def test_keras_looks_for_what_is_hidden_from_it():
    """If a later keras does not, the list is too long."""
    from importlib.util import find_spec
    from pathlib import Path

    (folder,) = find_spec("keras").submodule_search_locations
    code = "".join(path.read_text() for path in Path(folder, "src").rglob("*.py") if "_test" not in path.name)
    assert [name for name in lean.UNUSED["keras"] if f"import {name}" not in code] == []
