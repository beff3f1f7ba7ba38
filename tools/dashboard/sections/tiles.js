// The large figures at the top, and the small ones below them.

import { element, setText } from "../dom.js";
import * as format from "../format.js";
import { draw, Series, sparkline } from "../sparkline.js";

const perSecond = (of) => ({ value: (now) => now.rates && of(now.rates), show: format.rate });

/** What each tile shows, and below it a line with the rest of the story. */
const TILES = [
  {
    title: "Stored per second",
    series: "stored",
    ...perSecond(({ stored }) => stored),
    caption: ({ totals }) => `${format.count(totals.stored)} since the start`,
  },
  {
    title: "Delivered per second",
    series: "delivered",
    ...perSecond(({ delivered }) => delivered),
    caption: ({ totals }) => `to ${format.pluralize(totals.subscribers, "subscriber")}`,
  },
  {
    title: "Requests per second",
    series: "requests",
    ...perSecond(({ requests }) => requests),
    caption: ({ requests }) =>
      `${format.count(requests.reduce((sum, { errors }) => sum + errors, 0))} rejected`,
  },
  {
    title: "Backlog",
    series: "backlog",
    value: ({ backlog }) => backlog.messages,
    show: format.count,
    caption: ({ backlog: { messages, bytes, oldestSeconds } }) =>
      messages === 0
        ? "nothing waits"
        : `${format.bytes(bytes)}, ${format.wait(oldestSeconds)} old`,
    level: ({ backlog }) => backlog.oldestSeconds >= 10 ? "stuck" : "",
  },
  {
    title: "Dropped per second",
    series: "dropped",
    ...perSecond(({ dropped }) => dropped),
    caption: ({ totals }) => `${format.count(totals.dropped)} since the start`,
    level: ({ rates }) => rates?.dropped > 0 ? "stuck" : "",
  },
  {
    title: "Memory used",
    series: "memory",
    value: ({ memory }) => memory.bytes,
    show: format.bytes,
    caption: ({ memory: { bytes, limitBytes } }) =>
      limitBytes === null
        ? "no limit is set"
        : `${(bytes / limitBytes * 100).toFixed(0)}% of ${format.bytes(limitBytes)}`,
    level: ({ memory: { bytes, limitBytes } }) =>
      limitBytes !== null && bytes / limitBytes > 0.9 ? "slow" : "",
    share: ({ memory: { bytes, limitBytes } }) => limitBytes === null ? null : bytes / limitBytes,
  },
];

/** Figures without a history. */
const FACTS = [
  ["Topics", ({ totals }) => format.count(totals.topics)],
  ["Messages", ({ totals }) => format.count(totals.messages)],
  ["Keys", ({ totals }) => format.count(totals.keys)],
  ["Expired", ({ totals }) => format.count(totals.expired)],
  ["Deleted", ({ totals }) => format.count(totals.deleted)],
  ["Evicted", ({ totals }) => format.count(totals.evicted)],
  ["Cut off", ({ totals }) => format.count(totals.disconnected)],
  ["Process memory", ({ memory }) => format.bytes(memory.processBytes)],
];

class Tile {
  #of;
  #series = new Series();
  #value = element("p", { className: "value" });
  #caption = element("p", { className: "quiet" });
  #meter = element("div", { className: "meter", hidden: true }, element("div"));
  #picture = sparkline();
  #panel;

  constructor(of, parent) {
    this.#of = of;
    const title = element("h3", { textContent: of.title });
    this.#panel = element(
      "article",
      { className: "panel tile" },
      title,
      this.#value,
      this.#caption,
      this.#meter,
      this.#picture,
    );
    parent.append(this.#panel);
  }

  /** Begins with the last minutes that the server has kept. */
  #begin({ recent }) {
    this.#series = new Series();
    for (const value of recent.series[this.#of.series] ?? []) this.#series.push(value ?? 0);
  }

  show(now) {
    const { value, show, caption, level, share } = this.#of;
    if (now.history !== undefined) this.#begin(now.history);
    const figure = value(now);
    if (figure !== null) this.#series.push(figure);
    setText(this.#value, show(figure));
    setText(this.#caption, caption(now));
    this.#panel.dataset.level = level?.(now) ?? "";
    draw(this.#picture, this.#series);
    const part = share?.(now) ?? null;
    this.#meter.hidden = part === null;
    if (part !== null) this.#meter.firstChild.style.width = `${Math.min(100, part * 100)}%`;
  }
}

/** All large figures; returns what shows a snapshot in them. */
export function makeTiles(parent) {
  const tiles = TILES.map((of) => new Tile(of, parent));
  return (now) => tiles.forEach((tile) => tile.show(now));
}

/** All small figures; returns what shows a snapshot in them. */
export function makeFacts(parent) {
  const values = FACTS.map(([title]) => {
    const value = element("dd");
    parent.append(element("div", {}, element("dt", { textContent: title }), value));
    return value;
  });
  return (now) => values.forEach((value, i) => setText(value, FACTS[i][1](now)));
}
