"""The picture of `docs/evaluation.md`: other settings, evaluated by the logs of both demos, beside the truth.

`python -m localhost.demo.picture` prints it, as SVG; it makes the logs anew, as the demo does.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor
from xml.sax.saxutils import escape

from localhost.demo.hindsight import Judged, judge, true_rewards
from localhost.demo.purchases import DATA_SETS, load
from localhost.demo.rehearsal import log_of
from shared.configuration.service_configuration import ServiceConfiguration
from shared.storage.paths import DEFAULT, in_loop

_WIDTH, _LEFT, _RIGHT = 760, 130, 580
"""In pixels: the picture's, and where its scale begins and ends."""
_TOP, _ROW, _HEADING = 80, 30, 40
_STYLE = """\
  .paper { fill: #ffffff; } .ink { fill: #1f2328; } .faint { fill: #59636e; }
  .grid { stroke: #d1d9e0; } .interval { stroke: #0969da; stroke-width: 3; } .estimate { fill: #0969da; }
  .truth { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; } .ink { fill: #f0f6fc; } .faint { fill: #9198a1; }
    .grid { stroke: #3d444d; } .interval { stroke: #4493f8; } .estimate { fill: #4493f8; }
    .truth { fill: #f0883e; }
  }
  text { font: 13px system-ui, sans-serif; } .bold { font-weight: 600; } .end { text-anchor: end; }
  .middle { text-anchor: middle; }"""


def evaluate_both() -> dict[str, list[Judged]]:
    """What the demo finds at its end, of each data set."""
    exploration = ServiceConfiguration().exploration_percentage
    sets = {name: load(name) for name in DATA_SETS}
    return {name: judge(log_of(name, sold), true_rewards(name, sold), exploration) for name, sold in sets.items()}


def picture(judgements: Mapping[str, Sequence[Judged]]) -> str:
    """Intervals, estimates and the truth, a row for each of the settings, as SVG; readable in light and in dark."""
    every = [judgement for some in judgements.values() for judgement in some]
    scale = _Scale(
        min(judgement.interval.low for judgement in every), max(judgement.interval.high for judgement in every)
    )
    height = _TOP + len(judgements) * _HEADING + len(every) * _ROW + 44
    bottom = height - 40
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>What other settings would have earned on the purchases of the demo</title>",
            f"<style>\n{_STYLE}\n</style>",
            f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
            *_legend(),
            *_grid(scale, bottom),
            *_rows(judgements, scale),
            f'<text class="faint middle" x="{(_LEFT + _RIGHT) / 2:g}" y="{height - 8}">reward per purchase</text>',
            "</svg>",
        ]
    )


class _Scale:
    """From rewards to pixels; it begins and ends at whole tenths."""

    def __init__(self, low: float, high: float) -> None:
        self.tenths = range(floor(low * 10), ceil(high * 10) + 1)

    def x(self, reward: float) -> float:
        tenths = self.tenths
        return _LEFT + (_RIGHT - _LEFT) * (reward * 10 - tenths[0]) / (tenths[-1] - tenths[0])


def _legend() -> Iterator[str]:
    text, entries = 196, ("estimate and 95 % interval, from the log alone", "what the same decisions really earned")
    yield from _bar(text - 60, text - 20, text - 40, 20)
    yield _mark(text - 40, 51)
    for y, entry in zip((24, 48), entries, strict=True):
        yield f'<text class="ink" x="{text}" y="{y}">{entry}</text>'


def _grid(scale: _Scale, bottom: int) -> Iterator[str]:
    for tenth in scale.tenths:
        x = scale.x(tenth / 10)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 12}" y2="{bottom - 8}"/>'
        yield f'<text class="faint middle" x="{x:.1f}" y="{bottom + 8}">{tenth / 10:.1f}</text>'


def _rows(judgements: Mapping[str, Sequence[Judged]], scale: _Scale) -> Iterator[str]:
    y = _TOP
    for name, some in judgements.items():
        yield f'<text class="ink bold" x="12" y="{y + 12}">{escape(name)}</text>'
        y += _HEADING - _ROW // 2
        for judgement in some:
            yield f'<text class="ink end" x="{_LEFT - 14}" y="{y + 4}">{escape(judgement.name)}</text>'
            yield from _bar(
                scale.x(judgement.interval.low), scale.x(judgement.interval.high), scale.x(judgement.estimate), y
            )
            yield _mark(scale.x(judgement.earned), y)
            text = f"{judgement.estimate:.3f} ({judgement.interval.low:.3f} – {judgement.interval.high:.3f})"
            yield f'<text class="faint" x="{_RIGHT + 14}" y="{y + 4}">{text}</text>'
            y += _ROW
        y += _ROW // 2


def _bar(low: float, high: float, estimate: float, y: int) -> Iterator[str]:
    yield f'<line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
    for end in (low, high):
        yield f'<line class="interval" x1="{end:.1f}" x2="{end:.1f}" y1="{y - 6}" y2="{y + 6}"/>'
    yield f'<circle class="estimate" cx="{estimate:.1f}" cy="{y}" r="5"/>'


def _mark(x: float, y: int) -> str:
    return f'<path class="truth" d="M{x:.1f} {y - 3} l-6 -11 h12 z"/>'


if __name__ == "__main__":
    with in_loop(DEFAULT):
        print(picture(evaluate_both()))
