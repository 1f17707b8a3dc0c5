// Saves tables in Azurite's store, reads them again as after a start, and prints what was read and what the files hold.
const fs = require("fs");
const { join } = require("path");
const packages = join(__dirname, "..", "..", "node_modules");
const Store = require(join(packages, "azurite/dist/src/table/persistence/LokiTableMetadataStore")).default;
const Before = Object.getPrototypeOf(Store);
const folder = fs.mkdtempSync(join(require("os").tmpdir(), "rankloop-tables-"));
const path = join(folder, "__azurite_db_table__.json");
const rowFile = (table) => join(folder, "__azurite_db_table_rows__", `account$${table}.jsonl`);
const context = {};

const insert = (store, table, key) =>
  store.insertTableEntity(context, table, "account", { PartitionKey: "a|1", RowKey: key, properties: {} }, "");
const remove = (store, table, key) => store.deleteTableEntity(context, table, "account", "a|1", key, "*", "");
const save = (store) => new Promise((done) => store.db.saveDatabase(done));
const rows = async (store, table) => (await store.queryTableEntities(context, "account", table, {}))[0].map((row) => row.RowKey);
const lines = (table) => fs.readFileSync(rowFile(table), "utf8").trim().split("\n").map((line) => JSON.parse(line).RowKey);

async function start(kind = Store) {
  const store = new kind(path, false);
  await store.init();
  store.db.autosaveDisable();
  return store;
}

async function run() {
  const came = {};
  const before = await start(Before);
  await before.createTable(context, { account: "account", table: "old" });
  await insert(before, "old", "of before");
  await save(before);

  let store = await start();
  came.ofBefore = await rows(store, "old");
  for (const table of ["kept", "dropped"]) {
    await store.createTable(context, { account: "account", table });
    await insert(store, table, "first");
    await insert(store, table, "second");
  }
  await save(store);
  const file = fs.statSync(rowFile("kept"));
  await insert(store, "kept", "third");
  await store.deleteTable(context, "dropped", "account");
  await save(store);
  came.isAppended = fs.statSync(rowFile("kept")).ino === file.ino;
  came.appended = lines("kept");
  came.isDropped = !fs.existsSync(rowFile("dropped"));
  await remove(store, "kept", "second");
  await save(store);
  came.afterDeletion = lines("kept");

  store = await start();
  came.again = [await rows(store, "kept"), await rows(store, "old")];
  came.twice = await insert(store, "kept", "first").then(() => "inserted", (error) => error.storageErrorCode);
  await insert(store, "kept", "fourth");
  await save(store);
  fs.appendFileSync(rowFile("kept"), '{"PartitionKey":"a|1","RowK');

  store = await start();
  came.cutOff = await rows(store, "kept");
  await insert(store, "kept", "fifth");
  await save(store);
  came.afterCutOff = lines("kept");
  fs.rmSync(folder, { recursive: true });
  console.log(JSON.stringify(came));
  process.exit();
}

run();
