"""The collected rewards in storage: runs that the commit record names, and what is left of runs that it does not."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from shared.intake import keys
from shared.log import marks, reward_runs, reward_runs_store
from shared.log.reward_runs import Record, RewardRun
from shared.log.reward_runs_store import LostRun, RunReader
from shared.training.lease import Trainer
from shared.training.training_state import CollectedRewards


def commit(trainer: Trainer, collected: CollectedRewards, gone: Sequence[RewardRun], new: Sequence[RewardRun]) -> None:
    """Commit what is collected, with some of its runs replaced by others.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    runs = [run for run in collected.runs if run not in gone] + list(new)
    in_order = tuple(sorted(runs, key=lambda run: run.from_us))
    trainer.commit(replace(trainer.state, collected=replace(collected, runs=in_order)))


def begin_anew(trainer: Trainer) -> None:
    """Forget all runs, since one cannot be read; the next pass collects anew what is all still in the intake.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    trainer.commit(replace(trainer.state, collected=None))
    remove_unnamed(trainer)


def end(trainer: Trainer) -> None:
    """Delete all runs, as the reward wait time is short now: what waits is read from the intake.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    if trainer.state.collected is not None:
        trainer.commit(replace(trainer.state, collected=CollectedRewards(0)))
        remove_unnamed(trainer)
        trainer.commit(replace(trainer.state, collected=None))


def remove_unnamed(trainer: Trainer) -> None:
    """Delete the runs in storage that the commit record does not name: they were merged, forgotten, or left by a crash.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    collected = trainer.state.collected
    named = {run.path for run in collected.runs} if collected else set()
    for path, etag in list(reward_runs_store.list_paths()):
        if path not in named:
            trainer.check()
            reward_runs_store.remove(path, etag)


def remove_event(trainer: Trainer, event_id: str, from_us: int, to_us: int, at_us: int) -> None:
    """Remove what an event got in [from_us, to_us), so that nothing in storage names its id for that.

    Args:
        at_us: Now.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    reader, ids = RunReader(), keys.spellings(event_id)
    wanted = sorted(map(marks.event_mark, ids))

    def stays(record: Record) -> bool:
        observation = reward_runs.read_observation(record[1]) if record[0] in wanted else None
        return observation is None or observation.event_id not in ids or not from_us <= observation.at_us < to_us

    try:
        for run in trainer.state.collected.runs if trainer.state.collected else ():
            is_near = run.from_us < to_us and run.to_us > from_us
            if is_near and not all(map(stays, reader.find(run, wanted))):
                _replace(trainer, run, stays, at_us)
    except LostRun:
        begin_anew(trainer)
    remove_unnamed(trainer)


def _replace(trainer: Trainer, run: RewardRun, stays: Callable[[Record], bool], at_us: int) -> None:
    """Store what stays of a run in its place."""
    if (collected := trainer.state.collected) is not None:
        trainer.check()
        left = reward_runs_store.merge_runs([run], stays)
        commit(trainer, replace(collected, redacted_us=at_us), [run], [] if left is None else [left])
