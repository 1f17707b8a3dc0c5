// Keeps Azurite's tables as quick with a hundred thousand rows as with a hundred. Its own store looks at each row of a
// table for each query, and every five seconds writes all rows of all tables into one file, in one piece; nothing is
// answered meanwhile. Here a query looks at the first partitions that it names, and each table has a file of its own, to
// which new rows are appended. A table whose rows were changed or deleted is written anew: nothing of them is left.
const fs = require("node:fs");
const { join, dirname } = require("node:path");

exports.withQuickTables = (Store) =>
  class extends Store {
    constructor(path, inMemory) {
      super(path, inMemory);
      this.rows = inMemory ? null : new RowFiles(this.db, join(dirname(path), "__azurite_db_table_rows__"));
      this.turn = Promise.resolve();
    }

    async loadDB() {
      await super.loadDB();
      this.rows?.load();
    }

    // Queries come after each other, and between them what else has come is answered: a page of rows takes milliseconds,
    // and the trainer asks for some at the same time.
    async queryTableEntities(context, account, table, options, ...next) {
      const turn = this.turn;
      this.turn = turn.then(() => new Promise(setImmediate));
      await turn;
      const range = partitionRange(options.filter, this.decodeContinuationHeader(next[0]));
      if (!range) {
        return super.queryTableEntities(context, account, table, options, ...next);
      }
      const collection = this.getEntityCollection(account, table, context);
      for (let most = this.getMaxResultsOption(options) + 1; ; most *= 8) {
        const { rows, isAll } = firstRows(collection, range, most);
        const found = await super.queryTableEntities.call(narrow(this, rows), context, account, table, options, ...next);
        if (isAll || found[1] !== undefined) {
          return found;
        }
      }
    }
  };

// Both bounds begin alike, with a letter and up to a line: so do all keys between them, and none is compared as a number.
const RANGE = /^PartitionKey ge '(([a-z][^'|]*\|)[^']*)' and PartitionKey le '(\2[^']*)'($| and )/;

// The first and the last partition of which a page wants rows; null where that cannot be told at a glance.
function partitionRange(filter, next = "") {
  const match = / or /.test(filter) ? null : RANGE.exec(filter);
  return match && [match[1] > next ? match[1] : next, match[3]];
}

// The first rows of a range of partitions, all of each partition; more than so many only where the last one is large.
function firstRows(collection, range, most) {
  const { values } = collection.binaryIndices.PartitionKey;
  const partition = (place) => collection.data[values[place]].PartitionKey;
  const [first, last] = collection.calculateRange("$between", "PartitionKey", range);
  let end = Math.min(first + most, last + 1);
  while (end <= last && partition(end) === partition(end - 1)) {
    end++;
  }
  const found = { filteredrows: values.slice(first, end), filterInitialized: true };
  return { rows: Object.assign(collection.chain(), found), isAll: end > last };
}

// A store whose tables have these rows only.
function narrow(store, rows) {
  return Object.assign(Object.create(store), { getEntityCollection: () => ({ chain: () => rows }) });
}

const hasRows = (collection) => !collection.name.startsWith("$");
const LEFT_OUT = { data: [], idIndex: null, binaryIndices: {}, dirtyIds: [] };

// The files of the tables' rows, a line for each row. All else of the database is in its own file, as ever; where that has
// rows, too, it is of a version before.
class RowFiles {
  constructor(db, folder) {
    this.db = db;
    this.folder = folder;
    this.saved = new Map(); // the greatest id in the file of each table whose file has all that was saved
    db.isIncremental = true;
    db.saveDatabaseInternal = (callback) => {
      this.save().then(() => callback(null), callback);
    };
  }

  load() {
    for (const collection of this.db.collections.filter(hasRows)) {
      this.read(collection);
      collection.ensureIndex("PartitionKey", true);
      collection.ensureIndex("RowKey", true);
    }
  }

  // The end of a file may be cut off, where the machine went down while it was written.
  read(collection) {
    const file = this.file(collection);
    if (!fs.existsSync(file)) {
      return;
    }
    const lines = fs.readFileSync(file, "utf8").split("\n");
    const rest = lines.pop();
    const rows = takeWhole(lines);
    collection.data = rows;
    collection.maxId = Math.max(collection.maxId, rows.at(-1)?.$loki ?? 0);
    if (rows.length === lines.length && rest === "") {
      this.saved.set(collection, collection.maxId);
    }
  }

  async save() {
    const tables = this.db.collections.filter(hasRows);
    const changes = tables.filter((table) => table.dirty || !this.saved.has(table)).map((table) => this.change(table));
    const rest = this.withoutRows(new Set(tables));
    const files = new Set(tables.map((table) => this.file(table)));
    this.db.autosaveClearFlags();
    try {
      await fs.promises.mkdir(this.folder, { recursive: true });
      await Promise.all(changes.map(write));
      await replace(this.db.filename, rest);
      await this.removeAllBut(files);
    } catch (error) {
      for (const { table } of changes) {
        this.saved.delete(table);
        table.dirty = true;
      }
      throw error;
    }
  }

  // What has to be written so that a table's file has all of its rows.
  change(table) {
    const before = this.saved.get(table);
    const ids = [...new Set(table.dirtyIds)];
    const isMore = before !== undefined && ids.every((id) => id > before);
    const rows = isMore ? ids.map((id) => table.get(id)).filter((row) => row) : table.data;
    table.dirtyIds = [];
    this.saved.set(table, table.maxId);
    return { table, file: this.file(table), isMore, text: rows.map((row) => `${JSON.stringify(row)}\n`).join("") };
  }

  withoutRows(tables) {
    const { db } = this;
    return JSON.stringify(db, function (key, value) {
      return tables.has(this) && key in LEFT_OUT ? LEFT_OUT[key] : db.serializeReplacer(key, value);
    });
  }

  file(table) {
    return join(this.folder, `${table.name}.jsonl`);
  }

  async removeAllBut(files) {
    for (const name of await fs.promises.readdir(this.folder)) {
      const file = join(this.folder, name);
      if (!files.has(file)) {
        await fs.promises.unlink(file);
      }
    }
  }
}

function takeWhole(lines) {
  const rows = [];
  for (const line of lines) {
    try {
      rows.push(JSON.parse(line));
    } catch {
      break;
    }
  }
  return rows;
}

const write = ({ file, text, isMore }) => (isMore ? fs.promises.appendFile(file, text) : replace(file, text));

async function replace(file, text) {
  await fs.promises.writeFile(`${file}~`, text);
  await fs.promises.rename(`${file}~`, file);
}
