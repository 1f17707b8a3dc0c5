"""The demo's apprenticeship: the rule of thumb, the story, what counts as success, and a short run for real."""

import io
import json
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from copy import replace

import pytest

from localhost.demo.apprenticeship import APPRENTICE, ONLINE, Handover, Story, apprenticeship
from localhost.demo.calls import context_features
from localhost.demo.demos import teach_on
from localhost.demo.figures import Played
from localhost.demo.loop import RankTrace, Standing
from localhost.demo.outcome import findings, imitation_line, rounds_of, table, verdict
from localhost.demo.owner import Likeness
from localhost.demo.purchases import Offer, Purchase, load
from localhost.demo.rule import order_by_rule
from localhost.demo.run import Player, Round, Run
from localhost.demo.servers import stage
from localhost.interruption import Interruption
from localhost.progress import Progress
from shared.metrics.intervals import Interval

BRANDS = ("best", "second", "third", "fourth")
LIKE = Likeness(1000, 800, 0.8, Interval(0.774, 0.824), 0.85, 0.9)
LEARNED = RankTrace("m2", ONLINE)


def purchase(household: str, bought: str, displayed: Sequence[str] = (), advertised: Sequence[str] = ()) -> Purchase:
    offers = tuple(Offer(brand, 1.0, brand in advertised, brand in displayed) for brand in BRANDS)
    return Purchase(household, offers, bought)


def without_display(purchase: Purchase) -> Purchase:
    """The same purchase without records of what was on display."""
    return replace(purchase, offers=tuple(replace(offer, on_display=None) for offer in purchase.offers))


# The rule


def test_the_rule_recommends_what_is_on_display_else_what_was_bought_last_else_the_best_seller() -> None:
    """Each household has its own last purchase."""
    bought = [
        purchase("1", "third"),
        purchase("2", "second"),
        purchase("1", "fourth", displayed=["second"], advertised=["best"]),
        purchase("2", "best"),
        purchase("1", "best", displayed=["third", "fourth"]),
    ]

    order = [(row.bought_last, [offer.brand for offer in row.offers][:2]) for row in order_by_rule(bought)]

    assert order == [
        (None, ["best", "second"]),
        (None, ["best", "second"]),
        ("third", ["second", "third"]),
        ("second", ["second", "best"]),
        ("fourth", ["fourth", "third"]),
    ]


def test_where_displays_were_not_recorded_an_advertisement_replaces_them() -> None:
    """So the rule makes sense of the yogurt purchases too."""
    bought = without_display(purchase("1", "third", advertised=["second"]))

    assert [offer.brand for offer in order_by_rule([bought])[0].offers] == ["second", "best", "third", "fourth"]


def test_the_loop_gets_all_that_the_rule_uses() -> None:
    """Else nothing could imitate it; a household that comes for the first time has bought nothing before."""
    first, again = order_by_rule([purchase("1", "third"), purchase("1", "best")])

    assert context_features(first) == [{"household": "1"}]
    assert context_features(again) == [{"household": "1", "boughtLast": "third"}]


def test_the_rule_is_more_than_always_the_same_brand() -> None:
    """Who only ever showed the brand that the rule shows most often could not count as near the ceiling."""
    shown = Counter(row.offers[0].brand for row in order_by_rule(load("cracker")))
    most = max(shown.values()) / shown.total()

    assert (0.85 * most + 0.05 * (1 - most)) / 0.85 < 0.7


# The story


class Loopback:
    """A replacement of the loop that shows the first brand as an apprentice, else the second, and learns at once."""

    def __init__(self) -> None:
        self.calls: list[object] = []
        self.mode = "?"

    def rank(self, event_id: str, purchase: Purchase) -> str:
        self.calls.append((self.mode, event_id))
        return purchase.offers[self.mode == ONLINE].brand

    def reward(self, event_id: str, value: float) -> None:
        pass

    def wait_until_learned(self, events: int, _: Callable[[Standing], None]) -> Standing:
        self.calls.append(("learned", events))
        return Standing(events, f"model-{events}", f"model-{events}", events, "")

    def set_mode(self, learning_mode: str) -> None:
        self.mode = learning_mode

    def likeness(self) -> Likeness:
        self.calls.append("metrics")
        return LIKE

    def trace(self, event_id: str) -> RankTrace:
        self.calls.append(("trace", event_id))
        return RankTrace("model-2", ONLINE)


def test_the_loop_takes_over_once_it_has_learned_all_that_it_saw() -> None:
    """Half of the rounds each; a change of mode is given the time in which it reaches every Rank."""
    loop, lines = Loopback(), io.StringIO()
    progress = Progress(5, lines, Interruption())
    player = Player("tea", 5, loop, loop, progress, rounds=4)
    started_purchase = purchase("1", "second")

    story = apprenticeship(
        player,
        [[started_purchase], [started_purchase], [started_purchase, started_purchase], [started_purchase]],
        loop,
        loop,
        progress,
        loop.calls.append,
    )

    assert loop.calls == [
        5.0, (APPRENTICE, "tea-0001"), ("learned", 1), "metrics",
        (APPRENTICE, "tea-0002"), ("learned", 2), "metrics",
        5.0, (ONLINE, "tea-0003"), ("trace", "tea-0003"), (ONLINE, "tea-0004"), ("learned", 4),
        (ONLINE, "tea-0005"), ("learned", 5),
    ]  # fmt: skip
    assert (story.watched, story.shown_otherwise) == (2, 0)
    assert story.handover == Handover(LIKE, "model-2", "tea-0003", RankTrace("model-2", ONLINE))
    assert "match rate 0.800 (95 % 0.774 - 0.824), ceiling 0.850, reward achievement ratio 0.900" in lines.getvalue()
    assert "the one that the apprentice had learned" in lines.getvalue()


