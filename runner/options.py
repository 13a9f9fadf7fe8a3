"""The options of the command line, each with its long name and its help; the parser in `runner.cli` puts them together."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout, also for errors.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing on stderr.")]
Version = Annotated[bool, typer.Option("--version", help="Print version, commit and contract version.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]

_BUNDLE = "A bundle file, or the digest of one in the outbox (at least its first 6 characters)."
Bundle = Annotated[str, typer.Argument(metavar="BUNDLE", help=_BUNDLE)]
AnyBundle = Annotated[str, typer.Argument(metavar="[BUNDLE]", help="One bundle, by file or digest; without it, every bundle that waits.")]
SideA = Annotated[str, typer.Argument(metavar="A", help=_BUNDLE)]
SideB = Annotated[str, typer.Argument(metavar="B", help="The bundle that is held against A.")]
MethodologyName = Annotated[str, typer.Argument(metavar="METHODOLOGY", help="A built-in methodology by name, or the path of a document.")]
Url = Annotated[str, typer.Argument(metavar="URL", help="The address of the site.")]

Sides = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="BACKEND:PRECISION[:DEVICE]",
        help="A side of a session whose trials are interleaved; repeat it. How it serves follows after commas: batch=8, policy=fixed or dynamic, "
        "timeout_us=2000, workers=2.",
    ),
]
BackendName = Annotated[str, typer.Option("--backend", metavar="NAME", help="The backend of a single side.")]
PrecisionName = Annotated[str, typer.Option("--precision", metavar="NAME", help="The precision of a single side.")]
DeviceName = Annotated[str, typer.Option("--device", metavar="NAME", help="The device of a single side: cpu or cuda.")]
_TRACE = "Recorded arrivals, one offset in ns a line, for a methodology that replays them."
Trace = Annotated[str, typer.Option("--trace", metavar="FILE", help=_TRACE)]
_TRIALS = "Trials of each side, not fewer than the methodology asks for; fewer than five leave outcomes inconclusive."
Trials = Annotated[int, typer.Option("--trials", metavar="N", help=_TRIALS)]
Threads = Annotated[int, typer.Option("--threads", metavar="N", help="Threads that a backend may use inside one request.")]
Declare = Annotated[
    bool | None, typer.Option("--declare/--no-declare", help="Open each run at the site first; by default when this node is enrolled.")
]
Party = Annotated[str, typer.Option("--party", metavar="WHO", help="Who measures: vendor, buyer or third_party.")]
Out = Annotated[str, typer.Option("--out", metavar="FOLDER", help="Write bundles here instead of the node's outbox.")]

PublicKey = Annotated[str, typer.Option(metavar="HEX", help="The signer's raw Ed25519 public key; this node's own key is known.")]
PolicyName = Annotated[str, typer.Option("--policy", metavar="NAME", help="iso-precision or precision-study.")]
Acknowledge = Annotated[list[str] | None, typer.Option(metavar="CODE", help="A refusal that you acknowledge, such as R-12; repeat it.")]
Everything = Annotated[bool, typer.Option("--all", help="Also those that the site refused before.")]
Token = Annotated[
    str, typer.Option(envvar="LYNXWEB_TOKEN", show_envvar=True, help="An enrolment token; everyone on this machine can see a command line.")
]
TokenFile = Annotated[str, typer.Option(metavar="FILE", help="A file that holds the enrolment token.")]
NewKey = Annotated[bool, typer.Option("--new-key", help="Put this node's key aside and make a new one, for a key the site knows already.")]
NodeName = Annotated[str, typer.Option("--name", metavar="TEXT", help="The node's name at the site; by default made from its key.")]

Pack = Annotated[str, typer.Argument(metavar="PACK", help="An evidence pack, a ZIP.")]
Trust = Annotated[str, typer.Option("--trust", metavar="FILE", help="Your trust policy, obtained over another channel than the pack.")]
_REMEMBER = "Keep accepted checkpoints here, and refuse a log that does not go on from them."
Remember = Annotated[str, typer.Option("--remember", metavar="DIR", help=_REMEMBER)]
Recompute = Annotated[bool, typer.Option("--recompute", help="Compute every number of every run again from the raw rows in the pack.")]
KeyAct = Annotated[str, typer.Argument(metavar="ACT", help="rotate or revoke.")]
KeyName = Annotated[str, typer.Argument(metavar="KEY", help="For revoke: how the key's id begins; without it, the one key put aside.")]
WhyKey = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, 10 to 2,000 characters; public and permanent.")]
