"""`python -m pipeline`: one entrance to all stages and commands."""

import os
import shutil
import subprocess
import sys
import textwrap

import pytest
from helpers.project import ROOT

from pipeline.core import menu


def pipeline(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_alone_it_lists_every_stage_and_command_with_its_first_line():
    shown = pipeline()
    assert shown.returncode == 0
    listed = " ".join(shown.stdout.split())
    for room in menu.ROOMS:
        for name in menu.names(room):
            assert f"{name} {menu.first_line(room, name)}" in listed


@pytest.mark.parametrize("arguments", [["train", "--help"], ["verify", "-h"]])
def test_help_is_the_docstring_of_the_module_as_it_stands(arguments):
    shown = pipeline(*arguments)
    module = __import__(
        f"pipeline.{'stages' if arguments[0] == 'train' else 'commands'}.{arguments[0]}", fromlist=["x"]
    )
    assert shown.returncode == 0 and textwrap.indent(module.__doc__.strip(), "  ") in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["trian"], "error: there is no trian; `python -m pipeline` lists all. Did you mean 'train'?"),
        (["tune", "--trails", "3"], "error: No such option '--trails'. (Did you mean one of: '--ray', '--trials'?)"),
        (["tune", "--tril", "2"], "error: No such option '--tril'. Did you mean '--trials'?"),
        (["train", "now"], "error: Got unexpected extra argument (now)"),
    ],
)
def test_a_slip_on_the_command_line_is_one_line_and_exit_code_2(arguments, line):
    shown = pipeline(*arguments)
    assert (shown.returncode, shown.stderr.strip(), shown.stdout) == (2, line, "")


def test_a_command_imports_no_other_one():
    code = (
        "import runpy, sys; sys.argv = ['pipeline', 'repair', '--help']\n"
        "try: runpy.run_module('pipeline', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('pipeline.commands.')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "['pipeline.commands.repair']"


def test_no_bytecode_is_left_which_a_full_disk_could_cut_short(tmp_path):
    shutil.copytree(ROOT / "pipeline", tmp_path / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment.pop("PYTHONPYCACHEPREFIX", None)
    subprocess.run([sys.executable, "-m", "pipeline"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    left = [path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")]
    assert sorted(left) == ["__init__", "__main__"], "smaller than a block, which the disk takes or not"
