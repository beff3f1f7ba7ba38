// The tabs of the page: arrow keys move between them, and the selected one alone is in the order of Tab.

import { element } from "./dom.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

/** The tabs in `list`. The address names the one that is selected. */
export class Tabs {
  #list;
  #tabs = new Map();
  #selected;

  constructor(list) {
    this.#list = list;
    list.addEventListener("keydown", (event) => this.#onKey(event));
    addEventListener("hashchange", () => this.#selectNamed());
  }

  /** Adds a tab; returns its panel. */
  add({ id, title }, panels) {
    const tab = element("button", {
      type: "button",
      role: "tab",
      id: `tab-${id}`,
      textContent: title,
    });
    tab.setAttribute("aria-controls", `section-${id}`);
    tab.addEventListener("click", () => this.#choose(id));
    const panel = element("section", { role: "tabpanel", id: `section-${id}`, hidden: true });
    panel.setAttribute("aria-labelledby", tab.id);
    this.#list.append(tab);
    panels.append(panel);
    this.#tabs.set(id, { tab, panel });
    this.#mark(tab, false);
    return panel;
  }

  /** Shows a tab or hides it. The first one is selected when the selected one is hidden. */
  setShown(id, isShown) {
    this.#tabs.get(id).tab.hidden = !isShown;
    if (this.#selected === id && !isShown) this.#showFirst();
    if (this.#selected === undefined || nameInAddress() === id) this.#selectNamed();
  }

  /** The address keeps what the user has chosen. */
  #choose(id) {
    this.#select(id);
    history.replaceState(null, "", `#${id}`);
  }

  #select(id) {
    if (this.#selected === id) return;
    const before = this.#tabs.get(this.#selected);
    if (before !== undefined) this.#setSelected(before, false);
    this.#setSelected(this.#tabs.get(id), true);
    this.#selected = id;
  }

  #setSelected({ tab, panel }, isSelected) {
    this.#mark(tab, isSelected);
    panel.hidden = !isSelected;
  }

  #mark(tab, isSelected) {
    tab.setAttribute("aria-selected", String(isSelected));
    tab.tabIndex = isSelected ? 0 : -1;
  }

  #showFirst() {
    const [first] = this.#shown();
    if (first !== undefined) this.#select(first);
  }

  #selectNamed() {
    const named = this.#shown().find((id) => id === nameInAddress());
    if (named !== undefined) this.#select(named);
    else if (this.#selected === undefined) this.#showFirst();
  }

  #shown() {
    return [...this.#tabs].filter(([, { tab }]) => !tab.hidden).map(([id]) => id);
  }

  #onKey(event) {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const ids = this.#shown();
    const at = ids.indexOf(this.#selected) + step;
    const next = Number.isFinite(at)
      ? (at + ids.length) % ids.length
      : step < 0
      ? 0
      : ids.length - 1;
    this.#choose(ids[next]);
    this.#tabs.get(ids[next]).tab.focus();
  }
}

function nameInAddress() {
  return location.hash.slice(1);
}
