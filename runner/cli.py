"""`lynxweb`, the node's command: parse, call a verb, print what it returns. Verbs and all that is heavy load by name when they are called."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import FrameType
from typing import Any

import typer

from runner.contract.problems import Problems
from runner.options import (
    Acknowledge,
    AnyBundle,
    BackendName,
    Bundle,
    Declare,
    DeviceName,
    DryRun,
    Everything,
    Json,
    KeyAct,
    KeyName,
    MethodologyName,
    NewKey,
    NodeName,
    Out,
    Pack,
    Party,
    PolicyName,
    PrecisionName,
    PublicKey,
    Quiet,
    Recompute,
    Remember,
    SideA,
    SideB,
    Sides,
    Threads,
    Token,
    TokenFile,
    Trace,
    Trials,
    Trust,
    Url,
    Version,
    WhyKey,
)  # fmt: skip
from runner.report.problems import plain_problem, problem_document, problem_lines
from runner.talk import Talk
from runner.verbs.result import DONE, EXIT_CODES, FAILED, INTERRUPTED, USAGE, Result

VERBS = {
    "doctor": "runner.verbs.doctor",
    "probe": "runner.verbs.probe",
    "run": "runner.verbs.run",
    "check": "runner.verbs.check",
    "push": "runner.verbs.push",
    "compare": "runner.verbs.compare",
    "enrol": "runner.verbs.enrol",
    "key": "runner.verbs.key",
    "verify": "runner.verbs.verify",
    "version": "runner.verbs.version",
}
HELP = """Measure AI inference here, keep the evidence, hand it to a site.

