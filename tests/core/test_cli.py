import errno
import os
import signal

import pytest

from pipeline.core import cli, errors
from pipeline.core.errors import UserError


@pytest.fixture(autouse=True)
def handlers():
    """Puts back what handles signals in the process of the tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (UserError("params.yaml: no"), 1, "error: params.yaml: no"),
        (
            OSError(errno.ENOSPC, "No space left on device", "data/raw/x"),
            1,
            "error: data/raw/x: No space left on device",
        ),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C"),
    ],
)
def test_what_the_user_can_mend_is_one_line_and_an_exit_code(raised, code, message, capsys):
    def main():
        raise raised

    with pytest.raises(SystemExit) as stopped:
        cli.run_cli(main)
    shown = stopped.value.code if isinstance(stopped.value.code, str) else capsys.readouterr().err
    assert message in shown
    assert stopped.value.code in (code, shown)


def test_a_polite_kill_ends_as_ctrl_c_does():
    def main():
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as stopped:
        cli.run_cli(main)
    assert stopped.value.code == 130


def test_a_second_signal_right_after_the_first_does_not_disturb_what_that_ends(monkeypatch):
    done = []

    def main():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # as `mlflow run` does
            done.append("in order")
            later = cli.time.monotonic() + 2
            monkeypatch.setattr(cli.time, "monotonic", lambda: later)
            os.kill(os.getpid(), signal.SIGINT)
            done.append("never here: the user has lost patience")

    with pytest.raises(SystemExit) as stopped:
        cli.run_cli(main)
    assert stopped.value.code == 130 and done == ["in order"]


def test_an_interrupt_waits_until_mlflow_has_done_what_it_is_at():
    done = []

    def main():
        in_mlflow = {"__name__": "mlflow.store", "done": done, "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT)}
        exec("def log():\n    interrupt()\n    done.append('whole')\nlog()", in_mlflow)
        signal.pause()
        done.append("never here")

    with pytest.raises(SystemExit) as stopped:
        cli.run_cli(main)
    assert stopped.value.code == 130 and done == ["whole"]


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
