// The keys of the store, a page at a time.

import { ask } from "../calls.js";
import { name, number } from "../columns.js";
import { element, setText } from "../dom.js";
import * as format from "../format.js";
import { changeButton } from "../messages.js";
import { Table } from "../table.js";
import { heading, place } from "./parts.js";

/** Milliseconds between two looks at the page that is shown. */
const LOOK_MS = 3000;

export const keys = {
  id: "keys",
  title: "Keys",
  make(panel, page) {
    const section = new KeySection(panel, page);
    return { show: (now) => section.show(now.databases) };
  },
};

class KeySection {
  #page;
  #panel;
  #table;
  #database = 0;
  /** Cursors of the pages up to the one that is shown. */
  #cursors = [0];
  #next = 0;
  #select = element("select", { id: "key-database" });
  #back = element("button", { type: "button", id: "keys-back", textContent: "Previous" });
  #on = element("button", { type: "button", id: "keys-on", textContent: "Next" });
  #where = element("span", { className: "quiet" });
  #said = element("p", { className: "problem", role: "status" });
  #lookedAtMs = -Infinity;

  constructor(panel, page) {
    this.#page = page;
    this.#panel = panel;
    const label = element("label", { htmlFor: "key-database", textContent: "Database" });
    const controls = element(
      "div",
      { className: "actions" },
      label,
      this.#select,
      this.#back,
      this.#on,
      this.#where,
    );
    const table = place("keys");
    panel.append(heading("Keys"), controls, this.#said, table);
    this.#table = new Table(table, keyTable((cell, row) => this.#offerDelete(cell, row)));
    this.#select.addEventListener("change", () => {
      this.#database = Number(this.#select.value);
      this.#go([0]);
    });
    this.#back.addEventListener("click", () => this.#go(this.#cursors.slice(0, -1)));
    this.#on.addEventListener("click", () => this.#go([...this.#cursors, this.#next]));
  }

  /** Shows the databases of a snapshot, and looks at the keys if the section is seen. */
  show(databases) {
    this.#showDatabases(databases);
    const { keys = 0 } = databases.find(({ database }) => database === this.#database) ?? {};
    setText(this.#where, `page ${this.#cursors.length} of ${format.pluralize(keys, "key")}`);
    const isDue = performance.now() - this.#lookedAtMs >= LOOK_MS;
    if (!this.#panel.hidden && isDue) this.#look();
  }

  #showDatabases(databases) {
    const numbers = databases.map(({ database }) => database);
    if (!numbers.includes(this.#database)) numbers.push(this.#database);
    const options = numbers.sort((a, b) => a - b).map(String);
    const shown = [...this.#select.options].map(({ value }) => value);
    if (options.join() === shown.join()) return;
    this.#select.replaceChildren(
      ...options.map((value) => element("option", { value, textContent: value })),
    );
    this.#select.value = String(this.#database);
  }

  #go(cursors) {
    this.#cursors = cursors;
    this.#look();
  }

  /** A key that is shown in part cannot be named. */
  #offerDelete(cell, { key, isCut }) {
    const isOffered = this.#page.isChangeable && !isCut;
    const database = this.#database;
    const shown = isOffered ? `${database} ${key}` : "";
    if (cell.dataset.offered === shown) return;
    cell.dataset.offered = shown;
    cell.replaceChildren();
    if (!isOffered) return;
    cell.append(changeButton(this.#page, {
      verb: "Delete",
      question: `Delete the key ${format.visible(key)} of database ${database} for good?`,
      path: "/key_delete",
      members: { key, database },
      onDone: () => this.#look(),
    }, { say: (text) => setText(this.#said, format.visible(text)) }));
  }

  async #look() {
    this.#lookedAtMs = performance.now();
    const cursors = this.#cursors;
    const query = new URLSearchParams({ database: this.#database, cursor: cursors.at(-1) });
    try {
      const { keys, cursor } = await ask(`/key_page?${query}`, this.#page.token());
      if (cursors !== this.#cursors) return;
      this.#next = cursor;
      this.#table.show(keys);
      this.#back.disabled = cursors.length === 1;
      this.#on.disabled = cursor === 0;
      setText(this.#said, "");
    } catch (error) {
      setText(this.#said, format.visible(error.message));
    }
  }
}

/** The table; `offer` fills the cell with what can be done with a key. */
const keyTable = (offer) => ({
  caption: "Keys with the types of their values",
  sorted: "Size",
  empty: "No keys.",
  columns: [
    name("Key", ({ key }) => format.visible(key)),
    { title: "Type", text: ({ type }) => type, sortBy: ({ type }) => type },
    number("Size", ({ bytes }) => bytes, format.bytes),
    number(
      "Expires in",
      ({ ttlSeconds }) => ttlSeconds,
      (seconds) => seconds === null ? "never" : format.duration(seconds),
    ),
    { title: "Action", className: "action", update: offer },
  ],
});
