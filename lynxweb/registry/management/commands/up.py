"""`manage.py up`: everything that `make run` promises, from an empty folder to the address of a comparison page."""

from __future__ import annotations

import os
import signal
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from lynxweb.accounts.roles import Scope
from lynxweb.audit.signing import Refuses, sign
from lynxweb.registry.embedded import light, processes
from lynxweb.registry.embedded.alone import Lock, RunningAlready
from lynxweb.registry.embedded.asking import Site
from lynxweb.registry.embedded.node import Node, NodeFailed
from lynxweb.registry.embedded.setup import Account, prepare, token_for

WATCH_EVERY_S = 1.0
DRAIN_WITHIN_S = 60.0


class Command(BaseCommand):
    """Set up, serve, benchmark this machine once, print the addresses, and stay until Ctrl-C."""

    help = "Set everything up, serve the site, benchmark this machine once and print the address of the comparison."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--port", type=int, default=8000, help="The port of the site (8000).")
        parser.add_argument("--host", default="127.0.0.1", help="The address to listen on (127.0.0.1: this machine only).")
        parser.add_argument("--exit", action="store_true", help="Do everything, print the addresses, stop, leave nothing running.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, whatever was done before; alone on this installation until the end."""
        home = Path(settings.LYNXWEB_HOME)
        try:
            lock = Lock(home / "up.lock")
        except RunningAlready as error:
            raise CommandError(str(error)) from error
        try:
            self._up(home, options)
        finally:
            lock.release()

    def _up(self, home: Path, options: dict[str, Any]) -> None:
        signal.signal(signal.SIGTERM, _ended)
        children: list[processes.Child] = []
        account: Account | None = None
        shown = False
        try:
            processes.refuse_taken_port(options["host"], options["port"])
            account = prepare(self._say)
            self._sign()
            url = f"http://{options['host']}:{options['port']}"
            connections.close_all()
            self._serve(children, home, url, options)
            lights, trouble = self._first_light(children, home, url, account)
            shown = True
            self._announce(url, account, lights, trouble)
            if not options["exit"]:
                self._stay(children)
            self._drain(children)
            if trouble:
                raise CommandError(trouble)
        except (processes.PortTaken, processes.NotReady) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self._say("stopping")
        finally:
            processes.stop(children)
            if account is not None and account.password and not shown:
                self._say(f"first account: {account.person.name}, password {account.password} (shown this once)")

    def _sign(self) -> None:
        """A checkpoint before anybody declares a run, so that the first nonce is younger than it; a refusal leaves a site that can be read."""
        try:
            sign()
        except Refuses as refusal:
            self._say(f"READ-ONLY: the signer refuses: {refusal}")

    def _serve(self, children: list[processes.Child], home: Path, url: str, options: dict[str, Any]) -> None:
        self._say(f"starting the site on {url}")
        children.append(processes.start_site(options["host"], options["port"], home / "logs", _environment(url)))
        processes.wait_until_ready(url, children[0])

    def _first_light(self, children: list[processes.Child], home: Path, url: str, account: Account) -> tuple[list[light.Light], str]:
        """The remembered answers, or those of a benchmark taken now; the worker and signer start after it, so that nothing polls while we measure."""
        remembered, trouble = light.kept(home / "first-light.json"), ""
        if not remembered:
            site = Site(url, token_for(account.person, Scope.READ, "reading the runs of this machine's first benchmark").text)
            try:
                runs = self._runs(site, Node(home / "node", self._say), account)
                remembered = light.ask(site, runs)
                light.keep(home / "first-light.json", remembered)
            except NodeFailed as error:
                trouble = str(error)
        children.append(processes.start_worker(home / "logs", _environment(url)))
        children.append(processes.start_signer(home / "logs", _environment(url)))
        return remembered, trouble

    def _runs(self, site: Site, node: Node, account: Account) -> dict[str, str]:
        """A run of every side that this machine can measure: uploaded before, waiting in the outbox, or measured now."""
        wanted = light.wanted_sides()
        if not node.enrolled:
            self._say("enrolling this machine as a node")
            node.enrol(site.url, token_for(account.person, Scope.ENROL, "enrolling this machine as the first node").text)
        if node.waiting:
            self._say("sending bundles that an earlier start left in the outbox")
            node.push()
        if not set(wanted) <= light.runs_by_side(site, standing=True).keys():
            self._say(f"measuring {', '.join(wanted)}: this takes some minutes")
            node.measure(wanted)
            node.push()
        return light.runs_by_side(site)

    def _stay(self, children: list[processes.Child]) -> None:
        self._say("serving; Ctrl-C stops the site and loses nothing")
        while True:
            for child in children:
                child.check()
            time.sleep(WATCH_EVERY_S)

    def _drain(self, children: list[processes.Child]) -> None:
        """Wait until the worker has taken every message of the embedded broker, so that nothing is left to do."""
        folder, deadline = Path(settings.BROKER_FOLDER), time.monotonic() + DRAIN_WITHIN_S
        while any(folder.glob("*.msg")) and time.monotonic() < deadline:
            for child in children:
                child.check()
            time.sleep(0.1)

    def _announce(self, url: str, account: Account, lights: list[light.Light], trouble: str) -> None:
        password = account.password and f"{account.password}   (shown this once; `manage.py changepassword {account.person.name}` sets another)"
        lines = ["", f"Site      {url}/", f"User      {account.person.name}"]
        lines += [f"Password  {password or 'as shown at the first start, or set since'}"]
        for one in lights:
            lines += ["", f"{one.question} ({one.verdict})", f"  {url}{one.path}"]
        if trouble:
            lines += ["", f"No comparison yet: {trouble}"]
        self.stdout.write("\n".join([*lines, ""]))
        self.stdout.flush()

    def _say(self, text: str) -> None:
        print(f"· {text}", file=sys.stderr, flush=True)


def _environment(url: str) -> dict[str, str]:
    """The children's environment: ours, with the address that people will type unless the installation has stated one."""
    return {"LYNXWEB_BASE_URL": url} | dict(os.environ)


def _ended(number: int, frame: FrameType | None) -> None:
    with suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
