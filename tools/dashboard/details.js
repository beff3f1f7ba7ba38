// The panel over the page with the details of one thing, such as a channel or its messages.

import { byId, setText } from "./dom.js";
import { visible } from "./format.js";

/** One panel, which shows one thing at a time. Escape and its button close it; the focus goes back then. */
export class Details {
  #dialog = byId("details");
  #closing;

  constructor() {
    byId("details-close").addEventListener("click", () => this.close());
    // The event comes later, when the panel may be open again with something else.
    this.#dialog.addEventListener("close", () => this.#dialog.open || this.#end());
  }

  /**
   * Opens the panel.
   *
   * @param title whose details they are: a text of somebody else
   * @param content the element with the details
   * @param onClose called when the panel is closed, or shows something else
   */
  open({ title, content, onClose }) {
    this.#end();
    setText(byId("details-title"), visible(title));
    byId("details-content").replaceChildren(content);
    this.#closing = onClose;
    if (!this.#dialog.open) this.#dialog.showModal();
    byId("details-title").focus();
  }

  /** True while it shows something. */
  get isOpen() {
    return this.#dialog.open;
  }

  close() {
    this.#dialog.close();
  }

  #end() {
    const closing = this.#closing;
    this.#closing = undefined;
    if (closing === undefined) return;
    byId("details-content").replaceChildren();
    closing();
  }
}
