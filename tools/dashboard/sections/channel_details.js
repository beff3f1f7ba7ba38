// One channel of the machine: its participants, what they hold, why it is kept, and its latest values.

import { name, number, time } from "../columns.js";
import { element, setText } from "../dom.js";
import * as format from "../format.js";
import { Table } from "../table.js";
import { place } from "./parts.js";

const seen = (of) => (row) => format.visible(of(row));
const orDash = (show) => (value) => value === null ? "–" : show(value);

/** The elements of the details, and what shows them. */
export function makeChannelDetails() {
  const said = element("p", { className: "problem", role: "status" });
  const facts = element("ul", { className: "facts" });
  const [forParticipants, forHolds, forValues] = [1, 2, 3].map(() => place(""));
  const title = (textContent) => element("h3", { textContent });
  const values = element("div", { hidden: true }, title("Latest values"), forValues);
  const content = element(
    "div",
    {},
    said,
    facts,
    title("Participants"),
    forParticipants,
    title("What they hold"),
    forHolds,
    values,
  );
  const participantTable = new Table(forParticipants, PARTICIPANTS);
  const holdTable = new Table(forHolds, HOLDS);
  const valueTable = new Table(forValues, VALUES);
  return {
    element: content,
    say: (text) => setText(said, format.visible(text)),
    show(details) {
      setText(said, "");
      showFacts(facts, factsOf(details));
      participantTable.show(details.participants);
      holdTable.show(details.holds);
      values.hidden = details.values === null;
      valueTable.show(details.values ?? []);
    },
  };
}

function factsOf({ createdMs, creatorPid, kept, reasons, damage }) {
  const created = createdMs === null
    ? []
    : [`created at ${time(createdMs)} by process ${creatorPid}`];
  const history = kept === null ? [] : [
    `keeps ${format.pluralize(kept, "message")} for subscribers that come later`,
  ];
  return [
    ...created,
    ...history,
    ...reasons.map((reason) => `is there because: ${reason}`),
    ...damage,
  ];
}

function showFacts(list, texts) {
  while (list.children.length > texts.length) list.lastElementChild.remove();
  while (list.children.length < texts.length) list.append(element("li"));
  for (const [i, text] of texts.entries()) setText(list.children[i], format.visible(text));
}

function updateAlive(cell, { isAlive, isWaiting }) {
  cell.dataset.level = isAlive ? "" : "stuck";
  setText(cell, isAlive ? isWaiting ? "sleeps" : "alive" : "dead");
}

const PARTICIPANTS = {
  caption: "Participants of the channel",
  sorted: "Joined",
  empty: "Nobody takes part.",
  columns: [
    name("Label", seen(({ label, role }) => label || role)),
    { title: "Role", className: "wide", text: ({ role }) => role, sortBy: ({ role }) => role },
    number("Process", ({ pid }) => pid, String),
    number("Joined", ({ sinceMs }) => sinceMs, time, "number wide"),
    number("Lag", ({ lag }) => lag, orDash(format.count)),
    number("Missing", ({ missing }) => missing, format.count, "number wide"),
    { title: "State", sortBy: ({ isAlive }) => Number(isAlive), update: updateAlive },
  ],
};

const HOLDS = {
  caption: "What participants hold",
  sorted: "Since",
  empty: "They hold nothing.",
  columns: [
    name("Holder", seen(({ holder }) => holder)),
    { title: "What", text: ({ what }) => what, sortBy: ({ what }) => what },
    number("Count", ({ count }) => count, format.count),
    number("Since", ({ sinceMs }) => sinceMs, time),
  ],
};

const VALUES = {
  caption: "Latest values of the channel",
  sorted: "Size",
  empty: "No key has a value.",
  columns: [
    name("Key", seen(({ key }) => key)),
    name("Value", seen(({ value }) => value)),
    number("Size", ({ sizeBytes }) => sizeBytes, format.bytes, "number wide"),
    number("Expires", ({ expiresMs }) => expiresMs, orDash(time), "number wide"),
  ],
};
