"""The loop's page: its link, and how a browser of this machine is given it.

The link holds the key, and what a browser is to open is an argument of it, which every user of the machine sees in the
list of processes. So the browser is given a file that only this user can read, and the file leads to the link. A link
that works once would not do: whoever watches the list takes it before the browser has started.
"""

import html
import os
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from localhost import private_files

_SECONDS = 60.0
"""How long a browser has to start and to read the file."""
_OPENED = "The page opens in the browser. If nothing appears there, or if it may not read the file, use the link above."
_NO_BROWSER = "There is no browser here that can show the page: open the link above in one that reaches this machine."


def page_link(address: str, key: str) -> str:
    """Give the link of a loop's page; the key is in the fragment, which a browser sends to nobody."""
    return f"{address}/rankloop#key={quote(key, safe='')}"


@contextmanager
def page_in_browser(link: str, file: Path) -> Iterator[str]:
    """Open the page in this machine's browser, and give a sentence that says so, or that there is none.

    Args:
        file: What leads to the link, for a minute or as long as the block lasts. Browsers in a sandbox, as Ubuntu has
            them, read no temporary folder and nothing outside the user's own; so it is best in the data folder.
    """
    file.unlink(missing_ok=True)  # of one that was killed
    if not _has_browser():
        yield _NO_BROWSER
        return
    _write(file, link)
    removal = threading.Timer(_SECONDS, file.unlink, kwargs={"missing_ok": True})
    removal.daemon = True
    removal.start()
    _start_browser(file.as_uri())
    try:
        yield _OPENED
    finally:
        removal.cancel()
        file.unlink(missing_ok=True)


def _has_browser() -> bool:
    """Say whether there is a browser; one in the terminal, which is in use, counts only if the user has set it."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return type(browser) is not webbrowser.GenericBrowser or bool(os.environ.get("BROWSER"))


def _write(file: Path, link: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    target = html.escape(link)
    text = f"""<!doctype html>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url={target}">
<title>Rankloop</title>
<p><a href="{target}">To the page of the loop</a></p>
"""
    private_files.write(file, text)


def _start_browser(url: str) -> None:
    """Open a URL from another process: some browsers return when they are closed, and some write to the terminal.

    The browser's process may outlive this one. Until then a thread waits for it, so that its end leaves no zombie.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "webbrowser", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    threading.Thread(target=process.wait, daemon=True).start()
