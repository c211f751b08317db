"""How a PostgreSQL server is started, with programs that stand for its own: what is left, what is refused and said."""

import os
import subprocess
from pathlib import Path

import psutil
import pytest

from pipeline.core.errors import UserError
from pipeline.serving import postgres, ui

INITDB = '#!/bin/sh\nmkdir "$2"'
PG_CTL = """#!/bin/sh
for last; do :; done
[ "$last" = start ] || exit 0
[ -e "$2/old" ] || exit 0
printf 'LOG:  starts\\nFATAL:  the files are of another version\\nDETAIL:  They are of 14.\\n' > "$5"
echo 'Examine the log output.'; exit 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder for a server; its name has a space and a letter outside ASCII."""
    for name, text in {"initdb": INITDB, "pg_ctl": PG_CTL, "createdb": "#!/bin/sh\nexit 1"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(postgres, "programs", lambda: tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    return tmp_path / "sérver 1"


def test_one_program_at_a_time_runs_a_server_on_a_folder(folder):
    with postgres.running(folder, "a b") as databases:
        assert databases["a b"].startswith("postgresql://seamline@/a b?host=/")
        with pytest.raises(UserError, match="sérver 1: another program runs a server on this folder"):
            postgres.running(folder).__enter__()
    with postgres.running(folder):
        pass


def test_data_whose_maker_was_killed_is_made_anew(folder):
    (folder / "data.new" / "half").mkdir(parents=True)
    with postgres.running(folder):
        assert (folder / "data").is_dir() and not (folder / "data.new").exists()
        assert not (folder / "data" / "half").exists()


def test_what_the_server_says_is_the_reason(folder):
    with postgres.running(folder):
        (folder / "data" / "old").touch()
    with pytest.raises(UserError, match=r"pg_ctl failed: the files are of another version: They are of 14\.$"):
        postgres.running(folder).__enter__()


@pytest.mark.parametrize("is_it", [True, False])
def test_a_server_that_a_killed_program_left_is_ended_and_no_other_process(tmp_path, is_it):
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        started = psutil.Process(process.pid).create_time()
        (tmp_path / "process").write_text(f"{process.pid} {started if is_it else 1.5}")
        ui.end_left(tmp_path / "process")
        assert (process.poll() is None) is not is_it
    finally:
        process.kill()
        process.wait()
