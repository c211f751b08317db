"""Commands in the tests' own process, which has its libraries already: a program would import them for seconds."""

import sys

from helpers.project import Project
from pipeline.core import cli, menu
from pipeline.provenance import git


def inside(project: Project, *command: str, monkeypatch, capfd, fails: bool = False, **environment: str) -> str:
    """Does what `python -m pipeline` does with these words in a project; it has to fail or not.

    Returns what it prints, and what the programs print that it starts, errors too.
    """
    git.is_in_history.cache_clear()
    capfd.readouterr()
    with monkeypatch.context() as patch:
        patch.chdir(project.folder)
        patch.setattr(sys, "argv", ["pipeline", *command])
        settings = {"DVC_ROOT": str(project.folder), "MLFLOW_TRACKING_URI": ""}  # the place of the MLflow store
        for name, value in (settings | environment).items():
            patch.setenv(name, value)
        code: int | str | None = 0
        try:
            cli.run_cli(lambda: menu.run("all"))
        except SystemExit as ended:
            code = ended.code
    captured = capfd.readouterr()
    shown = captured.out + captured.err + (code if isinstance(code, str) else "")
    assert bool(code) == fails, shown
    return shown
