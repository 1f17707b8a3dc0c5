# A loop with its storage, for one machine. How it is started: compose.yaml, and "In a container" in README.md.
FROM python:3.13-slim-trixie AS set-up
WORKDIR /rankloop
# First what the set-up itself reads, so that other changes fetch nothing again.
COPY --chmod=755 dev.py pyproject.toml uv.lock package.json package-lock.json ./
COPY --chmod=755 deployment deployment
COPY --chmod=755 localhost/__init__.py localhost/
COPY --chmod=755 localhost/setup localhost/setup
# Packages by the hashes of the lock files, without those that only tests and benchmarks need. Node.js is here for the
# libraries of the page alone, and does not go into the image.
RUN UV_NO_GROUP="bench infra dev" UV_COMPILE_BYTECODE=1 python3 -c "import dev; dev.set_up()" \
  && rm -rf .boot/uv .boot/node node_modules .venv/.lock
COPY --chmod=755 . .
RUN .venv/bin/python -m compileall -q -x "node_modules|[.]venv|[.]boot" .

FROM python:3.13-slim-trixie
ARG USER_ID=10001
WORKDIR /rankloop
COPY --from=set-up /rankloop /rankloop
RUN install -d -m 700 -o $USER_ID .local
USER $USER_ID
VOLUME /rankloop/.local
EXPOSE 7071
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s \
  CMD ["python3", "-c", "from urllib.request import *; build_opener(ProxyHandler({})).open('http://127.0.0.1:7071/ready')"]
CMD ["python3", "dev.py", "up", "--host", "0.0.0.0", "--port", "7071"]
