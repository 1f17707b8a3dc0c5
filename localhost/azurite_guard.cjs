// Loaded into Azurite before its own code. Azurite then ends, and saves, when the process that started it is gone, and a
// second signal cannot cut short the saving that the first one began.
process.stdin.resume();
process.stdin.unref();
process.stdin.on("end", () => process.emit("SIGTERM"));
process.on("SIGTERM", () => {});
process.on("SIGINT", () => {});
