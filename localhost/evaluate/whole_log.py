"""The evaluation of a whole log from a file."""

from shared.evaluation.evaluation import Evaluation, Policy, Purpose, Source
from shared.evaluation.names import ONLINE
from shared.evaluation.whole_log import whole_log


def evaluation(custom: tuple[Policy, ...] = (), kind: str = "cb", *, optimise: bool = False) -> Evaluation:
    """What is asked of a whole log; which rewards count and what they are worth is in its lines."""
    log = whole_log(kind)
    return Evaluation(
        id="file",
        purpose=Purpose.EVALUATION,
        name="file",
        is_of_2022=False,
        start_us=log.from_us,
        end_us=log.to_us,
        created_us=0,
        custom=custom,
        optimise=optimise,
        round_number=0,
        online=Policy(ONLINE, None, Source.ONLINE),
        exploration=0.0,
        log=log,
    )
