// Collects half of the extents of Azurite's store, as its collector does, and prints what is left and how often the index
// was built anew.
const { join } = require("path");
const folder = join(__dirname, "..", "..", "node_modules");
const Store = require(join(folder, "azurite/dist/src/common/persistence/LokiExtentMetadataStore")).default;

async function collect() {
  const store = new Store("unused", true);
  await store.init();
  for (let number = 0; number < 1000; number++) {
    await store.updateExtent({ id: `extent ${number}`, locationId: "", path: "", size: 1, lastModifiedInMS: 0 });
  }
  const collection = store.db.getCollection(store.EXTENTS_COLLECTION);
  const build = collection.ensureIndex;
  let built = 0;
  collection.ensureIndex = function (...given) {
    built += 1;
    return build.apply(this, given);
  };
  for (let number = 0; number < 1000; number += 2) {
    await store.deleteExtent(`extent ${number}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
  await store.deleteExtent("extent 1");
  await new Promise((resolve) => setTimeout(resolve, 1));
  const [left] = await store.listExtents(undefined, 1000, undefined, new Date(), 0);
  console.log(JSON.stringify({ left: left.map((extent) => extent.id), built }));
  process.exit();
}

collect();
