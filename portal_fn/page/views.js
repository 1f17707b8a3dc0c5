// The views of the page, in the order of its menu. Each is loaded when it is first opened.

export const VIEWS = [
  { name: "", title: "Overview", load: () => import("./views/overview.js") },
  { name: "setup", title: "Setup", load: () => import("./views/setup.js") },
  { name: "models", title: "Models", load: () => import("./views/models.js") },
];
