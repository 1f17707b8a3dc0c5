// Searches a blob as Azurite does among a thousand of one account, and prints how many of them were looked at.
const { join } = require("path");
const Loki = require("module").createRequire(join(__dirname, "..", "..", "node_modules", "azurite", "package.json"))("lokijs");

const blobs = new Loki("unused", { persistenceMethod: "memory" }).addCollection("blobs", {
  indices: ["accountName", "containerName", "name"],
});
let looks = 0;
for (let number = 0; number < 1000; number++) {
  const blob = { accountName: "account", name: `blob ${number}`, containerName: "container" };
  Object.defineProperty(blob, "snapshot", { enumerable: true, get: () => (looks++, "") });
  blobs.insert(blob);
}
looks = 0;
const found = blobs.findOne({ accountName: "account", containerName: "container", snapshot: "", name: "blob 500" });
const others = blobs.findOne({ accountName: "another", containerName: "container", snapshot: "", name: "blob 500" });
console.log(JSON.stringify({ found: found.name, others, looks }));
process.exit();
