"""Processes that carry out tasks; nothing of them is left when the command ends, whatever ends it.

A terminal's Ctrl-C goes to all processes at once. Here only the command hears it: each worker leads a process group of
its own, with its learners in it, and hears no signal until it does. So a worker can be ended together with its
learners, wherever they are, before the folder that they write to is removed.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_GONE_SECONDS = 1.0
"""The longest wait for killed learners to end; the system may list them for longer."""


class Pool:
    """As many processes as there are processors."""

    def __init__(self) -> None:
        """Make the pool; processes start as they are needed."""
        context = multiprocessing.get_context("fork" if _is_single_threaded() else "spawn")
        self._executor = ProcessPoolExecutor(
            os.process_cpu_count(), mp_context=context, initializer=_begin, initargs=(tempfile.gettempdir(),)
        )

    def submit[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Let a process do some work."""
        with _signals_held():
            return self._executor.submit(work, *args, **kwargs)

    def close(self) -> None:
        """Wait until all work is done."""
        self._executor.shutdown()

    def kill(self) -> None:
        """Kill all processes, whatever they do, and wait until they have ended."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        workers = multiprocessing.active_children()
        for worker in workers:
            _signal_group(worker, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
            worker.kill()
        until = time.monotonic() + _GONE_SECONDS
        for worker in workers:
            worker.join()
            while _signal_group(worker, 0) and time.monotonic() < until:
                time.sleep(0.01)


@contextmanager
def pool() -> Iterator[Pool]:
    """A pool, which ends with the block."""
    made = Pool()
    try:
        yield made
        made.close()
    except BaseException:
        made.kill()
        raise


@contextmanager
def _signals_held() -> Iterator[None]:
    """Block signals in the block; a process that starts meanwhile has them blocked until it unblocks them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_single_threaded() -> bool:
    """Whether this process has a single thread, as the system says: then it can be forked, and workers start faster."""
    threads = Path("/proc/self/task")
    return threads.is_dir() and len([*threads.iterdir()]) == 1


def _begin(temporary: str) -> None:
    """Make this process end with the command, and not by a signal of its own.

    Args:
        temporary: The folder for temporary files. A process that is killed while it tries out a folder leaves a file.
    """
    tempfile.tempdir = temporary
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":
        os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_end, args=(parent.sentinel,), daemon=True).start()


def _wait_and_end(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _signal_group(leader: BaseProcess, number: int) -> bool:
    """Send a signal to a worker and its learners, and return whether there are any."""
    if sys.platform != "win32" and leader.pid:
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, number)
            return True
    return False
