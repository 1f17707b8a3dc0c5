// Loaded into Azurite before its own code, by tests and benchmarks only: gives it a clock that is not the machine's.
// TEST_CLOCK_AHEAD_US says by how much it is ahead from the beginning, in microseconds; negative ones are the past.
// With BENCHMARK_CLOCK it can be set, too: whoever connects to the port that is written to this file sends the
// milliseconds to add, and is answered once it is done. So rows of hours can be written in seconds, and the trainer
// sees them as it would see a real backlog.
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const net = require("node:net");

const Real = Date;
const start = Number(process.env.TEST_CLOCK_AHEAD_US ?? 0) / 1000;
let ahead = start;

const now = () => Math.floor(Real.now() + ahead);

globalThis.Date = class Date extends Real {
  constructor(...given) {
    super(...(given.length ? given : [now()]));
  }
  static now() {
    return now();
  }
};

// Of an answer that says nothing of the time, Node.js itself would tell the machine's.
for (const { prototype } of [http.Server, https.Server]) {
  const emit = prototype.emit;
  prototype.emit = function (event, ...given) {
    if (event === "request") given[1].setHeader("Date", new Date().toUTCString());
    return emit.call(this, event, ...given);
  };
}

const file = process.env.BENCHMARK_CLOCK;
if (file) {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (text) => {
      ahead = start + Number(text);
      socket.end("set");
    });
  });
  server.listen(0, "127.0.0.1", () => {
    fs.writeFileSync(`${file}.new`, String(server.address().port));
    fs.renameSync(`${file}.new`, file);
  });
  server.unref();
}
