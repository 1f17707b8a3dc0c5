// Compares paths of requests with templates of operations, as Azurite does for each request, and makes two random ids.
const { join } = require("path");
const folder = join(__dirname, "..", "..", "node_modules");
const { isURITemplateMatch } = require(join(folder, "azurite/dist/src/blob/generated/utils/utils"));
const parse = require("uri-templates");
const newId = require("uuid/v4");

const [container, blob] = ["/{containerName}", "/{containerName}/{blob}"];
const matches = ["/container", "/container/blob"].map((path) =>
  [container, blob].map((template) => [1, 2].map(() => isURITemplateMatch(path, template))),
);
const isParsedOnce = parse(container) === parse(container);
console.log(JSON.stringify({ isParsedOnce, matches, ids: [newId(), newId()] }));
process.exit();