# What counts as success


def story(
    trace: RankTrace = LEARNED,
    likeness: Likeness = LIKE,
    online_rewards: Sequence[int] = (1, 1, 1, 0),
    is_noticed: bool = False,
) -> Story:
    """The rule is right at half of the purchases, as an apprentice and Online."""
    as_apprentice = [
        Played(purchase("1", bought), "third" if is_noticed else "best") for bought in ("best", "second")
    ] * 100
    online = [
        Played(purchase("1", bought), bought if reward else "fourth")
        for bought, reward in zip(["best", "second"] * 2, online_rewards, strict=True)
    ] * 50
    run = Run([*as_apprentice, *online], [Round(100, "m1", 100), Round(200, "m2", 200), Round(400, "m3", 400)])
    return Story(run, 200, Handover(likeness, "m2", "e", trace))


@pytest.mark.parametrize(
    ("outcome", "held"),
    [
        (story(), [True, True, True, True]),
        (story(is_noticed=True), [False, True, True, True]),
        (story(likeness=replace(LIKE, match_rate=0.67)), [True, False, True, True]),
        (story(trace=RankTrace("N/A", ONLINE)), [True, True, False, True]),
        (story(trace=RankTrace("m1", ONLINE)), [True, True, False, True]),
        (story(trace=RankTrace("m2", APPRENTICE)), [True, True, False, True]),
        (story(online_rewards=(1, 0, 0, 1)), [True, True, True, False]),
    ],
)
def test_an_apprenticeship_can_fail_in_four_ways(outcome: Story, held: list[bool]) -> None:
    """Users noticed, it did not learn, another model took over, or it learned nothing more."""
    assert [finding.holds for finding in findings(outcome)] == held
    assert ("The apprenticeship failed" in verdict(outcome)) is not all(held)
    assert verdict(outcome).count("[NO]") == held.count(False)


def test_a_perfect_apprentice_pays_for_what_it_tries() -> None:
    """It shows the rule's brand with the chance of the ceiling, and each other one with a third of the rest."""
    last = rounds_of(story())[-1]

    assert last.first_action == 0.5
    assert imitation_line(last, 0.85) == pytest.approx(0.85 * 0.5 + 0.05 * 0.5)


@pytest.mark.parametrize(
    ("rewards", "word"),
    [((1, 1, 1, 0), "clearly more"), ((1, 0, 0, 0), "clearly less"), ((1, 0, 0, 1), "neither clearly more nor")],
)
def test_the_verdict_says_who_earned_more_and_how_sure_that_is(rewards: Sequence[int], word: str) -> None:
    """Only intervals that do not overlap are a clear difference."""
    text = verdict(story(online_rewards=rewards))

    assert f"That is {word}" in text
    assert text.count("200 purchases, 95 % interval") == 2


def test_the_table_has_a_line_for_each_round_with_its_mode() -> None:
    """As an apprentice both means are the same, since customers see the rule's brand."""
    rows = [row.split() for row in table(story()).splitlines()[3:]]

    assert [(row[0], row[2], row[3], row[4], row[8], row[12]) for row in rows] == [
        ("1", "100", APPRENTICE, "0.500", "0.500", "100"),
        ("101", "200", APPRENTICE, "0.500", "0.500", "200"),
        ("201", "400", ONLINE, "0.750", "0.500", "400"),
    ]


# The real thing


def test_a_short_apprenticeship_through_the_functions() -> None:
    """Two rounds in each mode: metrics are those of the log, and the learned model answers the first Rank Online."""
    purchases, lines = order_by_rule(load("cracker"))[:160], io.StringIO()
    with stage(WRITE_DEADLINE="PT2S", JOIN_GRACE="PT3S", TRAIN_SCHEDULE="* * * * * *") as here:
        outcome = teach_on(here, "cracker", purchases, Progress(160, lines, Interruption()), rounds=4)
        log = urllib.request.Request(  # noqa: S310 - a local address
            f"{here.address}/rankloop/v1/logs", headers={"Ocp-Apim-Subscription-Key": here.key}
        )
        with urllib.request.urlopen(log, timeout=10) as answer:  # noqa: S310
            logged = [json.loads(line) for line in answer.read().splitlines()]

    matched = sum(line["_labelIndex"] == 0 for line in logged[:80])
    assert [line.get("Mode", ONLINE) for line in logged] == [APPRENTICE] * 80 + [ONLINE] * 80
    assert [line["EventId"] for line in logged] == [f"cracker-{number:04}" for number in range(1, 161)]
    assert (outcome.watched, outcome.shown_otherwise) == (80, 0)
    assert (outcome.handover.likeness.events, outcome.handover.likeness.matched) == (80, matched)
    assert outcome.handover.likeness.ceiling == pytest.approx(0.85)
    assert outcome.handover.trace == RankTrace(outcome.run.rounds[1].model, ONLINE)
    assert {line["VWState"]["m"] for line in logged[80:120]} == {outcome.handover.learned}
    assert outcome.handover.is_by_learned_model
