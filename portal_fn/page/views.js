// The views of the page, in the order of its menu. Each is loaded when it is first opened.

export const VIEWS = [
  { name: "", title: "Overview", load: () => import("./views/overview.js") },
  { name: "chances", title: "Who gets what", load: () => import("./views/chances.js") },
  { name: "events", title: "Events", load: () => import("./views/events.js") },
  { name: "monitor", title: "Monitor", load: () => import("./views/monitor.js") },
  { name: "setup", title: "Setup", load: () => import("./views/setup.js") },
  { name: "models", title: "Models", load: () => import("./views/models.js") },
  { name: "evaluations", title: "Evaluations", load: () => import("./views/evaluations.js") },
  { name: "access", title: "Loops and keys", load: () => import("./views/access.js") },
];
