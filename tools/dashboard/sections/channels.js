// The channels of the machine, and one of them in detail.

import { ask } from "../calls.js";
import { name, number, opener, time } from "../columns.js";
import { element, setText } from "../dom.js";
import * as format from "../format.js";
import { changeButton, openMessages } from "../messages.js";
import { Table } from "../table.js";
import { makeChannelDetails } from "./channel_details.js";
import { hour } from "./hour.js";
import { heading, place } from "./parts.js";

/** Fill of a ring from which on senders may soon wait. */
const FULL = 0.8;
/** Milliseconds between two looks at the details. */
const LOOK_MS = 2000;

/** Kinds of channels with messages: the others have values, or nothing. */
const HAS_MESSAGES = new Set(["queue", "broadcast", "request"]);

const seen = (of) => (row) => format.visible(of(row));
const peopleOf = ({ participants }) => Object.values(participants).reduce((a, b) => a + b, 0);

export const channels = {
  id: "channels",
  title: "Channels",
  make(panel, page) {
    const title = heading("Channels of the machine");
    const [forChannels, forDeaths] = ["channels", "deaths"].map(place);
    panel.append(title, forChannels, heading("Deaths", "the last first"), forDeaths);
    const table = new Table(forChannels, channelTable((row) => showDetails(page, row)));
    const deaths = new Table(forDeaths, DEATHS);
    return {
      show({ channels: part }) {
        if (part === null) return;
        setText(title.lastChild, part.directory);
        table.show(part.channels, part.total);
        deaths.show(part.deaths, part.deathCount);
      },
      isShown: ({ channels: part }) => part !== null,
    };
  },
};

/** Shows a channel in the panel of details, and looks at it again and again until that is closed. */
async function showDetails(page, row) {
  const details = makeChannelDetails();
  offerActions(page, row, details);
  const looking = new AbortController();
  page.details.open({
    title: row.name,
    content: details.element,
    onClose: () => looking.abort(),
  });
  const path = `/channel_details?${new URLSearchParams({ channel: row.name })}`;
  while (!looking.signal.aborted) {
    try {
      const found = await ask(path, page.token());
      if (!looking.signal.aborted) details.show(found);
    } catch (error) {
      details.say(error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Buttons for its messages, if it has any, and to remove it, if the server allows that. */
function offerActions(page, { name, kind }, details) {
  const buttons = [];
  if (HAS_MESSAGES.has(kind)) {
    const button = element("button", {
      type: "button",
      id: "channel-messages",
      textContent: "Messages",
    });
    button.addEventListener("click", () => showMessages(page, name));
    buttons.push(button);
  }
  if (page.isChangeable) {
    const remove = changeButton(page, {
      verb: "Remove",
      question: `Remove the channel ${format.visible(name)}, with all that it holds, for good?`,
      path: "/channel_remove",
      members: { channel: name },
      onDone: () => page.details.close(),
    }, details);
    remove.id = "channel-remove";
    buttons.push(remove);
  }
  details.element.prepend(element("div", { className: "actions" }, ...buttons));
}

function showMessages(page, channel) {
  const path = `/channel_messages?${new URLSearchParams({ channel })}`;
  openMessages(page, { title: `Messages of ${channel}`, path });
}

function updateFill(cell, { kind, fill }) {
  // The ring of a broadcast stays full: the oldest message goes when a new one comes.
  const isFull = fill >= FULL && kind !== "broadcast";
  cell.dataset.level = isFull ? "slow" : "";
  setText(cell, kind === "latest" || kind === "journal" ? "–" : `${(fill * 100).toFixed(0)}%`);
}

function updateState(cell, { state, dead, problem }) {
  cell.dataset.level = state === "damaged" ? "stuck" : dead > 0 ? "slow" : "";
  setText(cell, dead > 0 ? `${state}, ${dead} dead` : state);
  cell.title = problem ?? "";
}

function updateLosses(of, perSecond) {
  return (cell, row) => {
    cell.dataset.level = perSecond(row) > 0 ? "stuck" : of(row) > 0 ? "slow" : "";
    setText(cell, format.count(of(row)));
  };
}

function channelTable(onSelect) {
  return {
    caption: "Channels of the machine",
    sorted: "Messages/s",
    empty: "No channel exists.",
    columns: [
      opener("Channel", ({ name }) => name, onSelect),
      { title: "Kind", className: "wide", text: ({ kind }) => kind, sortBy: ({ kind }) => kind },
      number("Messages/s", ({ messagesPerSecond }) => messagesPerSecond, format.rate),
      number(
        "Bytes/s",
        ({ bytesPerSecond }) => bytesPerSecond,
        (rate) => rate === null ? "–" : format.bytes(Math.round(rate)),
        "number wide",
      ),
      { title: "Fill", className: "number", sortBy: ({ fill }) => fill, update: updateFill },
      number("Lag", ({ lag }) => lag, (lag) => lag === null ? "–" : format.count(lag)),
      {
        title: "Missed",
        className: "number wide",
        sortBy: ({ dropped, missing }) => dropped + missing,
        update: updateLosses(
          ({ dropped, missing }) => dropped + missing,
          ({ droppedPerSecond }) => droppedPerSecond,
        ),
      },
      number("Sent", ({ sentMessages }) => sentMessages, format.count, "number wide"),
      number("Participants", peopleOf, format.count, "number wide"),
      {
        title: "Last hour",
        className: "wide picture",
        update: (cell, row) => hour.drawChannel(cell, row.name),
      },
      {
        title: "State",
        className: "wide",
        sortBy: ({ state, dead }) => `${state} ${dead}`,
        update: updateState,
      },
    ],
  };
}

const DEATHS = {
  caption: "Participants that died",
  sorted: "Died",
  empty: "No participant has died since the server was started.",
  columns: [
    name("Channel", seen(({ channel }) => channel)),
    { title: "Role", className: "wide", text: ({ role }) => role, sortBy: ({ role }) => role },
    name("Label", seen(({ label }) => label ?? ""), "name"),
    number("Process", ({ pid }) => pid, String),
    number("Died", ({ atMs }) => atMs, time),
  ],
};
