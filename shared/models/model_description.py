"""The description of a trained model: the JSON beside its training state, from which the model can be made again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import Correction
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.times import from_iso, to_iso


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """How one run of the driver made a model; holds no ids, which may have to be redacted.

    Attributes:
        predictor_blob: Blob path of the predictor made from the training state.
        arguments: The learning arguments of the run.
        exploration: The number after `--epsilon`, whatever the arguments say.
        rewards: The reward settings under which the log was labelled.
        revision: The configuration's revision.
        learned_up_to_us: The log position after the run.
        events: Events learned since the model was empty.
        earlier_state: Blob path of the training state that the run began with; None for an empty model.
        logs: Paths of the log blobs learned in the run, in order.
        lines: The places, counted from 0, of the first line and after the last line, if not all lines of the only log
            blob were learned in the run.
        left_out: The places of lines that the driver was not given, by the path of their log blob.
        mode: The learning mode. Versions before learning modes stored none, and had only the first.
        processor: The kind of processor, on which the bytes of a model depend.
        trained: The lines of the run, counted by outcome.
        corrections: How the log was corrected.
    """

    predictor_blob: str
    arguments: str
    exploration: float
    rewards: RewardSettings
    revision: int
    learned_up_to_us: int
    events: int
    earlier_state: str | None
    logs: tuple[str, ...]
    lines: tuple[int, int] | None = None
    left_out: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    mode: LearningMode = LearningMode.ONLINE
    processor: str = "unknown"
    trained: Mapping[str, int] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()

    def to_json(self) -> bytes:
        """The text that is stored."""
        lines = {"lines": self.lines} if self.lines else {}
        left_out = {"leftOut": self.left_out} if self.left_out else {}
        fields = {
            "arguments": self.arguments,
            "mode": self.mode,
            "processor": self.processor,
            "exploration": self.exploration,
            "rewards": self.rewards.members,
            "revision": self.revision,
            "learnedUpTo": to_iso(self.learned_up_to_us),
            "events": self.events,
            "predictor": self.predictor_blob,
            "lineage": {"state": self.earlier_state, "logs": self.logs, **lines, **left_out},
            "trained": self.trained,
        }
        if self.corrections:
            fields["corrections"] = [correction.members for correction in self.corrections]
        return json.dumps(fields, sort_keys=True).encode()

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Read the stored text."""
        fields = json.loads(text)
        rewards, lineage = fields["rewards"], fields["lineage"]
        return cls(
            predictor_blob=fields["predictor"],
            arguments=fields["arguments"],
            exploration=fields["exploration"],
            rewards=RewardSettings(rewards["wait_us"], rewards["default"], Aggregation(rewards["aggregation"])),
            revision=fields["revision"],
            learned_up_to_us=from_iso(fields["learnedUpTo"]),
            events=fields["events"],
            earlier_state=lineage["state"],
            logs=tuple(lineage["logs"]),
            lines=tuple(lineage["lines"]) if "lines" in lineage else None,
            left_out={path: tuple(places) for path, places in lineage.get("leftOut", {}).items()},
            mode=LearningMode(fields.get("mode", LearningMode.ONLINE)),
            processor=fields.get("processor", "unknown"),
            trained=fields.get("trained", {}),
            corrections=tuple(map(Correction.of_members, fields.get("corrections", ()))),
        )
