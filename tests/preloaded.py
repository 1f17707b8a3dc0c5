"""What each forked process would make for itself in 30 ms: the readers and writers of stored documents."""

from shared.configuration.configuration import Configuration
from shared.evaluation.evaluation import Evaluation
from shared.metrics.metrics_store import Day
from shared.models.published import Published
from shared.storage import json_documents
from shared.training.training_state import State

for kind in (Configuration, Published, State, Day, Evaluation):
    json_documents._adapter(kind)
