"""How a demo is shown: on a stage of its own, to people or to the program that started it, once or kept afterwards."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from localhost.certificate import Certificate
from localhost.demo.course import ReportedProgress, Reporter
from localhost.demo.failures import DemoFailed
from localhost.demo.loop import STATUS
from localhost.demo.run import ROUNDS
from localhost.demo.servers import Stage, stage
from localhost.interruption import Interruption
from localhost.page import page_in_browser, page_link
from localhost.progress import Progress
from localhost.report.welcome import curl_command, place_lines, trust_lines
from localhost.setup.places import PLACES

_PAGE_FILE = PLACES.data / "demo.html"
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Showing:
    """How a demo is shown.

    Attributes:
        interruption: What ends it early.
        reporter: Who is told how it goes.
        keeps: Whether its loop goes on serving after the demo, until Ctrl-C.
        opens: Whether its page is opened in a browser.
        certificate: By which it is served over https; None for http.
    """

    interruption: Interruption
    reporter: Reporter
    keeps: bool = False
    opens: bool = False
    certificate: Certificate | None = None

    @contextmanager
    def on_stage(self, data: str, purchases: int) -> Iterator[tuple[Stage, Progress]]:
        """Start storage and functions, say where they are, and end them afterwards; raises as `stage` does."""
        progress = ReportedProgress(purchases, sys.stdout, self.interruption, self.reporter)
        progress.line("Starting the functions ...")
        self.reporter.begin(purchases)
        with stage(self.certificate) as here, ExitStack() as opened:
            link = page_link(here.address, here.key)
            self.reporter.play(link)
            progress.line(_welcome(here, self.certificate))
            if self.opens:
                progress.line(f"{opened.enter_context(page_in_browser(link, _PAGE_FILE))}\n")
            progress.line(f"Playing {purchases} purchases of {data} in {ROUNDS} rounds.\n")
            yield here, progress

    def end(self, here: Stage, judgement: str) -> None:
        """Report the end of the demo, and where its loop is kept, wait for Ctrl-C or SIGTERM; raises `DemoFailed`."""
        self.reporter.end(judgement)
        if not self.keeps:
            return
        link = page_link(here.address, here.key)
        print(f"\nThe loop goes on serving at {here.address} until Ctrl-C. Its page:\n  {link}", flush=True)
        try:
            _wait_for_end(here)
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
        else:
            raise DemoFailed("The loop has ended by itself.")


def _wait_for_end(here: Stage) -> None:
    while not here.has_ended():
        time.sleep(_PAUSE_SECONDS)


def _welcome(here: Stage, certificate: Certificate | None) -> str:
    file = certificate.file if certificate else None
    return f"""
{place_lines(here.address, here.key)}
{trust_lines(file)}Is it learning?
  {curl_command(file)} -H "Ocp-Apim-Subscription-Key: {here.key}" {here.address}{STATUS}
"""
