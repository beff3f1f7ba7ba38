// The last hour. The server keeps it from its start, and adds a point every ten seconds.

import { element, setText } from "../dom.js";
import * as format from "../format.js";
import { draw, Series, sparkline } from "../sparkline.js";

/** Points of an hour. */
const POINTS = 360;
const CHANNEL_PREFIX = "channel ";

/** The series of the server, by name. */
class Hour {
  #series = new Map();
  #endMs = 0;

  /** Takes in what a snapshot has: at first the whole hour, later each new point. */
  record({ history, step }) {
    if (history !== undefined) this.#begin(history.hour);
    if (step === null || step.atMs <= this.#endMs) return;
    this.#endMs = step.atMs;
    for (const name of new Set([...this.#series.keys(), ...Object.keys(step.figures)])) {
      this.of(name).push(step.figures[name] ?? 0);
    }
  }

  #begin({ endMs, series }) {
    this.#endMs = endMs;
    this.#series.clear();
    for (const [name, values] of Object.entries(series)) {
      for (const value of values) this.of(name).push(value ?? 0);
    }
  }

  /** The values of a name. */
  of(name) {
    let series = this.#series.get(name);
    if (series === undefined) this.#series.set(name, series = new Series(POINTS));
    return series;
  }

  /** Draws the messages per second of a channel of the machine. */
  drawChannel(cell, channel) {
    if (cell.firstChild === null) cell.append(sparkline());
    draw(cell.firstChild, this.#series.get(CHANNEL_PREFIX + channel) ?? new Series(POINTS));
  }
}

/** The hour of the server that the page follows. */
export const hour = new Hour();

const perSecond = (rate) => `${format.rate(rate)}/s`;

/** What is drawn: the name of a series, its title, and how its values are shown. */
const CHARTS = [
  ["stored", "Stored messages", perSecond],
  ["delivered", "Delivered messages", perSecond],
  ["requests", "HTTP requests", perSecond],
  ["httpP99Ms", "HTTP, 99th percentile", format.milliseconds],
  ["commands", "TCP commands", perSecond],
  ["tcpP99Ms", "TCP, 99th percentile", format.milliseconds],
  ["errors", "Errors", perSecond],
  ["backlog", "Backlog", format.count],
  ["memory", "Memory of the store", format.bytes],
  ["processMemory", "Memory of the process", format.bytes],
  ["channelMessages", "Messages on channels", perSecond],
  ["channelDropped", "Missed on channels", perSecond],
];

/** All pictures; returns what shows the hour in them. */
export function makeHour(parent) {
  const charts = CHARTS.map(([key, title, show]) => {
    const caption = element("p", { className: "quiet" });
    const picture = sparkline();
    parent.append(
      element(
        "article",
        { className: "panel tile hour" },
        element("h3", { textContent: title }),
        caption,
        picture,
      ),
    );
    return { key, show, caption, picture };
  });
  return () => {
    for (const { key, show, caption, picture } of charts) {
      const series = hour.of(key);
      setText(caption, captionOf(series.values, show));
      draw(picture, series);
    }
  };
}

function captionOf(values, show) {
  if (values.length === 0) return "the first point comes within 10 seconds";
  return `${show(values.at(-1))}, highest ${show(Math.max(...values))}`;
}
