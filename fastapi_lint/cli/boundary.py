"""The outermost layer: which command is meant, and how errors end the program."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import MutableMapping, Sequence
from typing import Any, NoReturn

import click

OK, DIAGNOSTICS, ERROR, INTERRUPTED = 0, 1, 2, 130


class Application(click.Group):
    """A group whose `default` command is meant where no command is named, and that never fails with exit code 1."""

    def __init__(self, *args: Any, default: str, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(ERROR)
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if args[0] not in self.commands and args[0] not in own:
            self._refuse_misspelling(ctx, args)
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def _refuse_misspelling(self, ctx: click.Context, args: list[str]) -> None:
        """A lone word that names no file but nearly a command is not taken for a path."""
        word = args[0]
        if word.startswith("-") or os.sep in word or "." in word or os.path.lexists(word):
            return
        import difflib

        close = difflib.get_close_matches(word, self.commands, n=1)
        if close:
            raise click.UsageError(f"No such file, folder or command '{word}'. Did you mean '{close[0]}'?", ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,  # noqa: ARG002 - the signature is click's
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: ARG002
        **extra: Any,
    ) -> NoReturn:
        """Runs the command line and exits; click's own exit codes are replaced by this program's."""
        words = list(sys.argv[1:] if args is None else args)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # no file name and no terminal may make a report fail
                stream.reconfigure(errors="backslashreplace")
        code = self._guarded(words, complete_var, extra)
        gc.freeze()  # what is left of an analysis goes with the process: looking for cycles in it takes 3 %
        sys.exit(code)

    def _guarded(self, words: list[str], complete_var: str | None, extra: MutableMapping[str, Any]) -> int:
        try:
            result = super().main(words, "fastapi-lint", complete_var, standalone_mode=False, **dict(extra))
            return result if isinstance(result, int) else OK
        except click.ClickException as error:
            error.show()
            return ERROR
        except click.Abort:
            return INTERRUPTED
        except Exception:  # noqa: BLE001 - the one place where a crash becomes exit code 2
            report_crash([traceback.format_exc()], verbose=bool({"-v", "--verbose"} & set(words)))
            return ERROR


def report_crash(tracebacks: Sequence[str], verbose: bool) -> None:
    """Says on stderr what broke inside fastapi-lint and what to do about it."""
    for text in tracebacks:
        lines = text.strip().splitlines() or ["unknown error"]
        origin = lines[0].partition(": Traceback")[0] if ": Traceback" in lines[0] else ""
        click.echo(f"Internal error: {origin + ': ' if origin else ''}{lines[-1]}", err=True)
        if verbose:
            click.echo(text.rstrip(), err=True)
    hint = "" if verbose else " with the output of `--verbose`"
    click.echo(f"This is a bug in fastapi-lint, not in your code: please report it{hint}.", err=True)
