"""`manage.py up`: everything that one machine needs, until Ctrl-C."""

import shlex
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.text import Text

from videogen.embedded.places import log_dir
from videogen.stack.configuration import StackConfiguration
from videogen.stack.program import StackError
from videogen.stack.stack import Stack, running_stack


class Command(BaseCommand):
    help = "Start the whole stack on this machine, and keep it up until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true", help="write logs to files only")

    def handle(self, *, quiet: bool, **options: object) -> None:
        try:
            with running_stack(quiet=quiet, tell=self.stdout.write) as stack:
                announce(stack)
                stack.wait()
        except StackError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")


def announce(stack: Stack) -> None:
    """Plain lines, never wrapped: people copy from them."""
    console, configuration = Console(), stack.configuration
    console.rule("[bold green]Videogen is up", align="left", style="green")
    for label, value in {
        "API": f"{configuration.url}/api/v1",
        "API docs": f"{configuration.url}/api/docs",
        "Admin": f"{configuration.url}/admin/",
        "WebSocket": f"{configuration.websocket_url}/ws/generations",
        "API key": stack.api_key,
        "Make an operator": operator_command(configuration),
        "Logs": str(log_dir(configuration.data_dir)),
    }.items():
        console.print(Text.assemble((f"{label:<18}", "bold"), value), soft_wrap=True)
    console.rule("[dim]Ctrl-C stops everything", align="left", style="green")


def operator_command(configuration: StackConfiguration) -> str:
    default = configuration.base_dir / "var"
    given = shlex.quote(str(relative(configuration.data_dir)))
    variable = f"DATA_DIR={given} " if configuration.data_dir != default else ""
    return f"{variable}.venv/bin/python manage.py createsuperuser"


def relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
