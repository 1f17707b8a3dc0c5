"""A world of its own for the product's code: virtual time, simulated storage, and the processes that share them.

The seam is in `World._replaced`, and nowhere else: the names in the product's modules that give time, storage,
learning and threads. All other code of the product runs as it is.

Processes take turns wherever one of them waits, which is at every request at least: event loops, what is planned for
a moment, and blocking code that `Process.begin` began go on meanwhile, in one order that follows from the clock.
Blocking code of `Process.call` lets all this happen, too, but what is begun by `call` inside of it also ends inside.
"""

import inspect
import logging
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError

from shared import settings
from shared.configuration import settings_history_store as history
from shared.evaluation import optimization_schedule
from shared.learner import model_check, training, work_folder
from shared.log import customer_container, manifest_store
from shared.log.customer_container import ContainerFailed, CustomerContainer
from shared.metrics import model_rewards, model_rewards_store
from shared.models import model_store, published_store
from shared.settings import Settings
from shared.storage import background_reads, json_documents, loop_threads, this_storage
from shared.storage.azure import azure_sdk
from shared.storage.azure.account import StorageAccount
from shared.storage.azure.storage import AzureStorage
from shared.storage.paths import DEFAULT, in_loop
from shared.storage_errors import StorageUnavailable
from shared.stored_objects import GrowingStoredObject
from shared.times import DAY, from_iso
from shared.training import lease
from shared.training.cursor import Cursor
from tests.simulation import chained_learner, small_trials
from tests.simulation.clients import (
    Gate,
    SimulatedAccount,
    SimulatedBlobs,
    SimulatedContainer,
    SimulatedLease,
    SimulatedRest,
)
from tests.simulation.faults import Died, Faults, NoFaults
from tests.simulation.fibers import Fiber
from tests.simulation.storage import Storage
from tests.simulation.virtual_time import SECOND, Clock, VirtualLoop, VirtualTime

BEGAN_US: Final = from_iso("2027-06-15T12:00:00Z")
_REST_SECONDS: Final = 30
_BEGINS_AFTER_US: Final = (0, 0, 2_000, SECOND)
"""How soon a thread begins its work: at once, between two requests of those that take no time, or after some."""
_PRODUCT: Final = (
    "shared",
    "train_timer",
    "rank_fn",
    "reward_fn",
    "evaluate_fn",
    "configure_fn",
    "export_fn",
    "status_fn",
)
_OF_CALLS: Final = ("shared.ranking.hot_path", "shared.intake.intake", "export_fn.redaction_call")
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


class Stuck(Exception):
    """A process waits for something that never happens."""


