"""What Rank and Reward of one loop use of storage: opened with its first use."""

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from shared.configuration.configuration_store import initial_configuration
from shared.configuration.exploration import Exploration
from shared.intake.intake import Intake
from shared.models.published import ModelReference
from shared.ranking.live_settings import LiveSettings
from shared.ranking.model_in_use import ModelInUse
from shared.ranking.refused_ranks import RefusedRanks
from shared.settings import settings
from shared.storage.rest import Rest


class SizedModel(Protocol):
    """A model in memory."""

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""


class HotPath[Model: SizedModel]:
    """What one process answers a loop's Ranks and takes its rewards with.

    Attributes:
        refused_ranks: The Ranks that this process refused since they had too many actions.
    """

    def __init__(
        self, connect: Callable[[], Rest], load: Callable[[bytes, ModelReference, Exploration], Model]
    ) -> None:
        """Take what gives the account's REST interface when it is first needed, and what makes a model.

        Args:
            load: Is given a blob's bytes, what was published of it, and the exploration.
        """
        self._connect = connect
        self._load = load
        self._model: ModelInUse[Model] | None = None
        self.refused_ranks = RefusedRanks()

    @cached_property
    def rest(self) -> Rest:
        """The account's REST interface.

        Raises:
            InvalidSetting: A setting is missing or makes no sense.
        """
        return self._connect()

    @cached_property
    def intake(self) -> Intake:
        """Where events and observations are appended."""
        return Intake(self.rest, settings())

    @cached_property
    def live_settings(self) -> LiveSettings:
        """What configuration and published model say."""
        return LiveSettings(self.rest, initial_configuration)

    @property
    def model(self) -> ModelInUse[Model] | None:
        """The model that this process ranks with; None before its first Rank."""
        return self._model

    def follow_published(self) -> ModelInUse[Model]:
        """The model that this process ranks with, which follows what is published from the first Rank on."""
        if self._model is None:
            self._model = ModelInUse(self.rest, self._load_with_exploration)
            self.live_settings.follow(self._model.follow)
        return self._model

    @property
    def model_bytes(self) -> int:
        """About how much memory the model takes; 0 without one."""
        loaded = self._model.loaded if self._model else None
        return loaded.model.size_bytes if loaded else 0

    async def close(self) -> None:
        """Stop refreshing."""
        await self.live_settings.close()

    def _load_with_exploration(self, data: bytes, reference: ModelReference) -> Model:
        return self._load(data, reference, self.live_settings.exploration)
