"""Makes a log of tables: a first pass sees what their columns hold, a second one writes the lines."""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from shared.imports.cells import InvalidRow, demand_few, is_empty, may_be_number, read_id, read_number
from shared.imports.chances import EstimatedChances, code_numbers, code_texts
from shared.imports.files.ordered_log import OrderedLog, Timed, sort_times, write_in_order
from shared.imports.files.reading import Reading
from shared.imports.files.table_description import TableDescription
from shared.imports.files.table_file import TableFile
from shared.imports.files.unusable_log import UnusableLog
from shared.imports.table_row import RowChoice, RowFeatures, read_choice, spread, write_line
from shared.learner.cleaning import MAX_TEXT
from shared.words import pluralize

_STEP = 1000
_NOTHING = float("nan")
_MOST_TEXTS = 10_000
"""Values of a column that are told apart; a column with more foretells no choices."""
_ROW_BYTES, _CELL_BYTES, _TEXT_BYTES = 96, 12, 128
"""Of memory that a row takes until the last one is read, a cell that chances may follow, and a text beside itself."""


class Tables:
    """Tables with the same columns.

    Attributes:
        without_reward: Rows whose reward is empty.
    """

    def __init__(self, files: Sequence[TableFile], description: TableDescription, reading: Reading) -> None:
        """Pass over all rows a first time.

        Raises:
            UnusableLog: A row is no event.
        """
        self._files, self._description, self._reading = files, description, reading
        columns = description.columns
        self.without_reward = 0
        self._memory_bytes = 0
        self._times = array("q")
        self._numbers: dict[str, int] = {}
        self._shown = array("i")
        self._offers: dict[tuple[str, ...], int] = {}
        self._offered = array("i")
        context = columns.context_of(files[0].header())
        self._values = {
            name: _Values(is_text=name in columns.text, foretells_choices=not columns.probability) for name in context
        }
        for file, place, cells in self._rows():
            self._add(self._choice(file, place, cells), cells)
            if self._memory_bytes > reading.memory_bytes:
                raise self._too_much(file, place)
        if not self._shown:
            raise UnusableLog(f"{files[0]} has no rows.", "Give a table with a row for each event.")
        names = tuple(self._numbers)
        self._actions = columns.actions or tuple(names[number] for number, _ in Counter(self._shown).most_common())
        try:
            demand_few(self._actions, columns.action)
        except InvalidRow as problem:
            raise UnusableLog(f"{files[0]}: {problem}.", problem.next_step) from problem

    @property
    def has_chances(self) -> bool:
        """Whether the chances of the actions that were shown are in a column."""
        return bool(self._description.columns.probability)

    def estimate(self) -> EstimatedChances:
        """Estimate the chances from what was shown; events count in the order of time."""
        order, numbers = sort_times(self._times), self._numbers
        for action in chain(self._actions, chain.from_iterable(self._offers)):
            numbers.setdefault(action, len(numbers))
        same = tuple(numbers[action] for action in self._actions)
        offers = [tuple(numbers[action] for action in offer) or same for offer in self._offers]
        codes = {name: array("h", (of[place] for place in order)) for name, of in self._codes()}
        shown = array("i", (self._shown[place] for place in order))
        return EstimatedChances(shown, [offers[self._offered[place]] for place in order], codes)

    def write(self, folder: Path, estimated: EstimatedChances | None) -> OrderedLog:
        """Write the log.

        Raises:
            UnusableLog: A row has features that no Rank could have, or there is no room.
        """
        places = array("q", bytes(8 * len(self._times)))
        for place, number in enumerate(sort_times(self._times)):
            places[number] = place
        return write_in_order(self._lines(places, estimated), folder, self._reading)

    def _lines(self, places: Sequence[int], estimated: EstimatedChances | None) -> Iterator[Timed]:
        columns = self._description.columns
        numbers = frozenset(name for name, values in self._values.items() if values.is_number)
        features = RowFeatures(tuple(self._values), numbers, self._description.of_actions)
        for number, (file, place, cells) in enumerate(self._rows()):
            choice = self._choice(file, place, cells)
            actions = choice.actions or self._actions
            position = actions.index(choice.action)
            chances = estimated.of(places[number]) if estimated else self._read_chances(file, place, choice, actions)
            try:
                event_id = (
                    read_id(cells[columns.id], columns.id) if columns.id else f"{Path(str(file)).stem}-{number + 1}"
                )
                document = features.document(cells, actions)
            except InvalidRow as problem:
                raise _refusal(file, place, problem) from problem
            yield (
                self._times[number],
                write_line(
                    event_id, self._times[number], document, position, chances, choice.reward, columns.default_reward
                ),
            )

    def _read_chances(self, file: TableFile, place: str, choice: RowChoice, actions: Sequence[str]) -> list[float]:
        probability = choice.probability or 1.0
        if len(actions) == 1 and probability < 1:
            reason = f"{probability:g} is not the chance of an action that was the only one"
            next_step = "Name all actions that could have been shown in actions."
            raise _refusal(file, place, InvalidRow(self._description.columns.probability, reason, next_step))
        return spread(probability, actions.index(choice.action), len(actions))

    def _add(self, choice: RowChoice, cells: Mapping[str, Any]) -> None:
        self._times.append(choice.at_us or 0)
        self._shown.append(self._number(self._numbers, choice.action, (choice.action,)))
        self._offered.append(self._number(self._offers, choice.actions, choice.actions))
        self.without_reward += choice.reward is None
        self._memory_bytes += _ROW_BYTES + sum(values.add(cells[name]) for name, values in self._values.items())

    def _number[Named](self, numbers: dict[Named, int], named: Named, texts: Sequence[str]) -> int:
        """The number of an action or an offer."""
        if named not in numbers:
            self._memory_bytes += sum(_TEXT_BYTES + len(text) for text in texts)
        return numbers.setdefault(named, len(numbers))

    def _too_much(self, file: TableFile, place: str) -> UnusableLog:
        most, columns = self._reading.memory_bytes >> 20, len(self._values)
        why = (
            ""
            if self.has_chances or not columns
            else f", for chances that follow some of {pluralize(columns, 'column', 'columns')}"
        )
        fewer = " Or name fewer columns in context." if why else ""
        return UnusableLog(
            f"{file}, {place}: up to here more than {most} MiB are kept in memory of all rows{why}.",
            f"{self._reading.larger}{fewer}",
        )

    def _choice(self, file: TableFile, place: str, cells: Mapping[str, Any]) -> RowChoice:
        try:
            return read_choice(cells, self._description.columns)
        except InvalidRow as problem:
            raise _refusal(file, place, problem) from problem

    def _rows(self) -> Iterator[tuple[TableFile, str, Mapping[str, Any]]]:
        number = 0
        for file in self._files:
            self._reading.begin(str(file))
            for place, cells in file.rows():
                if number % _STEP == 0:
                    self._reading.check()
                number += 1
                yield file, place, cells

    def _codes(self) -> Iterator[tuple[str, Sequence[int]]]:
        for name, values in self._values.items():
            if (codes := values.codes()) is not None:
                yield name, codes