The result goes to stdout, everything else to stderr."""
EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items())
EPILOG += "\n\n\b\nEnvironment: LYNXWEB_NODE_HOME (key, outbox; default ~/.local/share/lynxweb), LYNXWEB_TOKEN (enrol), NO_COLOR."

app = typer.Typer(
    name="lynxweb", help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)  # fmt: skip


@app.callback(invoke_without_command=True)
def root(ctx: typer.Context, version: Version = False, json_: Json = False, quiet: Quiet = False) -> int:
    """The options that every verb shares."""
    ctx.obj = Talk(json_, quiet)
    if ctx.invoked_subcommand is None:
        if version:
            raise typer.Exit(_do(ctx, "version", False, False))
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(USAGE)
    return DONE


@app.command(epilog=EPILOG)
def doctor(ctx: typer.Context, json_: Json = False, quiet: Quiet = False) -> int:
    """Say what here is ready for measuring.

    For what is not, it says what to do about it; nothing is changed.
    """
    return _do(ctx, "doctor", json_, quiet)


@app.command(epilog=EPILOG)
def probe(ctx: typer.Context, json_: Json = False, quiet: Quiet = False) -> int:
    """Print this machine's executor document.

    Every fact of the machine is observed, declared, or absent with the reason; those of a runtime are known only in a run.
    """
    return _do(ctx, "probe", json_, quiet)


@app.command(epilog=EPILOG)
def run(  # noqa: PLR0913, PLR0917  (one parameter for each option)
    ctx: typer.Context,
    methodology: MethodologyName,
    sides: Sides = None,
    backend: BackendName = "onnxruntime",
    precision: PrecisionName = "fp32",
    device: DeviceName = "cpu",
    trials: Trials = 5,
    threads: Threads = 1,
    trace: Trace = "",
    declare: Declare = None,
    party: Party = "buyer",
    out: Out = "",
    dry_run: DryRun = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> int:
    """Measure under METHODOLOGY and sign the evidence.

    Trials run in fresh processes, interleaved across the sides; each side leaves one sealed bundle in the outbox.
    """
    return _do(
        ctx, "run", json_, quiet, methodology=methodology, sides=sides or [f"{backend}:{precision}:{device}"], trials=trials,
        threads=threads, trace=trace, declare=declare, party=party, out=out, dry_run=dry_run,
    )  # fmt: skip


@app.command(epilog=EPILOG)
def check(ctx: typer.Context, bundle: Bundle, public_key: PublicKey = "", json_: Json = False, quiet: Quiet = False) -> int:
    """Judge a bundle as the site would.

    Recomputes every number from the raw rows, runs every gate and shows all findings.
    """
    return _do(ctx, "check", json_, quiet, bundle=bundle, public_key=public_key)


@app.command(epilog=EPILOG)
def push(
    ctx: typer.Context, bundle: AnyBundle = "", everything: Everything = False, dry_run: DryRun = False, json_: Json = False, quiet: Quiet = False
) -> int:
    """Hand bundles to the site.

    Repeating it is harmless; a bundle stays in the outbox, also after the site has given its receipt.
    """
    return _do(ctx, "push", json_, quiet, bundle=bundle, everything=everything, dry_run=dry_run)


@app.command(epilog=EPILOG)
def compare(
    ctx: typer.Context,
    a: SideA,
    b: SideB,
    policy: PolicyName = "iso-precision",
    acknowledge: Acknowledge = None,
    json_: Json = False,
    quiet: Quiet = False,
) -> int:
    """Compare two bundles, or refuse and say why.

    Works offline; the site gives the same verdict unless it knows more of their standing.
    """
    return _do(ctx, "compare", json_, quiet, a=a, b=b, policy=policy, acknowledge=acknowledge or [])


@app.command(epilog=EPILOG)
def enrol(
    ctx: typer.Context,
    url: Url,
    token: Token = "",
    token_file: TokenFile = "",
    name: NodeName = "",
    new_key: NewKey = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> int:
    """Register this node at a site.

    Proves that it holds its key, and keeps the token that uploads need.
    """
    return _do(ctx, "enrol", json_, quiet, url=url, token=token, token_file=token_file, name=name, new_key=new_key)


@app.command(epilog=EPILOG)
def key(ctx: typer.Context, act: KeyAct, key: KeyName = "", reason: WhyKey = "", json_: Json = False, quiet: Quiet = False) -> int:
    """Replace or end this node's key at the site.

    rotate makes a new key here, which the old one vouches for; revoke ends one for good. Nothing changes here before the site has confirmed.
    """
    return _do(ctx, "key", json_, quiet, act=act, key=key, reason=reason)


@app.command(epilog=EPILOG)
def verify(
    ctx: typer.Context,
    pack: Pack,
    trust: Trust = "",
    remember: Remember = "",
    recompute: Recompute = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> int:
    """Check an evidence pack offline.

    Runs the one-file verifier that every pack carries; with --recompute, every number of every run is computed again too.
    """
    return _do(ctx, "verify", json_, quiet, pack=pack, trust=trust, remember=remember, recompute=recompute)


def _do(ctx: typer.Context, verb: str, json_: bool, quiet: bool, **arguments: Any) -> int:
    shared: Talk = ctx.obj
    talk = Talk(shared.json or json_, shared.quiet or quiet)
    return _told(import_module(VERBS[verb]).perform(talk, **arguments), talk)


def _told(result: Result, talk: Talk) -> int:
    if talk.json:
        print(json.dumps(result.document, indent=1, ensure_ascii=False))
    else:
        print("\n".join(result.lines))
    sys.stdout.flush()
    return result.code


def called(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error becomes text on stderr, or the one JSON document under `--json`."""
    talk = Talk("--json" in arguments, "--quiet" in arguments)
    try:
        code = int(app(args=list(arguments), prog_name="lynxweb", standalone_mode=False) or DONE)
        # The parser turns KeyboardInterrupt into this code and says nothing.
        return code if code != INTERRUPTED else _interrupted(talk)
    except Problems as problems:
        code = USAGE if {"usage", "not-found"} & set(problems.codes) else FAILED
        return _failed(code, problem_document(problems), talk)
    except typer.TyperException as error:
        return _failed(USAGE if error.exit_code == USAGE else FAILED, plain_problem("usage", "Usage", error.format_message()), talk)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted(talk)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if not isinstance(error, OSError):
            talk.say(traceback.format_exc())
        return _failed(FAILED, plain_problem("failed", "Failed", f"{type(error).__name__}: {error}"), talk)


def _interrupted(talk: Talk) -> int:
    return _failed(INTERRUPTED, plain_problem("interrupted", "Interrupted", "stopped by Ctrl-C; nothing half-made was kept"), talk)


def _failed(code: int, problem: Mapping[str, object], talk: Talk) -> int:
    if talk.json:
        print(json.dumps(dict(problem), indent=1, ensure_ascii=False), flush=True)
    for line in problem_lines(problem):
        talk.say(line)
    return code


def _ended(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """The entry point: a polite request to end (SIGTERM) is treated like Ctrl-C, so that nothing half-made stays."""
    signal.signal(signal.SIGTERM, _ended)
    sys.exit(called(sys.argv[1:]))


if __name__ == "__main__":
    main()
