// Tables that are updated every second, and sorted by a column that the user selects.

import { element, setText } from "./dom.js";

/**
 * A table in `place`, `sorted` by the column of that title. A column has a `title`; a `text` of a row, or
 * an `update` of the row's cell; and what it is sorted by, if it can be. The first column names the row.
 */
export class Table {
  #columns;
  #empty;
  #body = element("tbody");
  #caption = element("p", { className: "quiet" });
  #table;
  #rows = [];
  #sorted;

  constructor(parent, { caption, columns, empty, sorted }) {
    this.#columns = columns;
    this.#empty = empty;
    const head = element("tr", {}, ...columns.map((column) => this.#headOf(column, sorted)));
    this.#table = element(
      "table",
      {},
      element("caption", { className: "unseen", textContent: caption }),
      element("thead", {}, head),
      this.#body,
    );
    parent.append(element("div", { className: "scroll panel" }, this.#table), this.#caption);
  }

  #headOf(column, sorted) {
    const head = element("th", { scope: "col", className: column.className ?? "" });
    if (column.sortBy === undefined) {
      head.textContent = column.title;
      return head;
    }
    const button = element("button", { type: "button", textContent: column.title });
    button.addEventListener("click", () => this.#sortBy(column, head));
    head.append(button);
    if (column.title === sorted) this.#sort(column, head, "descending");
    return head;
  }

  /** The largest number or the first name first, and the other way around when that is so. */
  #sortBy(column, head) {
    const before = head.getAttribute("aria-sort") ?? (isText(column) ? "descending" : "ascending");
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    this.#sort(column, head, before === "descending" ? "ascending" : "descending");
    this.#fill();
  }

  #sort({ sortBy }, head, order) {
    this.#sorted = { sortBy, sign: order === "ascending" ? 1 : -1 };
    head.setAttribute("aria-sort", order);
  }

  /** Shows rows, of which there are `total`. */
  show(rows, total = rows.length) {
    this.#rows = rows;
    this.#fill();
    this.#table.parentElement.hidden = rows.length === 0;
    const more = total > rows.length ? `${rows.length} of ${total.toLocaleString("en")}` : "";
    setText(this.#caption, rows.length === 0 ? this.#empty : more);
  }

  #fill() {
    const { sortBy, sign } = this.#sorted;
    const rows = this.#rows.toSorted((a, b) => sign * compare(sortBy(a), sortBy(b)));
    while (this.#body.rows.length > rows.length) this.#body.lastElementChild.remove();
    while (this.#body.rows.length < rows.length) this.#body.append(this.#newRow());
    for (const [i, row] of rows.entries()) {
      for (const [j, column] of this.#columns.entries()) {
        const cell = this.#body.rows[i].cells[j];
        if (column.update === undefined) setText(cell, column.text(row));
        else column.update(cell, row);
      }
    }
  }

  #newRow() {
    return element(
      "tr",
      {},
      ...this.#columns.map(({ className = "" }, i) =>
        i === 0 ? element("th", { scope: "row", className }) : element("td", { className })
      ),
    );
  }
}

function isText({ className }) {
  return className.startsWith("name");
}

/** Texts by the alphabet, numbers by size, and what is not known as the smallest. */
function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b);
  return (a ?? -1) - (b ?? -1);
}
