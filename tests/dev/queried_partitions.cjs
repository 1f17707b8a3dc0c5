// Has 1,000 rows in 100 partitions of a table, and prints what a query of two partitions and its second page find, at how
// many rows they look, at how many an insert looks into a partition with all of another 1,000 rows, and when another
// request is answered that came with three queries.
const { join } = require("path");
const folder = join(__dirname, "..", "..", "node_modules");
const Store = require(join(folder, "azurite/dist/src/table/persistence/LokiTableMetadataStore")).default;
const FILTER = "PartitionKey ge 'a|10' and PartitionKey le 'a|11'";

async function query() {
  const store = new Store("unused", true);
  await store.init();
  let looks = 0;
  const insert = (table, partition, key) => {
    const row = { RowKey: key, properties: {} };
    Object.defineProperty(row, "PartitionKey", { enumerable: true, get: () => (looks++, partition) });
    return store.insertTableEntity({}, table, "account", row, "");
  };
  for (const table of ["many", "one"]) {
    await store.createTable({}, { account: "account", table });
    for (let number = 0; number < 1000; number++) {
      await insert(table, table === "one" ? "a|1" : `a|${10 + (number % 90)}`, `b|${number}`);
    }
  }
  const keys = async (filter, ...next) => {
    looks = 0;
    const options = { filter, top: 15 };
    const [rows, partition, row] = await store.queryTableEntities({}, "account", "many", options, ...next);
    return { keys: rows.map((found) => found.RowKey), next: [partition, row], looks };
  };
  const first = await keys(FILTER);
  const second = await keys(FILTER, ...first.next);
  const other = await keys("PartitionKey eq 'a|10' or PartitionKey ge 'a|10' and PartitionKey le 'a|11'");
  const sparse = await keys("PartitionKey ge 'a|10' and PartitionKey le 'a|99' and RowKey ge 'b|99'");
  const order = [];
  const queries = [1, 2, 3].map(() => keys(FILTER).then(() => order.push("query")));
  setImmediate(() => order.push("another request"));
  await Promise.all(queries);
  looks = 0;
  await insert("one", "a|1", "b|new");
  console.log(JSON.stringify({ first, second, other, sparse, order, inserted: looks }));
  process.exit();
}

query();
