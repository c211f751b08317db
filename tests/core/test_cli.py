import errno

import pytest

from pipeline.core import cli
from pipeline.core.errors import UserError


def test_one_of_something_is_no_plural():
    assert [cli.counted(count, "epoch") for count in (1, "1", 2, "?")] == ["1 epoch", "1 epoch", "2 epochs", "? epochs"]


@pytest.mark.parametrize(
    ("raised", "line"),
    [
        (UserError("params.yaml: no"), "error: params.yaml: no"),
        (UserError("run \x1b[2J of u:s3cret: http://u:s3cret@h"), r"error: run \x1b[2J of u:s3cret: http://u:***@h"),
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


def test_what_commands_a_terminal_or_hides_in_it_is_written_out(capsys):
    cli.say("é × …\n\tred \x1b[31m, back \b\r, backwards \u202e, none \udc80")
    assert capsys.readouterr().out == "é × …\n\tred \\x1b[31m, back \\x08\\r, backwards \\u202e, none \\udc80\n"
