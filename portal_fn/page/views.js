// The views of the page, in the order of its menu. Each is loaded when it is first opened.

export const VIEWS = [
  { name: "", title: "Overview", load: () => import("./views/overview.js") },
  { name: "evaluations", title: "Evaluations", load: () => import("./views/evaluations.js") },
];
