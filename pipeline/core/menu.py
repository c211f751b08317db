"""Finds the stages and commands by the names of their modules, and lists them with their first docstring lines."""

import ast
import importlib
import sys

import click

from pipeline.core import cli
from pipeline.core.code_hash import PACKAGE

ROOMS = {"stages": "Stages (run by `dvc repro`)", "commands": "Commands"}


def names(room: str) -> list[str]:
    """The modules in a room: each is a stage or a command of that name."""
    return sorted(path.stem for path in (PACKAGE / room).glob("[a-z]*.py"))


def first_line(room: str, name: str) -> str:
    """The first line of a module's docstring, without importing the module."""
    tree = ast.parse((PACKAGE / room / f"{name}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


class Commands(click.Group):
    """Finds a command by the name of its module, and imports that alone."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        for room in ROOMS:
            if cmd_name in names(room):
                module = importlib.import_module(f"pipeline.{room}.{cmd_name}")
                is_command = isinstance(module.main, click.Command)
                return module.main if is_command else cli.command(module.__doc__)(module.main)
        known = [name for room in ROOMS for name in names(room)]
        raise click.NoSuchCommand(cmd_name, f"there is no {cmd_name}; `python -m pipeline` lists all.", known)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for room, title in ROOMS.items():
            with formatter.section(title):
                formatter.write_dl([(name, first_line(room, name)) for name in names(room)])


def run(doc: str) -> None:
    """Runs the command that the command line names; `doc` heads the list of all."""
    group = cli.command(doc, cls=Commands)(lambda: None)
    with group.make_context("python -m pipeline", sys.argv[1:] or ["--help"]) as context:
        group.invoke(context)
