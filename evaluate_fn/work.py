"""Work on evaluations: each message is one task, for any instance."""

import threading

import azure.functions as func

from shared.storage.paths import EVALUATION_QUEUE
from shared.web.threads import in_thread

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("evaluate_work")
@blueprint.queue_trigger(arg_name="message", queue_name=EVALUATION_QUEUE, connection="AzureWebJobsStorage")
async def evaluate_work(message: func.QueueMessage, context: func.Context) -> None:
    """Carry out a task of an evaluation, and see what comes next."""
    text, message_id, tries = message.get_body().decode(), str(message.id), message.dequeue_count or 1

    def work(stop: threading.Event) -> None:
        from evaluate_fn.signed_work import take

        take(text, message_id, tries, stop)

    await in_thread(context, work)
