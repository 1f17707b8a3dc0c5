"""The folder of a small function app that shows what a host does with it."""

import json
from pathlib import Path
from typing import Any

HOST = {
    "version": "2.0",
    "extensions": {"http": {"routePrefix": "toys"}, "queues": {"maxDequeueCount": 2, "maxPollingInterval": "00:00:01"}},
    "functionTimeout": "00:00:04",
    "logging": {"logLevel": {"default": "Information", "Host": "Debug"}},
}
FUNCTIONS = """
import asyncio, json, logging, os, time
from pathlib import Path
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
Request, Response = func.HttpRequest, func.HttpResponse


def note(name, line):
    with Path(os.environ["NOTES"], name).open("a") as file:
        file.write(line + "\\n")


def seen(req):
    shown = {"method": req.method, "url": req.url, "query": dict(req.params), "route": dict(req.route_params),
             "headers": dict(req.headers), "body": req.get_body().decode("latin-1")}
    return Response(json.dumps(shown), mimetype="application/json")


def show(name, route, methods=None, level=func.AuthLevel.ANONYMOUS):
    async def handler(req: Request) -> Response:
        return Response(headers={"x-function": name}, body=seen(req).get_body())
    app.function_name(name)(app.route(route=route, methods=methods, auth_level=level)(handler))


show("post", "echo", ["POST"])
show("item", "items/{id}", ["GET"])
show("early", "items/early", ["GET"])
show("special", "items/special", ["GET"])
show("number", "items/{number:int}/half", ["GET"])
show("word", "items/{word}/half", ["GET"])
show("Zone", "items/{zone}/half", ["GET"])
show("maybe", "maybe/{name?}", ["GET"])
show("rest", "files/{*path}", ["GET"])
show("every", "every")
show("guarded", "guarded", ["GET"], func.AuthLevel.FUNCTION)
show("owned", "owned", ["GET"], func.AuthLevel.ADMIN)


@app.route(route="length", methods=["POST"])
async def length(req: Request) -> Response:
    return Response(str(len(req.get_body())))


@app.route(route="threaded", methods=["GET"])
def threaded(req: Request) -> Response:
    return Response("from a thread")


@app.route(route="broken", methods=["GET"])
async def broken(req: Request) -> Response:
    raise ValueError("nope")


@app.route(route="unsendable", methods=["GET"])
async def unsendable(req: Request) -> Response:
    return Response(headers={"x-name": "\\u4f60"})


@app.route(route="nothing", methods=["GET"])
async def nothing(req: Request) -> Response:
    return Response(status_code=204)


@app.route(route="cookies", methods=["GET"])
async def cookies(req: Request) -> Response:
    response = Response("x")
    response.headers.add("Set-Cookie", "a=1; Path=/")
    response.headers.add("Set-Cookie", "b=2; HttpOnly")
    return response


@app.route(route="slow/{seconds}", methods=["GET"])
async def slow(req: Request) -> Response:
    await asyncio.sleep(float(req.route_params["seconds"]))
    return Response("done")


@app.route(route="logs", methods=["GET"])
async def logs(req: Request) -> Response:
    logging.getLogger("toy").info("first\\nsecond")
    logging.getLogger("toy").debug("too much")
    return Response("logged")


@app.timer_trigger(schedule="%OFTEN%", arg_name="timer")
async def often(timer: func.TimerRequest) -> None:
    note("often", f"begin {time.time()}")
    await asyncio.sleep(1.5)
    note("often", f"end {time.time()}")


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
async def seldom(timer: func.TimerRequest) -> None:
    note("seldom", "begin")
    while Path(os.environ["NOTES"], "hold").exists():
        await asyncio.sleep(0.02)
    await asyncio.sleep(float(os.environ.get("SELDOM_SECONDS", "0")))
    note("seldom", "end")


@app.queue_trigger(arg_name="letter", queue_name="letters", connection="AzureWebJobsStorage")
async def letters(letter: func.QueueMessage) -> None:
    text = letter.get_body().decode()
    note("letters", f"{text} {letter.dequeue_count}")
    if text == "long":
        await asyncio.sleep(1)
    if text == "endless":
        await asyncio.sleep(60)
    if text == "hidden":
        note("hidden", str((letter.time_next_visible - letter.insertion_time).total_seconds()))
    if text == "unreadable":
        raise ValueError("cannot read this")
"""


def make_app(folder: Path, functions: str = FUNCTIONS, host: dict[str, Any] | str = HOST) -> Path:
    """Write an app into the folder and give it back."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function_app.py").write_text(functions, encoding="utf-8")
    (folder / "host.json").write_text(host if isinstance(host, str) else json.dumps(host), encoding="utf-8")
    return folder