class _Values:
    """The values of a column: as numbers as long as all are, and as texts; both only where chances may follow them."""

    def __init__(self, *, is_text: bool, foretells_choices: bool) -> None:
        self.is_number = not is_text
        self._foretells_choices = foretells_choices
        self._numbers = array("d")
        self._texts: dict[str, int] | None = {}
        self._codes = array("h")

    def add(self, cell: Any) -> int:
        """Add the value of a row; gives the bytes that are kept of it."""
        if self.is_number and not may_be_number(cell):
            self.is_number, self._numbers = False, array("d")
        if not self._foretells_choices:
            return 0
        if self.is_number:
            number = None if is_empty(cell) else read_number(cell)
            self._numbers.append(_NOTHING if number is None else number)
        return _CELL_BYTES + (0 if self._texts is None else self._add_text(self._texts, str(cell)[:MAX_TEXT]))

    def _add_text(self, texts: dict[str, int], text: str) -> int:
        is_new = text not in texts
        self._codes.append(texts.setdefault(text, len(texts)))
        if len(texts) > _MOST_TEXTS:
            self._texts, self._codes = None, array("h")
        return is_new * (_TEXT_BYTES + len(text))

    def codes(self) -> Sequence[int] | None:
        """A number for each value, so that few are told apart; None if there are too many texts."""
        if self._texts is not None and len(self._texts) <= 20:
            return self._codes
        if self.is_number:
            return code_numbers(self._numbers)
        return None if self._texts is None else code_texts(self._codes)


def _refusal(file: TableFile, place: str, problem: InvalidRow) -> UnusableLog:
    return UnusableLog(f"{file}, {place}: {problem}.", problem.next_step)
