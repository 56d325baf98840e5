"""What the shell completes: studies, topics, variants, files and fields. It must be quick, and never imports torch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from experiments import own
from experiments.studies import STUDIES
from experiments.topics import TOPICS
from s6core import fields
from s6core.config import FIELDS, ConfigError


def complete_studies(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete the name of a study, or of a topic where the command takes one."""
    named = {name: study.question for name, study in STUDIES.items()}
    if "TOPIC" in (parameter.metavar or ""):
        named |= {name: topic.question for name, topic in TOPICS.items()}
    named |= dict.fromkeys(own.stored(), "a study of your own")
    found = [CompletionItem(name, help=said) for name, said in named.items() if name.startswith(typed)]
    return found + _files(typed, (".yaml", ".yml"))


def complete_variants(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete STUDY/VARIANT, or the name of a table."""
    study, slash, start = typed.partition("/")
    names = [*STUDIES, *own.stored()]
    if not slash:
        return [CompletionItem(f"{name}/") for name in names if name.startswith(study)] + _files(typed, (".csv",))
    known: Iterable[str] = STUDIES[study].variants if study in STUDIES else []
    if planned := own.file(study):
        with contextlib.suppress(ConfigError):  # a wrong file has nothing to offer; the command says what is wrong
            known = own.load(planned.file)[1].variants
    return [CompletionItem(f"{study}/{variant}") for variant in known if variant.startswith(start)]


def complete_fields(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete FIELD=, then its words."""
    name, equals, start = typed.partition("=")
    if not equals:
        return [CompletionItem(f"{field}=") for field in FIELDS if field.startswith(name)]
    words = fields.values(name) if name in FIELDS else []
    return [CompletionItem(f"{name}={word}") for word in words if word.startswith(start)]


def _files(typed: str, suffixes: tuple[str, ...]) -> list[CompletionItem]:
    here = Path(typed).parent
    try:
        found = sorted(path for path in here.glob("*") if path.suffix in suffixes and str(path).startswith(typed))
    except OSError:
        return []
    return [CompletionItem(str(path)) for path in found]
