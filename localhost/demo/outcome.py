"""What an apprenticeship led to: a table of its rounds, and whether all went as it should."""

from dataclasses import dataclass

from localhost.demo.apprenticeship import APPRENTICE, ONLINE, Story
from localhost.demo.figures import Stretch, stretches
from localhost.demo.table import align, between

NEAR_CEILING = 0.8
"""From this share of its ceiling on, the match rate of the last 1000 events counts as near it. They may hold some from
before the first models; who knew only which brand the rule shows most often would reach about .6."""
_WIDTHS = (13, 13, 9, 16, 9, 16, 9)
_HEADINGS = (
    ("purchases", "mode", "mean", "95 %", "rule's", "95 %", "events"),
    ("", "", "reward", "interval", "mean", "interval", "learned"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that should be so.

    Attributes:
        claim: What should be so.
        seen: What was seen of it.
    """

    holds: bool
    claim: str
    observed: str

    def __str__(self) -> str:
        """Give it as a line."""
        return f"  [{'yes' if self.holds else 'NO'}] {self.claim}: {self.observed}"


def rounds_of(story: Story) -> list[Stretch]:
    """The figures of each round; the first action is the rule's."""
    return stretches(story.run.played, [0, *(learned.end for learned in story.run.rounds)])


def table(story: Story) -> str:
    """A line for each round."""
    rows = [
        (
            f"{stretch.first} - {stretch.last}",
            APPRENTICE if stretch.last <= story.watched else ONLINE,
            f"{stretch.reward:.3f}",
            between(stretch.interval),
            f"{stretch.first_action:.3f}",
            between(stretch.first_action_interval),
            str(ended.learned),
        )
        for stretch, ended in zip(rounds_of(story), story.run.rounds, strict=True)
    ]
    return align(_WIDTHS, _HEADINGS, rows)


def findings(story: Story) -> list[Finding]:
    """Whether users noticed nothing, the apprentice learned, its model took over, and went on learning."""
    same, likeness, handover = story.watched - story.shown_otherwise, story.handover.likeness, story.handover
    share = likeness.match_rate / likeness.ceiling
    last = rounds_of(story)[-1]
    copy = imitation_line(last, likeness.ceiling)
    return [
        Finding(
            same == story.watched,
            "In Apprentice mode, customers were shown the application's brand",
            f"{same} of {story.watched}",
        ),
        Finding(
            share >= NEAR_CEILING,
            "The match rate came near its ceiling",
            f"{likeness.match_rate:.3f} of {likeness.ceiling:.3f}, {share:.0%} of it ({NEAR_CEILING:.0%} is enough)",
        ),
        Finding(
            handover.is_by_learned_model,
            "The learned model answered the first Rank after the switch",
            f"mode {handover.trace.learning_mode}, model {handover.trace.model}",
        ),
        Finding(
            last.interval.low > copy,
            "Online it learned more",
            f"its interval begins at {last.interval.low:.3f}; a copy of the rule that tries as much earns {copy:.3f}",
        ),
    ]


def verdict(story: Story) -> str:
    """The last round, and what all findings come to."""
    all_findings = findings(story)
    held = all(finding.holds for finding in all_findings)
    word = "The apprentice learned, took over, and went on learning" if held else "The apprenticeship failed"
    return "\n".join([comparison(rounds_of(story)[-1]), "", f"{word}:", *map(str, all_findings)])


def comparison(last: Stretch) -> str:
    """What Rankloop and the rule earned on the same purchases."""
    return (
        f"In the last round Rankloop earned {last.reward:.3f} a purchase ({last.number} purchases, 95 % interval "
        f"{between(last.interval)}),\nwith all that it tried at random. That is {_against(last)}\n"
        f"({last.number} purchases, 95 % interval {between(last.first_action_interval)})."
    )


def imitation_line(stretch: Stretch, ceiling: float) -> float:
    """What a perfect apprentice would earn Online if it never learned more; rewards are 1 for one action, else 0.

    Args:
        ceiling: The chance with which it shows the rule's action; the others share the rest.
    """
    others = 1 / stretch.random - 1
    return ceiling * stretch.first_action + (1 - ceiling) * (1 - stretch.first_action) / others


def _against(last: Stretch) -> str:
    rule = f"than the rule, which would have earned {last.first_action:.3f}"
    if last.interval.low > last.first_action_interval.high:
        return f"clearly more {rule}"
    if last.interval.high < last.first_action_interval.low:
        return f"clearly less {rule}"
    return f"neither clearly more nor clearly less {rule}"
