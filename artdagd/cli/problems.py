"""What goes wrong between ``artdagctl`` and a node, in words: the thing, the place, the remedy. Exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click
import httpx

FAILED = 1
USAGE = 2
UNREACHABLE = 3
DENIED = 4
EX_CONFIG = 78
INTERRUPTED = 130

LONGEST_PAUSE = 30.0

CODES = """\b
Exit codes:
  0    success
  1    refused, or the run failed
  2    wrong usage: nothing was asked of the node
  3    no answer from the node
  4    no token, a wrong one, or one that may not do this
  78   db: the settings or the database can't be used
  130  interrupted with Ctrl-C
"""


class NodeError(click.ClickException):
    """The node said no, or nothing. ``faults`` are the places that it named, ``later`` the seconds after which to ask
    again, where it said so with a 503."""

    def __init__(
        self,
        message: str,
        *,
        code: int = FAILED,
        faults: list[dict[str, Any]] | None = None,
        later: float | None = None,
    ) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]
        self.faults = faults or []
        self.later = later

    def format_message(self) -> str:
        return clean(self.message)


def of_answer(answer: httpx.Response) -> NodeError:
    """The error that an answer carries as problem+json (RFC 9457)."""
    try:
        problem = answer.json()
        title, detail = problem["title"], problem["detail"]
    except (ValueError, KeyError, TypeError):
        return not_a_node(answer)
    faults = problem.get("errors") or []
    lines = [f"{title}: {detail}"]
    # What one message says once is not said again under it.
    lines += [f"  {placed(fault)}" for fault in faults if fault["msg"] not in detail]
    if answer.status_code == 401:
        lines.append(_remedy(answer))
    elif advice := problem.get("advice"):
        lines.append(f"  {advice}")
    code = DENIED if answer.status_code in (401, 403) else FAILED
    later = retry_after(answer) if answer.status_code == 503 else None
    return NodeError("\n".join(lines), code=code, faults=faults, later=later)


def retry_after(answer: httpx.Response) -> float | None:
    """The seconds of ``Retry-After``, at most ``LONGEST_PAUSE``; None without them (a date is not understood)."""
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST_PAUSE) if text.isascii() and text.isdigit() else None


def not_a_node(answer: httpx.Response) -> NodeError:
    said = f"{answer.status_code} {answer.reason_phrase}".strip()
    return NodeError(
        f"{answer.url.copy_with(path='/', query=None)} answered {said}, but not as an artdagd node does.\n"
        "  Check ARTDAG_URL, and what stands between you and the node.",
        code=UNREACHABLE,
    )


def unreachable(url: str, error: Exception, remedy: str) -> NodeError:
    reason = str(error).partition("] ")[2] or str(error) or type(error).__name__
    return NodeError(f"no answer from {url}: {reason}\n  {remedy}", code=UNREACHABLE)


def placed(fault: dict[str, Any]) -> str:
    """``line 3, column 5: what``, or ``steps.a.config: what`` where there is no text."""
    place = f"line {fault['line']}, column {fault['column']}" if fault.get("line") else fault.get("loc", "")
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])


def clean(text: object) -> str:
    """``text`` as a terminal may get it: names are others' words, and a control character could say anything."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )


def run_command(command: click.Command) -> NoReturn:
    """Run a command line to its end. What a user can bring about ends in a message and a code, never in a trace."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_code(lambda: command.main(standalone_mode=False)))


def _code(work: Callable[[], Any]) -> int:
    try:
        answer = work()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted", err=True)
        return INTERRUPTED
    except OSError as error:
        place = f"{clean(error.filename)}: " if error.filename else ""
        click.echo(f"Error: {place}{error.strerror or error}", err=True)
        return FAILED
    return answer if isinstance(answer, int) else 0


def _remedy(answer: httpx.Response) -> str:
    if "Authorization" in answer.request.headers:
        return "  Check ARTDAG_TOKEN; without it, the token in $ARTDAG_HOME/admin-token is used on the node's machine."
    return (
        "  Set ARTDAG_TOKEN. The token in $ARTDAG_HOME/admin-token is used for a node on this machine alone,\n"
        "  and by a user who may read that file."
    )
