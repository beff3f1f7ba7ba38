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

function number(title, of, show, className = NUMBER) {
  return { title, className, text: (row) => show(of(row)), sortBy: of };
}

function name(title, of, className = NAME) {
  return { title, className, update: (cell, row) => updateName(cell, of(row)), sortBy: of };
}

/** A name of any length: cut off on the page, whole when pointed at. */
function updateName(cell, name) {
  setText(cell, name);
  if (cell.title !== name) cell.title = name;
}

/** The rates of each topic that was shown lately. */
const rates = new Map();

/** Takes the rates of new topics in, and forgets those that are gone. */
export function recordRates(topics) {
  for (const { topic, storedPerSecond } of topics) {
    const series = rates.get(topic) ?? new Series();
    if (storedPerSecond !== null) series.push(storedPerSecond);
    rates.set(topic, series);
  }
  const shown = new Set(topics.map(({ topic }) => topic));
  for (const topic of rates.keys()) if (!shown.has(topic)) rates.delete(topic);
}

function updateSparkline(cell, { topic }) {
  if (cell.firstChild === null) cell.append(sparkline());
  draw(cell.firstChild, rates.get(topic));
}

export const TOPICS = {
  caption: "Topics with their messages",
  sorted: "Messages",
  empty: "No topic has messages yet.",
  columns: [
    name("Topic", ({ topic }) => topic),
    number("Messages", ({ messages }) => messages, format.count),
    number("Size", ({ bytes }) => bytes, format.bytes, WIDE),
    number("Subscribers", ({ subscribers }) => subscribers, format.count, WIDE),
    number("Stored/s", ({ storedPerSecond }) => storedPerSecond, format.rate),
    { title: "Last 2 minutes", className: "wide picture", update: updateSparkline },
  ],
};

function updateSubscriber(cell, { transport, name }) {
  if (cell.firstChild === null) {
    cell.append(element("span", { className: "badge" }), element("span", { className: NAME }));
  }
  const [badge, text] = cell.children;
  setText(badge, TRANSPORTS[transport] ?? transport);
  updateName(text, name);
}

function updateWait(cell, { oldestSeconds }) {
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

export const REQUESTS = {
  caption: "HTTP requests by call",
  sorted: "Total",
  empty: "No request yet.",
  columns: [
    name("Call", ({ route }) => route),
    number("Total", ({ requests }) => requests, format.count),
    number("Per second", ({ perSecond }) => perSecond, format.rate),
    number("Mean time", ({ meanMs }) => meanMs, format.milliseconds, WIDE),
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
  ],
};
