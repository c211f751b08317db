"""Finds the stages and commands by the names of their modules, and lists them with their first docstring lines."""

import ast
import difflib
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

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for room in ROOMS for name in names(room)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for room in ROOMS:
            if cmd_name in names(room):
                module = importlib.import_module(f"pipeline.{room}.{cmd_name}")
                return (
                    module.main if isinstance(module.main, click.Command) else cli.command(module.__doc__)(module.main)
                )
        close = difflib.get_close_matches(cmd_name, self.list_commands(ctx), n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        ctx.fail(f"there is no {cmd_name}; {hint}`python -m pipeline` lists all")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        cli.write_as_it_is(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for room, title in ROOMS.items():
            with formatter.section(title):
                formatter.write_dl([(name, first_line(room, name)) for name in names(room)])


def run(doc: str) -> None:
    """Runs the command that the command line names; `doc` heads the list of all."""
    group = Commands(help=doc, context_settings=cli.SETTINGS)
    with cli.click_errors(), group.make_context("python -m pipeline", sys.argv[1:] or ["--help"]) as context:
        group.invoke(context)
