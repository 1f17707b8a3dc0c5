// Says what is wrong with KQL texts: {"tables": {name: "(column: type, …)"}, "texts": {name: text}} comes in on
// standard input, {name: [message, …]} goes out.
require("@kusto/language-service-next/bridge.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.js");

const { GlobalState, KustoCode, Symbols } = Kusto.Language;
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tables = Object.entries(asked.tables).map(([name, schema]) => new Symbols.TableSymbol.$ctor7(name, schema, null));
const database = new Symbols.DatabaseSymbol.$ctor3("workspace", null, System.Array.init(tables, Symbols.Symbol), false);
const globals = GlobalState.Default.WithDatabase(database);

function wrong(text) {
  const found = [];
  const listed = System.Linq.Enumerable.from(KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics()).ToArray();
  for (const one of listed) {
    found.push(`${one.Severity} ${one.Code}: ${one.Message} at: ${text.substr(one.Start, 40)}`);
  }
  return found;
}

const told = Object.entries(asked.texts).map(([name, text]) => [name, wrong(text)]);
process.stdout.write(JSON.stringify(Object.fromEntries(told)));
