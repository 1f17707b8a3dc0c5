"""What a quarantine would take out, counted as far as the time of one call allows; changes nothing. Blocking."""

from export_fn.correction_range import CorrectionRange
from shared.configuration.corrections import Correction
from shared.log.corrected_lines import CorrectedLines
from shared.log.quarantine_forms import QuarantinePreview


def preview(correction: Correction) -> QuarantinePreview:
    """Count what a quarantine would take out; of a range that takes longer, the log of its beginning."""
    log, new = CorrectionRange(correction), CorrectedLines([correction])
    active = CorrectedLines(log.configuration.corrections).within(correction.from_us, correction.to_us)
    events = quarantined = already = 0
    first_us: int | None = None
    last_us: int | None = None
    for at_us, line in log.lines():
        events += correction.from_us <= at_us < correction.to_us
        if new.is_quarantined(line):
            quarantined += 1
            already += active.is_quarantined(line)
            first_us = at_us if first_us is None else min(first_us, at_us)
            last_us = at_us if last_us is None else max(last_us, at_us)
    return QuarantinePreview(
        events=events,
        quarantined=quarantined,
        already=already,
        first=first_us,
        last=last_us,
        joined_up_to=log.joined_us or None,
        done=log.stopped_us is None,
        next=log.stopped_us,
    )