class Process:
    """One process of a world. It can die at each request that it sends to storage, and is gone then.

    Attributes:
        gate: The way of its requests.
        account: Its blocking clients.
        rest: Its other client.
        storage: What the product has of both.
        ahead_us: By how much the time of day of its machine is ahead of storage's.
    """

    def __init__(self, world: "World", name: str, ahead_us: int) -> None:
        self.ahead_us = ahead_us
        self.gate = Gate(name, world.clock, world.faults, self._stop)
        self.account = SimulatedAccount(world.storage, self.gate)
        self.rest = SimulatedRest(world.storage, self.gate, timeout=_REST_SECONDS)
        self.storage = AzureStorage(cast("StorageAccount", self.account), self.rest)
        self._world = world
        self._loop = VirtualLoop(world.clock, self, self.gate.pause_ends_us)
        self._fibers: list[Fiber] = []
        self._reading = VirtualLoop(world.clock, self, self.gate.pause_ends_us)

    def __enter__(self) -> None:
        """Be the process whose code runs."""
        self._world.running.append(self)

    def __exit__(self, *_: object) -> None:
        self._world.running.pop()

    @property
    def is_dead(self) -> bool:
        """Whether the process has died."""
        return self.gate.dead

    @property
    def problems(self) -> list[dict[str, Any]]:
        """What went wrong in tasks that nobody waited for."""
        return self._loop.problems + self._reading.problems

    def call[Result](self, function: Callable[..., Result], *values: Any) -> Result:
        """Run blocking code as this process.

        Raises:
            Died: The process died meanwhile.
        """
        with self, in_loop(DEFAULT):
            return function(*values)

    def begin[Result](self, function: Callable[..., Result], *values: Any, after_us: int = 0) -> "Future[Result]":
        """Run blocking code as this process, beside all else: it goes on whenever time passes.

        The future has no result as long as the code waits, for ever if the process is killed meanwhile.

        Args:
            after_us: How long it takes until the code begins.
        """
        future: Future[Result] = Future()

        def code() -> None:
            try:
                future.set_result(self.call(function, *values))
            except BaseException as error:
                future.set_exception(error)

        fiber, clock = Fiber(code), self._world.clock
        self._fibers.append(fiber)
        clock.call_at(clock.now_us + after_us, lambda: clock.resume(fiber))
        return future

    def wait(self, future: "Future[Any]") -> None:
        """Let blocking code of this process wait for other code of it.

        Raises:
            Died: The process died meanwhile.
            Stuck: It waits for something that never happens.
        """
        clock = self._world.clock
        if (fiber := clock.fiber) is not None and not future.done() and not self.gate.dead:
            future.add_done_callback(lambda _: clock.call_at(clock.now_us, lambda: clock.resume(fiber)))
            fiber.pause()
        while not future.done() and not self.gate.dead:
            if not clock.step():
                raise Stuck(future)
        self.gate.pass_time(0)

    def pass_moment(self) -> None:
        """Let all happen that happens at this moment, for blocking code.

        Raises:
            Died: The process died.
        """
        self._world.clock.sleep(0)
        self.gate.pass_time(0)

    def start[Result](self, coroutine: Coroutine[Any, Any, Result]) -> "Future[Result]":
        """Start a coroutine on the process's event loop; it goes on whenever time passes."""
        future: Future[Result] = Future()
        task = self._loop.create_task(coroutine)
        task.add_done_callback(lambda ended: _hand_on(ended, future))
        return future

    def run[Result](self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end on the process's event loop.

        Raises:
            Died: The process died meanwhile.
            Stuck: It waits for something that never happens.
        """
        return self._finish(self._loop, coroutine)

    def read[Result](self, coroutine: Coroutine[Any, Any, Result]) -> "_Read[Result]":
        """Run a coroutine to its end at once, as `background_reads.begin`."""
        try:
            return _Read(self._finish(self._reading, coroutine))
        except Exception as error:
            return _Read(error=error)

    def kill(self) -> None:
        """End the process, whatever it is doing: nothing that it has begun goes on."""
        self.gate.end()

    def close(self) -> None:
        """Forget what the process has begun, once the simulation is over."""
        self.kill()
        for fiber in self._fibers:
            while not fiber.is_over:
                self._world.clock.resume(fiber)
        self._fibers.clear()
        self._loop.close()
        self._reading.close()
        self.gate.close()

    def _stop(self) -> None:
        for loop in (self._loop, self._reading):
            loop.stop_turning()

    def _finish[Result](self, loop: VirtualLoop, coroutine: Coroutine[Any, Any, Result]) -> Result:
        clock = self._world.clock
        if (fiber := clock.fiber) is not None and self.gate.pauses_until_us <= clock.now_us:
            task = loop.begin(coroutine)
            if not task.done():
                loop.turn()
        else:
            task = loop.create_task(coroutine)
        if fiber is not None and not task.done() and not self.gate.dead:
            task.add_done_callback(lambda _: clock.call_at(clock.now_us, lambda: clock.resume(fiber)))
            fiber.pause()
        while not task.done() and not self.gate.dead:
            if not clock.step():
                task.cancel()
                raise Stuck(task)
        if self.gate.dead:
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                coroutine.close()  # it never began
            raise Died(self.gate.name)
        return task.result()


class _Read[Result]:
    """As a future that has ended; nobody waits for it in another thread."""

    def __init__(self, result: Result | None = None, error: Exception | None = None) -> None:
        self._result: Any = result
        self._error = error

    def result(self) -> Result:
        """Give what was read.

        Raises:
            Exception: It could not be read.
        """
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[no-any-return]

    def add_done_callback(self, call: "Callable[[_Read[Result]], object]") -> None:
        """Call a function now."""
        call(self)

    def cancelled(self) -> bool:
        """It has ended."""
        return False

    def exception(self) -> Exception | None:
        """Give why it could not be read; None if it was."""
        return self._error


class SimulatedThread:
    """As `loop_threads.LoopThread`: its work goes on whenever time passes, beside the code that has begun it.

    Args:
        chance: Decides how soon a work begins.
    """

    def __init__(self, process: Process, chance: random.Random) -> None:
        self._process = process
        self._chance = chance

    def begin[Result](self, work: Callable[[], Result]) -> "_Work[Result]":
        """Begin a work."""
        return _Work(self._process, self._process.begin(work, after_us=self._chance.choice(_BEGINS_AFTER_US)))

    def close(self) -> None:
        """Nothing is left of it."""


class _Work[Result]:
    """As the future of a work in another thread, for the code that has begun it."""

    def __init__(self, process: Process, future: "Future[Result]") -> None:
        self._process = process
        self._future = future

    def done(self) -> bool:
        """Whether the work has ended, now that all has happened that happens at this moment."""
        self._process.pass_moment()
        return self._future.done()

    def result(self) -> Result:
        """Wait for what the work gives, or raises."""
        self._process.wait(self._future)
        return self._future.result()

    def exception(self) -> BaseException | None:
        """Wait for the end of the work."""
        self._process.wait(self._future)
        return self._future.exception()


class Repetition:
    """As the product's, by virtual time; ends with its process."""

    def __init__(self, world: "World", seconds: float, call: Callable[[], None]) -> None:
        self._clock = world.clock
        self._process = world.running[-1]
        self._us = round(seconds * SECOND)
        self._call = call
        self._has_ended = False
        self._plan()

    def end(self) -> None:
        """Begin no other call."""
        self._has_ended = True
        self._planned.cancel()
        self._call = _nothing

    def _plan(self) -> None:
        self._planned = self._clock.call_at(self._clock.now_us + self._us, self._repeat)

    def _repeat(self) -> None:
        until_us = self._process.gate.pauses_until_us
        if self._clock.now_us < until_us:
            self._planned = self._clock.call_at(until_us, self._repeat)
            return
        try:
            self._process.call(self._call)
        except Died:
            return
        if not self._has_ended:
            self._plan()


class World:
    """A storage account, a clock, and processes.

    Attributes:
        clock: The time of all processes and of storage.
        storage: The account.
        mirrors: The customers' own accounts, by the address of a container there.
        processes: All processes that ever were.
    """

    def __init__(
        self,
        faults: Faults | None = None,
        *,
        seed: int | None = None,
        began_us: int = BEGAN_US,
        variables: Mapping[str, str] | None = None,
        learn: Callable[..., training.TrainingResult] | None = chained_learner.train,
        seconds_per_line: float = 0,
    ) -> None:
        """Make a world in which nothing has happened yet.

        Args:
            faults: What happens to requests.
            seed: Decides how wrong which machine's time of day is; None if all are right.
            variables: The settings of all processes, by the names that they have in the environment.
            learn: Stands for `training.train`; None for Vowpal Wabbit itself.
            seconds_per_line: How long it takes to learn a line, for the chained learner.
        """
        self.clock = Clock(began_us)
        self.faults: Faults = faults or NoFaults()
        self.storage = Storage(self.clock)
        self.mirrors: dict[str, Storage] = {}
        self._stacks: defaultdict[Fiber | None, list[Process]] = defaultdict(list)
        self.settings = _read_settings(tuple(sorted((variables or {}).items())))
        self._learn = chained_learner.slowly(seconds_per_line, self.clock.sleep) if seconds_per_line else learn
        self._unexpected: list[BaseException] = []
        self.processes: list[Process] = []
        self._seed = seed

    @property
    def running(self) -> list[Process]:
        """The processes whose code is on the stack, the innermost last."""
        return self._stacks[self.clock.fiber]

    def process(self, name: str, *, ahead_us: int | None = None) -> Process:
        """Start a process, on a machine whose clock may be wrong."""
        if ahead_us is None:
            ahead_us = 0 if self._seed is None else wrong_us(random.Random(f"{self._seed} {name}"))
        process = Process(self, name, ahead_us)
        self.processes.append(process)
        return process

    @contextmanager
    def active(self) -> Iterator[None]:
        """Let all code of the product run in this world, in this thread; all processes end with the `with` block.

        Raises:
            AssertionError: See `check`.
        """
        with (
            _watch_log(self._unexpected),
            settings.use(self.settings),
        ):
            replaced = self._replaced(_make_folder().name)
            before = [(module, name, getattr(module, name)) for module, name, _ in replaced]
            try:
                for module, name, stand_in in replaced:
                    setattr(module, name, stand_in)
                yield
                self.check()
            finally:
                self._close()
                for module, name, own in before:
                    setattr(module, name, own)

    def _close(self) -> None:
        """End all processes, and leave nothing in circles: a collector of garbage would take longer to find it."""
        for process in self.processes:
            process.close()
        self.processes.clear()
        self._stacks.clear()
        self.clock.close()

    def _replaced(self, folder: str) -> list[tuple[Any, str, Any]]:
        """The seam: each name of a module that stands for something else in a simulation."""
        time_of_world = VirtualTime(self.clock, lambda: self.running[-1].ahead_us if self.running else 0)
        driver_input, attempts = import_module("train_timer.driver_input"), import_module("train_timer.attempts")
        trials, rounds = import_module("train_timer.trials"), import_module("train_timer.optimization_rounds")
        seam: list[tuple[Any, str, Any]] = [
            (this_storage, "open_storage", lambda _: self.running[-1].storage),
            (background_reads, "begin", lambda coroutine: self.running[-1].read(coroutine)),
            (CustomerContainer, "_ask", lambda container, order, _, **given: self._exchange(container, order, given)),
            (customer_container, "ExchangeSlot", lambda *_: nullcontext()),
            (azure_sdk, "BlobLeaseClient", SimulatedLease),
            (lease, "Repetition", lambda seconds, call: Repetition(self, seconds, call)),
            (json_documents, "read", _read_document),
            (json_documents, "_list_unknown", lambda _: []),  # no other version of the product has written anything
            (manifest_store, "_with_complete_manifests", set()),
            (loop_threads, "at_once", lambda work, items, _most: list(map(work, items))),
            (loop_threads, "LoopThread", self._make_thread),
            (loop_threads, "begin", lambda work, name: self._make_thread(name).begin(work)),
            (driver_input, "_HAS_FIFO", False),
            (attempts, "_explain", _watch_failures(attempts._explain, self._unexpected)),
            (tempfile, "tempdir", folder),
            (work_folder, "folder", lambda: _Folder(folder)),
            *((module, "time", time_of_world) for module in modules_with_time()),
            (trials, "judge_trial", small_trials.judge),
            (rounds, "is_in_favour", small_trials.is_in_favour),
            (import_module("train_timer.decision_sample"), "_load", _load_chained),
            (rounds, "ENOUGH_BYTES", 1),
            (model_rewards_store, "list_all", list),  # models that rank are made up, and not published: none goes
            (import_module("train_timer.intake_reads"), "_TOGETHER_BYTES", 1),
            *_SMALL_BOUNDS,
        ]
        if self._learn is None:
            return seam
        return [*seam, (training, "train", self._learn), (model_check, "examine", chained_learner.examine)]

    def _make_thread(self, name: str) -> SimulatedThread:
        """A thread of the process whose code runs."""
        process = self.running[-1]
        return SimulatedThread(process, random.Random(f"{self._seed} {process.gate.name} {name}"))

    def _exchange(self, container: CustomerContainer, order: str, given: Mapping[str, Any]) -> Mapping[str, str]:
        """Write into a customer's container, which is there already, as `customer_process` does."""
        sas_uri, conditions = container._sas_uri, given["conditions"]
        if order != "write":
            raise AssertionError(f"a simulated container does not {order}")
        if sas_uri not in self.mirrors:
            self.mirrors[sas_uri] = Storage(self.clock)
            self.mirrors[sas_uri].blobs.create_container("mirror")
        client = SimulatedContainer(SimulatedBlobs(self.mirrors[sas_uri], self.running[-1].gate), "mirror")
        how: dict[str, Any] = {"overwrite": "If-None-Match" not in conditions}
        if "If-Match" in conditions:
            how["match_condition"] = MatchConditions.IfPresent
        if (since := conditions.get("If-Unmodified-Since")) is not None:
            how["if_unmodified_since"] = parsedate_to_datetime(since)
        try:
            client.upload_blob(given["name"], Path(given["source"]).read_bytes(), **how)
        except HttpResponseError as error:
            date = error.response.headers.get("Date", "") if error.response else ""
            return {"status": str(error.status_code), "code": _code(error), "date": date}
        except AzureError as error:
            raise ContainerFailed(f"{sas_uri} cannot be reached ({type(error).__name__})") from None
        return {"status": "201", "code": "", "date": ""}

    def check(self) -> None:
        """Check that nothing has gone wrong that no fault of storage explains.

        Raises:
            AssertionError: Something went wrong in a task of a living process that nobody waited for, or the product
                met an error that it did not expect, even if it went on.
        """
        problems = [problem for process in self.processes if not process.is_dead for problem in process.problems]
        if problems or self._unexpected:
            raise AssertionError([*problems, *self._unexpected]) from next(iter(self._unexpected), None)


_SMALL_BOUNDS: Final = (
    (model_rewards, "MOST_RECENT", 0),
    (published_store, "MOST_PREVIOUS", 1),
    (history, "MOST_RECENT", 1),
    (optimization_schedule, "FIRST_EVENTS", 1),
    (optimization_schedule, "FIRST_ANALYSIS", 1),
)
"""So that small loops, too, have what moves to a document of its own, and trials."""


def _load_chained(cursor: Cursor) -> chained_learner.ChainedPredictor:
    assert cursor.model is not None
    return chained_learner.ChainedPredictor(model_store.read_intact(cursor.model.predictor_blob))


def _nothing() -> None:
    """Call nothing more."""


def _watch_failures(explain: Callable[[Exception], str], unexpected: list[BaseException]) -> Callable[[Exception], str]:
    """As `attempts._explain`, for errors that a step of a run has raised; those that no fault explains are noted."""

    def watch(error: Exception) -> str:
        if not isinstance(error, StorageUnavailable | ContainerFailed):
            unexpected.append(error)
        return explain(error)

    return watch


_read_anew = json_documents.read
_read_once = lru_cache(maxsize=256)(_read_anew)


def _read_document(kind: Any, text: bytes) -> Any:
    """As `json_documents.read`, once for each text: most documents are never changed in place."""
    return (_read_anew if issubclass(kind, GrowingStoredObject) else _read_once)(kind, text)


class _Folder:
    """As `work_folder.folder`, for few files: ten times as fast, for a folder that is left empty is taken again."""

    _numbers = count()
    _empty: Final[list[str]] = []

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> str:
        if self._empty:
            self._path = self._empty.pop()
        else:
            self._path = f"{self._place}/{next(self._numbers)}"
            os.mkdir(self._path)  # noqa: PTH102 - faster
        return self._path

    def __exit__(self, *_: object) -> None:
        for name in os.listdir(self._path):  # noqa: PTH208
            os.unlink(f"{self._path}/{name}")  # noqa: PTH108
        self._empty.append(self._path)


class _LogWatch(logging.Handler):
    """Notes the errors in the log of the product and of the libraries, such as those of callbacks."""

    def __init__(self, unexpected: list[BaseException]) -> None:
        super().__init__(logging.ERROR)
        self._unexpected = unexpected

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        errors = [
            each for each in (*arguments, (record.exc_info or (None, None))[1]) if isinstance(each, BaseException)
        ]
        self._unexpected += [each for each in errors if not isinstance(each, StorageUnavailable | Died)]
        if not errors:
            self._unexpected.append(AssertionError(record.getMessage()))


@contextmanager
def _watch_log(unexpected: list[BaseException]) -> Iterator[None]:
    watch, root = _LogWatch(unexpected), logging.getLogger()
    root.addHandler(watch)
    try:
        yield
    finally:
        root.removeHandler(watch)


def wrong_us(chance: random.Random) -> int:
    """By how much a machine's time of day is wrong; half of them are right."""
    return chance.choice((0, 1)) * chance.randrange(-DAY, DAY)


@cache
def _make_folder() -> "tempfile.TemporaryDirectory[str]":
    """The folder for temporary files of all worlds, which are there one after the other; gone with the process."""
    return tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


@cache
def modules_with_time() -> list[Any]:
    """The product's modules that read the time or sleep by the module `time`."""
    for name in ("train_timer.run", "train_timer.decision_sample", *_OF_CALLS):
        import_module(name)
    product = [module for name, module in sorted(sys.modules.items()) if name.split(".")[0] in _PRODUCT]
    return [module for module in product if vars(module).get("time") is time]


@cache
def _read_settings(variables: tuple[tuple[str, str], ...]) -> Settings:
    return settings.read({"AzureWebJobsStorage": "UseDevelopmentStorage=true", **dict(variables)})


def _hand_on[Result](ended: Any, future: "Future[Result]") -> None:
    if ended.cancelled():
        future.cancel()
    elif (error := ended.exception()) is not None:
        future.set_exception(error)
    else:
        future.set_result(ended.result())
