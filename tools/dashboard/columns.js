// What the tables show.

import { element, setText } from "./dom.js";
import * as format from "./format.js";
import { draw, Series, sparkline } from "./sparkline.js";

const TRANSPORTS = { poll: "HTTP poll", events: "HTTP events", tcp: "TCP", memory: "in process" };
const NAME = "name";
const NUMBER = "number";
const WIDE = "number wide";
/** Seconds after which a subscriber counts as slow. */
const SLOW_SECONDS = 1;
const STUCK_SECONDS = 10;

/** A column of numbers. */
export function number(title, of, show, className = NUMBER) {
  return { title, className, text: (row) => show(of(row)), sortBy: of };
}

/** A column of names. */
export function name(title, of, className = NAME) {
  return { title, className, update: (cell, row) => updateName(cell, of(row)), sortBy: of };
}

/** The time of day of milliseconds of the Unix epoch. */
export function time(ms) {
  return new Date(ms).toLocaleTimeString("en-GB");
}

/** A name of any length: cut off on the page, whole when pointed at. */
function updateName(cell, name) {
  setText(cell, name);
  if (cell.title !== name) cell.title = name;
}

/** The last values of each thing that was shown lately, by its name. */
export class Histories {
  #series = new Map();

  /** Takes values of new things in, and forgets those that are gone. */
  record(values) {
    for (const [name, value] of values) {
      const series = this.#series.get(name) ?? new Series();
      if (value !== null) series.push(value);
      this.#series.set(name, series);
    }
    for (const name of this.#series.keys()) if (!values.has(name)) this.#series.delete(name);
  }

  draw(cell, name) {
    if (cell.firstChild === null) cell.append(sparkline());
    draw(cell.firstChild, this.#series.get(name));
  }
}

const rates = new Histories();

/** Takes the rates of topics in. */
export function recordRates(topics) {
  rates.record(new Map(topics.map(({ topic, storedPerSecond }) => [topic, storedPerSecond])));
}

const updateSparkline = (cell, { topic }) => rates.draw(cell, topic);

/** A column of names that are buttons, which open what they name. */
export function opener(title, of, onOpen) {
  return {
    title,
    className: NAME,
    sortBy: of,
    update(cell, row) {
      if (cell.firstChild === null) cell.append(element("button", { type: "button" }));
      const button = cell.firstChild;
      setText(button, format.visible(of(row)));
      button.title = format.visible(of(row));
      button.onclick = () => onOpen(row);
    },
  };
}

export const topicTable = (onOpen) => ({
  caption: "Topics with their messages",
  sorted: "Messages",
  empty: "No topic has messages yet.",
  columns: [
    opener("Topic", ({ topic }) => topic, onOpen),
    number("Messages", ({ messages }) => messages, format.count),
    number("Size", ({ bytes }) => bytes, format.bytes, WIDE),
    number("Subscribers", ({ subscribers }) => subscribers, format.count, WIDE),
    number("By pattern", ({ patternSubscribers }) => patternSubscribers, format.count, WIDE),
    number("Stored/s", ({ storedPerSecond }) => storedPerSecond, format.rate),
    { title: "Last 2 minutes", className: "wide picture", update: updateSparkline },
  ],
});

function updateSubscriber(cell, { transport, name }) {
  if (cell.firstChild === null) {
    cell.append(element("span", { className: "badge" }), element("span", { className: NAME }));
  }
  const [badge, text] = cell.children;
  setText(badge, TRANSPORTS[transport] ?? transport);
  updateName(text, name);
}

export function updateWait(cell, { oldestSeconds }) {
  const level = oldestSeconds >= STUCK_SECONDS
    ? "stuck"
    : oldestSeconds >= SLOW_SECONDS
    ? "slow"
    : "";
  cell.dataset.level = level;
  setText(cell, format.wait(oldestSeconds));
}

function updateDropped(cell, { dropped, droppedPerSecond }) {
  cell.dataset.level = droppedPerSecond > 0 ? "stuck" : dropped > 0 ? "slow" : "";
  setText(cell, format.count(dropped));
}

function subscriptionsText({ subscribesTo, subscriptions }) {
  const more = subscriptions - subscribesTo.length;
  return subscribesTo.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export const SUBSCRIBERS = {
  caption: "Subscribers with what waits for them",
  sorted: "Waiting",
  empty: "No subscribers.",
  columns: [
    {
      title: "Subscriber",
      className: NAME,
      sortBy: ({ transport, name }) => `${transport} ${name}`,
      update: updateSubscriber,
    },
    name("Subscribes to", subscriptionsText, `${NAME} wide`),
    number("Waiting", ({ messages }) => messages, format.count),
    number("Size", ({ bytes }) => bytes, format.bytes, WIDE),
    {
      title: "Oldest",
      className: NUMBER,
      sortBy: ({ oldestSeconds }) => oldestSeconds,
      update: updateWait,
    },
    number("Incoming/s", ({ deliveredPerSecond }) => deliveredPerSecond, format.rate, WIDE),
    {
      title: "Dropped",
      className: NUMBER,
      sortBy: ({ dropped }) => dropped,
      update: updateDropped,
    },
  ],
};

/** The percentiles of durations since the start of the server; the third one fits a narrow screen. */
const PERCENTILES = ["p50", "p90", "p99", "p99.9"].map((title, i) =>
  number(
    title,
    ({ percentilesMs }) => percentilesMs[i],
    format.milliseconds,
    title === "p99" ? NUMBER : WIDE,
  )
);

export const REQUESTS = {
  caption: "HTTP requests by call",
  sorted: "Total",
  empty: "No request yet.",
  columns: [
    name("Call", ({ route }) => route),
    number("Total", ({ requests }) => requests, format.count),
    number("Per second", ({ perSecond }) => perSecond, format.rate, WIDE),
    number("Mean time", ({ meanMs }) => meanMs, format.milliseconds, WIDE),
    ...PERCENTILES,
    number("Refused", ({ errors }) => errors, format.count),
  ],
};

export const COMMANDS = {
  caption: "Commands to the TCP server",
  sorted: "Total",
  empty: "No command yet.",
  columns: [
    name("Command", ({ command }) => command),
    number("Total", ({ count }) => count, format.count),
    number("Per second", ({ perSecond }) => perSecond, format.rate),
    ...PERCENTILES,
  ],
};

export const ERRORS = {
  caption: "The last errors",
  sorted: "Time",
  empty: "No error yet.",
  columns: [
    name("Error", ({ text }) => format.visible(text)),
    name("Call", ({ about }) => format.visible(about)),
    number("Time", ({ atMs }) => atMs, time),
  ],
};
