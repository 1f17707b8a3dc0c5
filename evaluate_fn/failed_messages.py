"""Messages that failed too often: each ends its evaluation."""

import threading

import azure.functions as func

from shared.storage.paths import EVALUATION_POISON_QUEUE
from shared.web.threads import in_thread

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("evaluate_poison")
@blueprint.queue_trigger(arg_name="message", queue_name=EVALUATION_POISON_QUEUE, connection="AzureWebJobsStorage")
async def evaluate_poison(message: func.QueueMessage, context: func.Context) -> None:
    """End an evaluation of which a task failed again and again."""
    text = message.get_body().decode()

    def work(_stop: threading.Event) -> None:
        from evaluate_fn.stages import give_up

        give_up(text)

    await in_thread(context, work)
