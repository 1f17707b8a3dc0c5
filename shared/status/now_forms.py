"""What would be shown now, in the trace of an event."""

from shared.learner.prospect_forms import Chances
from shared.web.json_forms import Wire


class Now(Wire):
    """What the model in use would show for the context and the actions of an event; `because` if that is not known."""

    chances: Chances | None
    because: str | None
