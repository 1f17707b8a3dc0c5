// Compares paths of requests with templates of operations, as Azurite does for each request, and prints how many templates
// were parsed; and makes two random ids.
const { join } = require("path");
const folder = join(__dirname, "..", "..", "node_modules");
const place = require.resolve("uri-templates");
const parse = require(place);
let parsed = 0;
require.cache[place].exports = (text) => (parsed++, parse(text));
const { isURITemplateMatch } = require(join(folder, "azurite/dist/src/blob/generated/utils/utils"));
const newId = require("uuid/v4");

const [container, blob] = ["/{containerName}", "/{containerName}/{blob}"];
const matches = ["/container", "/container/blob"].map((path) =>
  [container, blob].map((template) => [1, 2].map(() => isURITemplateMatch(path, template))),
);
console.log(JSON.stringify({ parsed, matches, ids: [newId(), newId()] }));
process.exit();
