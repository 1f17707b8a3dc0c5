// Loaded into Azurite before its own code: gives it a clock that can be set. Whoever connects to the port that is
// written to the file BENCHMARK_CLOCK sends the milliseconds to add to the machine's time, and is answered once it is
// done. So rows of hours can be written in seconds, and the trainer sees them as it would see a real backlog.
const fs = require("node:fs");
const net = require("node:net");

const Real = Date;
let ahead = 0;

globalThis.Date = class Date extends Real {
  constructor(...given) {
    super(...(given.length ? given : [Real.now() + ahead]));
  }
  static now() {
    return Real.now() + ahead;
  }
};

const server = net.createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", (text) => {
    ahead = Number(text);
    socket.end("set");
  });
});
server.listen(0, "127.0.0.1", () => {
  const file = process.env.BENCHMARK_CLOCK;
  fs.writeFileSync(`${file}.new`, String(server.address().port));
  fs.renameSync(`${file}.new`, file);
});
server.unref();
