"""An owner who asks a loop's page questions: where the hand goes, what it costs, and the sentence that answers."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from playwright.sync_api import Locator, Page, expect

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z|\bP(?=T?\d)[\dDTHMS.]*[DHMS]\b")
"""A moment or a duration in a sentence of the API."""
PATIENCE_MS = 60_000


@dataclass(slots=True)
class Answer:
    """A question, and how it was answered.

    Attributes:
        seconds: From the overview to the answer.
        clicks: And entries into fields.
        sentences: As the page shows them.
        view: Where they stand, as the end of the address.
        picture: The name of the screenshot.
    """

    question: str
    seconds: float = 0
    clicks: int = 0
    sentences: list[str] = field(default_factory=list)
    view: str = ""
    picture: str = ""


class Owner:
    """Somebody at a page, who begins each question at the overview.

    Attributes:
        answers: All so far, in the order of their questions.
    """

    def __init__(self, open_page: Callable[[], Page], name: str, photograph: Callable[[Page, str], None]) -> None:
        """Open the page; pictures of it are kept under a name."""
        self._begin = time.monotonic()
        self.page = open_page()
        self.answers: list[Answer] = []
        self._name = name.replace(" ", "-").replace(",", "")
        self._photograph = photograph

    @contextmanager
    def ask(self, question: str) -> Iterator[None]:
        """Ask a question, beginning at the overview; the picture is of what answers it.

        The first one begins with the opening of the page. What is answered without a click has one picture.
        """
        answer, begin = Answer(question), time.monotonic() if self.answers else self._begin
        self._open_overview()
        self.answers.append(answer)
        yield
        answer.seconds = round(time.monotonic() - begin, 1)
        answer.view = self.page.url.partition("#")[2].partition("?")[0]
        same = next((each for each in self.answers[:-1] if answer.clicks == each.clicks == 0), None)
        answer.picture = same.picture if same else f"{self._name}-{len(self.answers)}"
        if not same:
            expect(self.page.get_by_text("Loading …")).to_have_count(0, timeout=PATIENCE_MS)
            self._photograph(self.page, answer.picture)

    def _open_overview(self) -> None:
        self.page.get_by_role("navigation", name="Views").get_by_role("link", name="Overview").click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)

    def click(self, *links: Locator) -> None:
        """Click one after the other."""
        for link in links:
            link.click()
            self.answers[-1].clicks += 1

    def fill(self, field: Locator, text: str) -> None:
        """Type a text into a field."""
        field.fill(text)
        field.press("Enter")
        self.answers[-1].clicks += 1

    def read(self, place: Locator, *sentences: str) -> None:
        """Find sentences of the API in a place, with its moments as the browser writes them."""
        for sentence in sentences:
            expect(place).to_contain_text(as_shown(sentence), timeout=PATIENCE_MS)
            found = as_shown(sentence).search(place.inner_text().replace("\n", " "))
            self.answers[-1].sentences.append(found.group() if found else sentence)

    def open_menu(self, name: str) -> None:
        """Go to a view by the menu."""
        self.click(self.page.get_by_role("navigation", name="Views").get_by_role("link", name=name, exact=True))

    def record(self) -> Sequence[dict[str, object]]:
        """The answers for a file."""
        return [asdict(answer) for answer in self.answers]


def as_shown(sentence: str) -> re.Pattern[str]:
    """A sentence of the API as the page may show it: its moments and durations are written as the browser has them."""
    return re.compile(".{5,24}?".join(re.escape(part).replace(r"\ ", r"\s") for part in TIME.split(sentence)))
