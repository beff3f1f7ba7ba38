// What sections consist of.

import { element } from "../dom.js";

/** A heading, with quiet words after it. */
export function heading(text, after = "", id = "") {
  return element(
    "h2",
    { id, textContent: `${text} ` },
    element("span", {
      className: "quiet",
      textContent: after,
    }),
  );
}

/** The place of a table. */
export function place(id) {
  return element("div", { id });
}
