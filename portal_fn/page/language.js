// A browser on a machine without a language, as a headless one, names a language that numbers cannot be written in; uPlot,
// which comes next, asks for it once and would draw nothing.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}
