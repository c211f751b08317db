import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.core.errors import UserError
from pipeline.core.untrusted import PATTERNS, checked


@pytest.mark.parametrize("kind", PATTERNS)
@given(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()), st.from_regex(r"[a-f0-9./\n\0-]+")))
@example("/etc")
@example("..")
@example(".")
@example("a/../../b")
@example("ab" * 16 + "\n")
@example("ab" * 16 + "\0")
@example("~root")
@example("")
def test_what_passes_is_one_name_in_a_folder_or_a_path_below_it(kind, value):
    folder = Path("/some/folder")
    try:
        name = checked(value, kind, "the journal")
    except UserError as error:
        assert str(error).startswith("the journal: ")
        assert "\n" not in str(error)
    else:
        place = (folder / name).resolve()
        if kind == "path":
            assert folder in place.parents and not any(unicodedata.category(letter) == "Cc" for letter in name)
        else:
            assert place.parent == folder and name.isprintable()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("run id", "0" * 32),
        ("sha256", "f" * 64),
        ("md5", "0" * 32 + ".dir"),
        ("commit", "0" * 40),
        ("name", "my-study_1.2"),
        ("path", "data/a é/.hidden..x/b"),
    ],
)
def test_what_the_stores_really_hold_passes(kind, value):
    assert checked(value, kind, "x") == value
