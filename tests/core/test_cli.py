import errno

import pytest

from pipeline.core import cli, errors
from pipeline.core.errors import UserError


@pytest.mark.parametrize(
    ("raised", "line"),
    [
        (UserError("params.yaml: no"), "error: params.yaml: no"),
        (OSError(errno.ENOSPC, "No space left on device", "data/raw/x"), "error: data/raw/x: No space left on device"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_exit_code_1(raised, line):
    def main():
        raise raised

    with pytest.raises(SystemExit) as stopped:
        cli.run_cli(main)
    assert stopped.value.code == line, "Python prints it and exits with 1"


def test_a_defect_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.run_cli(lambda: 1 / 0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no postgresql://u:pw@h:5432/x there", "no postgresql://u:***@h:5432/x there"),
        ("postgresql://u:p@ss@h/x", "postgresql://u:***@h/x"),
        ("postgresql:/u:pw@h/x", "postgresql:/u:***@h/x"),
        ("https://token@h/x", "https://***@h/x"),
        ("http://h:80/x@2 and me@example.org", "http://h:80/x@2 and me@example.org"),
    ],
)
def test_passwords_and_tokens_in_addresses_become_asterisks(text, shown):
    assert errors.mask_passwords(text) == shown
    assert errors.mask_passwords(shown) == shown
