// What every view is written with: templates, and the hooks of Preact.
import htm from "./libraries/htm.mjs";
import { h } from "./libraries/preact.mjs";

export * from "./libraries/hooks.mjs";
export { Fragment, render } from "./libraries/preact.mjs";
export const html = htm.bind(h);
