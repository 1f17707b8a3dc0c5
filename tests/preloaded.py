"""What each forked process would make for itself: the modules of the app, the readers and writers of documents.

The app itself is composed in each process, since a process has an identity of its own.
"""

import sys

import function_app
from shared.configuration.configuration import Configuration
from shared.evaluation.evaluation import Evaluation
from shared.metrics.metrics_store import Day
from shared.models.published import Published
from shared.storage import json_documents
from shared.training.training_state import State

function_app.import_others()
for kind in (Configuration, Published, State, Day, Evaluation):
    json_documents._adapter(kind)

del sys.modules[function_app.__name__]
