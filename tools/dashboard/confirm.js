// Asks before a change.

import { byId, setText } from "./dom.js";

/** Asks the user; the safe answer has the focus. */
export function confirmed(question, verb) {
  const dialog = byId("confirm");
  setText(byId("confirm-text"), question);
  setText(byId("confirm-yes"), verb);
  dialog.showModal();
  byId("confirm-no").focus();
  return new Promise((resolve) => {
    let isSure = false;
    byId("confirm-no").onclick = () => dialog.close();
    byId("confirm-yes").onclick = () => {
      isSure = true;
      dialog.close();
    };
    dialog.onclose = () => resolve(isSure);
  });
}
