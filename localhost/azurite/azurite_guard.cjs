// Loaded into Azurite before its own code, so that what it holds is saved however the process that started it ends:
// its end is noticed and answered as a signal would be; a line that nobody reads any more does not stop the saving;
// and a second signal does not cut short what the first one began.
process.stdin.resume();
process.stdin.unref();
process.stdin.on("end", () => process.emit("SIGTERM"));
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
process.on("SIGTERM", () => {});
process.on("SIGINT", () => {});

// What Azurite loads for telemetry, which is off, and for metadata in an SQL database is left out: two fifths of the time
// that it takes to start. All data are in memory or in the folder, whatever the environment says.
delete process.env.AZURITE_DB;
const Module = require("module");
const load = Module._load;
const leftOut = { applicationinsights: {}, sequelize: { Model: class {} } };
Module._load = function (request, ...more) {
  return leftOut[request] ?? load.call(this, request, ...more);
};
