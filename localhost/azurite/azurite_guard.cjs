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
const { withQuickTables } = require("./azurite_tables.cjs");
const { randomUUID } = require("crypto");
const load = Module._load;
let quickTables;
let parseOnce;
const leftOut = { applicationinsights: {}, sequelize: { Model: class {} } };
Module._load = function (request, ...more) {
  const exported = leftOut[request] ?? load.call(this, request, ...more);
  if (request.endsWith("/LokiExtentMetadataStore")) {
    removeExtentsTogether(exported.default);
  }
  if (request.endsWith("/LokiTableMetadataStore")) {
    quickTables ??= withQuickTables(exported.default);
    exported.default = quickTables;
  }
  if (request === "lokijs") {
    searchByNameFirst(exported.Resultset);
  }
  if (request === "uri-templates") {
    parseOnce ??= withEachParsedOnce(exported);
    return parseOnce;
  }
  return request === "uuid/v4" ? randomUUID : exported;
};

// Azurite compares a request with the templates of all operations, and would parse each of them anew each time; and it
// would ask for the random bytes of each id by itself. Both together are a tenth of what it does for a request.
function withEachParsedOnce(parse) {
  const parsed = new Map();
  return (text) => {
    if (!parsed.has(text)) {
      parsed.set(text, parse(text));
    }
    return parsed.get(text);
  };
}

// Extents hold the bytes of blobs; those that no blob needs any more are collected every ten minutes. Azurite removes the
// record of each by itself and builds the whole index anew each time: with 10,000 of them it answers nothing for 40 seconds.
// Here the records of all that are collected in one turn of the event loop are removed together.
function removeExtentsTogether(Store) {
  const collected = new WeakMap();
  Store.prototype.deleteExtent = async function (id) {
    const others = collected.get(this);
    if (others) {
      others.add(id);
      return;
    }
    const ids = new Set([id]);
    collected.set(this, ids);
    setImmediate(() => {
      collected.delete(this);
      this.db.getCollection(this.EXTENTS_COLLECTION).removeWhere((extent) => ids.has(extent.id));
    });
  };
}

// Of the conditions of a search only the first one uses an index. Azurite begins with the account, and so looks at each of
// its blobs whenever it reads or writes one: with 20,000 of them this takes 10 milliseconds. A name is that of few. The
// key of a row is, too, while a partition has hundreds of them.
function searchByNameFirst(Resultset) {
  const findAnd = Resultset.prototype.findAnd;
  const isExact = (condition) => typeof (condition.name ?? condition.RowKey) === "string";
  Resultset.prototype.$and = function (conditions) {
    const exact = conditions.filter(isExact);
    const others = conditions.filter((condition) => !isExact(condition));
    return findAnd.call(this, [...exact, ...others]);
  };
}
