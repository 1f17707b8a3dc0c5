"""The evaluation of a whole log, whenever its events came."""

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Purpose, Source
from shared.evaluation.names import ONLINE
from shared.times import FIRST_US, LAST_US


def evaluation(custom: tuple[Policy, ...] = (), kind: str = "cb", *, optimise: bool = False) -> Evaluation:
    """What is asked of a whole log; which rewards count and what they are worth is in its lines.

    Its range is all that a calendar has; so sums are kept by days, and a long log needs no more memory.
    """
    as_labelled = RewardSettings(0, 0.0, Aggregation.EARLIEST)
    return Evaluation(
        id="file",
        purpose=Purpose.EVALUATION,
        name="file",
        is_of_2022=False,
        start_us=FIRST_US,
        end_us=LAST_US + 1,
        created_us=0,
        custom=custom,
        optimise=optimise,
        round_number=0,
        online=Policy(ONLINE, None, Source.ONLINE),
        exploration=0.0,
        log=EvaluatedLog(FIRST_US, LAST_US + 1, kind, as_labelled),
    )
