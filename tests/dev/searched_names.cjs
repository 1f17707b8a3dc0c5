// Searches a blob in Azurite's store, among a thousand of one account, and prints how many of them were looked at.
const { join } = require("path");
const folder = join(__dirname, "..", "..", "node_modules");
const Store = require(join(folder, "azurite/dist/src/blob/persistence/LokiBlobMetadataStore")).default;

async function search() {
  const store = new Store("unused", true);
  await store.init();
  const collection = store.db.getCollection(store.BLOBS_COLLECTION);
  let looks = 0;
  for (let number = 0; number < 1000; number++) {
    const blob = { accountName: "account", name: `blob ${number}`, snapshot: "", properties: { blobType: number } };
    Object.defineProperty(blob, "containerName", { enumerable: true, get: () => (looks++, "container") });
    collection.insert(blob);
  }
  looks = 0;
  const found = await store.getBlobType("account", "container", "blob 500");
  const others = (await store.getBlobType("another", "container", "blob 500")) ?? null;
  console.log(JSON.stringify({ found: found.blobType, others, looks }));
  process.exit();
}

search();
