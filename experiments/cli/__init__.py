"""The command `s6`: a file of this folder per command, imported when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

import s6core
from experiments.runner.lock import BusyError
from s6core.config import ConfigError
from s6core.idx import DataError
from s6core.results import ResultsError

COMMANDS = ("net", "rf", "data", "run", "status", "compare", "table", "claims", "studies", "measure", "rm")
"""Each command, a module of this folder that holds it under its own name."""


class Lazy(click.Group):
    """A group whose commands are modules of a package, imported when they are asked for."""

    def __init__(self, *, modules: Sequence[str], package: str, named: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.modules, self.package, self.named = modules, package, named

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module = import_module(f"{self.package}.{cmd_name.replace('-', '_')}")
        command: click.Command = getattr(module, self.named or cmd_name)
        return command


class Commands(Lazy):
    """A group in which what goes wrong is a line, never a traceback.

    Exit status 2 for a mistake in what was asked for, 1 for what stands in its way: files, folders, another runner.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(f"s6: {error}", err=True)
            sys.exit(2)
        except (BusyError, DataError, ResultsError) as error:
            click.echo(f"s6: {error}", err=True)
        except BrokenPipeError:
            raise  # click knows what to do when nobody reads on
        except OSError as error:
            click.echo(f"s6: {error.strerror}: {error.filename}" if error.filename else f"s6: {error!r}", err=True)
        sys.exit(1)


@click.group(
    cls=Commands, modules=COMMANDS, package="experiments.cli", invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
@click.version_option(s6core.__version__, message="s6 %(version)s")
@click.pass_context
def s6(ctx: click.Context) -> None:
    """An ablation study of a small MNIST classifier.

    \b
    s6 net                 a net, layer by layer
    s6 rf s6               what its units see
    s6 data                fetch and verify MNIST
    s6 run smoke           a first run, a minute
    s6 status ablations    how far a study is
    s6 table head          variants, best first
    s6 compare head/fc     against the reference
    s6 claims              what runs say of the book
    s6 measure inside      what goes on inside nets

    Without a command: every study, what it asks and how far it is.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(s6.get_command(ctx, "studies"), kind="table")  # type: ignore[attr-defined]
        click.echo("\n`s6 --help` lists the commands.")
