"""What Rank and Reward of one loop use of storage: opened with its first use."""

import secrets
from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from shared.configuration.configuration_store import initial_configuration
from shared.configuration.exploration import Exploration
from shared.intake.intake import Intake
from shared.models.published import ModelReference, Published, PublishedTrial
from shared.ranking.action_cache import ActionCache
from shared.ranking.live_settings import LiveSettings
from shared.ranking.model_in_use import LoadedModel, ModelInUse, RejectedModel
from shared.ranking.refused_ranks import RefusedRanks
from shared.settings import settings
from shared.storage.interface import Connection


class SizedModel(Protocol):
    """A model in memory."""

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""


class HotPath[Model: SizedModel]:
    """What one process answers a loop's Ranks and takes its rewards with.

    Attributes:
        refused_ranks: The Ranks that this process refused since they had too many actions.
        action_cache: The actions that clients send again and again.
    """

    def __init__(
        self, connect: Callable[[], Connection], load: Callable[[bytes, ModelReference, Exploration], Model]
    ) -> None:
        """Take what gives the connection to storage when it is first needed, and what makes a model.

        Args:
            load: Is given a blob's bytes, what was published of it, and the exploration.
        """
        self._connect = connect
        self._load = load
        self._model: ModelInUse[Model] | None = None
        self._challenger: ModelInUse[Model] | None = None
        self.refused_ranks = RefusedRanks()
        self.action_cache = ActionCache(secrets.token_hex(16))

    @cached_property
    def connection(self) -> Connection:
        """The connection to storage.

        Raises:
            InvalidSetting: A setting is missing or makes no sense.
        """
        return self._connect()

    @cached_property
    def intake(self) -> Intake:
        """Where events and observations are appended."""
        return Intake(self.connection, settings())

    @cached_property
    def live_settings(self) -> LiveSettings:
        """What configuration and published model say."""
        return LiveSettings(self.connection, initial_configuration)

    @property
    def model(self) -> ModelInUse[Model] | None:
        """The model that this process ranks with; None before its first Rank."""
        return self._model

    def follow_published(self) -> ModelInUse[Model]:
        """The model that this process ranks with, which follows what is published from the first Rank on."""
        if self._model is None:
            self._model = ModelInUse(self.connection, self._load_with_exploration)
            self._challenger = ModelInUse(self.connection, self._load_with_exploration)
            self.live_settings.follow(self._model.follow)
            self.live_settings.follow(self._follow_challenger)
        return self._model

    def challenger(self, trial: PublishedTrial) -> LoadedModel[Model] | None:
        """A model of the challenger of a trial; None until the first one is loaded. No Rank waits for it."""
        loaded = self._challenger.loaded if self._challenger else None
        return loaded if loaded and loaded.reference.arguments == trial.challenger.arguments else None

    @property
    def rejected_challenger(self) -> RejectedModel | None:
        """The model of a challenger that this process does not use, and why; None if it is in use, or none is tried."""
        return self._challenger.rejected if self._challenger else None

    @property
    def model_bytes(self) -> int:
        """About how much memory the models take; 0 without any."""
        loaded = [each.loaded for each in (self._model, self._challenger) if each]
        return sum(each.model.size_bytes for each in loaded if each)

    async def close(self) -> None:
        """Stop refreshing."""
        await self.live_settings.close()

    async def _follow_challenger(self, published: Published) -> None:
        if self._challenger is not None:
            await self._challenger.follow(published.of_challenger)

    def _load_with_exploration(self, data: bytes, reference: ModelReference) -> Model:
        return self._load(data, reference, self.live_settings.exploration)
