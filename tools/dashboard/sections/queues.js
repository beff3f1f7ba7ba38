// The message queues: their channels, and the messages of the one that is selected.

import { ask, change } from "../calls.js";
import { Histories, name, number, time, updateWait } from "../columns.js";
import { confirmed } from "../confirm.js";
import { byId, element, setText } from "../dom.js";
import * as format from "../format.js";
import { Table } from "../table.js";
import { heading, place } from "./parts.js";

/** Milliseconds between two looks at the messages of a channel. */
const LOOK_MS = 3000;

const depths = new Histories();
const ages = new Histories();
const keyOf = ({ queue, channel }) => JSON.stringify([queue, channel]);
const titleOf = ({ queue, channel }) => format.visible(`${queue}: ${channel}`);
const depthOf = ({ waiting, delayed, leased }) => waiting + delayed + leased;

/** The section of the page. It is hidden while the server shows no queues. */
export const queues = {
  id: "queues",
  title: "Queues",
  make(panel, page) {
    panel.append(heading("Message queues"), ...markup());
    const section = new QueueSection(page.token);
    return {
      show: (now) => section.show(now.queues),
      isShown: (now) => now.queues !== null,
      close: () => section.close(),
    };
  },
};

/** The elements of the section. */
function markup() {
  const button = (id, textContent = "", type = "button") =>
    element("button", { id, type, textContent });
  const form = element(
    "form",
    { id: "queue-agent-form", className: "actions" },
    button("queue-pause"),
    button("queue-purge", "Purge what waits"),
    button("queue-purge-dead", "Purge dead letters"),
    element("label", { htmlFor: "queue-agent", textContent: "Agent" }),
    element("input", { id: "queue-agent", autocomplete: "off", spellcheck: false }),
    button("queue-look", "Look at it", "submit"),
    button("queue-close", "Close"),
  );
  const detail = element(
    "div",
    { id: "queue-detail", hidden: true },
    element("h3", { id: "queue-name", tabIndex: -1 }),
    form,
    element("p", { id: "queue-said", className: "quiet", role: "status" }),
    element("h3", { textContent: "Leased messages" }),
    place("queue-leased"),
    element("h3", { textContent: "Dead letters" }),
    place("queue-dead"),
  );
  return [
    element("p", { id: "queue-silent", className: "problem" }),
    place("queue-channels"),
    detail,
  ];
}

class QueueSection {
  #tokenOf;
  #channels;
  #leased;
  #dead;
  #selected;
  #agents = [];
  #isChangeable = false;
  #looking = new AbortController();

  /** @param tokenOf returns the token, or null */
  constructor(tokenOf) {
    this.#tokenOf = tokenOf;
    this.#channels = new Table(byId("queue-channels"), channelTable((row) => this.#select(row)));
    const act = (path, verb) => (row) => this.#changeMessage(path, verb, row);
    const isActive = () => this.#isChangeable;
    this.#leased = new Table(
      byId("queue-leased"),
      leasedTable(actionColumn("Reject", act("/queue_reject", "Reject"), isActive)),
    );
    this.#dead = new Table(
      byId("queue-dead"),
      deadTable(actionColumn("Requeue", act("/queue_requeue", "Requeue"), isActive)),
    );
    byId("queue-close").addEventListener("click", () => this.close());
    byId("queue-pause").addEventListener("click", () => this.#togglePause());
    byId("queue-purge").addEventListener("click", () => this.#purge(["waiting", "delayed"]));
    byId("queue-purge-dead").addEventListener("click", () => this.#purge(["dead"]));
    byId("queue-agent-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#addAgent(byId("queue-agent").value);
    });
  }

  /** Shows the queues of a snapshot. */
  show(queues) {
    if (queues === null) return this.close();
    const { channels, silent, isChangeable } = queues;
    this.#isChangeable = isChangeable;
    setText(
      byId("queue-silent"),
      silent.length === 0 ? "" : `no answer from ${format.visible(silent.join(", "))}`,
    );
    depths.record(new Map(channels.map((row) => [keyOf(row), depthOf(row)])));
    ages.record(new Map(channels.map((row) => [keyOf(row), row.oldestSeconds ?? 0])));
    this.#channels.show(channels);
    this.#showSelected(channels);
  }

  #showSelected(channels) {
    const selected = this.#selected;
    if (selected === undefined) return;
    this.#selected = channels.find((row) => keyOf(row) === keyOf(selected)) ?? selected;
    setText(byId("queue-pause"), this.#selected.isPaused ? "Resume" : "Pause");
    for (const id of ["queue-pause", "queue-purge", "queue-purge-dead"]) {
      byId(id).hidden = !this.#isChangeable;
    }
  }

  /** Closes the channel that is selected. */
  close() {
    this.#looking.abort();
    this.#selected = undefined;
    byId("queue-detail").hidden = true;
    byId("confirm").close();
  }

  #select(row) {
    this.close();
    this.#selected = row;
    this.#agents = [];
    this.#showSelected([row]);
    this.#leased.show([]);
    this.#dead.show([]);
    this.#say("");
    setText(byId("queue-name"), titleOf(row));
    byId("queue-detail").hidden = false;
    byId("queue-name").focus();
    this.#look();
  }

  /** Looks at the messages again and again, until another channel is selected. */
  async #look() {
    this.#looking.abort();
    const { signal } = this.#looking = new AbortController();
    while (!signal.aborted) {
      await this.#lookOnce(signal);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #lookOnce(signal) {
    const { queue, channel } = this.#selected;
    const query = new URLSearchParams({ queue, channel });
    for (const agent of this.#agents) query.append("agent", agent);
    try {
      const { leased, dead } = await ask(`/queue_messages?${query}`, this.#tokenOf());
      if (signal.aborted) return;
      this.#leased.show(leased);
      this.#dead.show(dead);
    } catch (error) {
      if (!signal.aborted) this.#say(error.message);
    }
  }

  #addAgent(agent) {
    if (agent === "" || this.#selected === undefined) return;
    this.#agents = [...new Set([agent, ...this.#agents])];
    byId("queue-agent").value = "";
    this.#look();
  }

  #togglePause() {
    const { queue, channel, isPaused } = this.#selected;
    const verb = isPaused ? "Resume" : "Pause";
    const path = isPaused ? "/queue_resume" : "/queue_pause";
    this.#change(verb, `${verb} the channel ${titleOf(this.#selected)}, in all processes?`, [
      [path, { queue, channel }],
    ]);
  }

  #purge(states) {
    const { queue, channel } = this.#selected;
    const number = states.reduce((sum, state) => sum + this.#selected[state], 0);
    const noun = states.includes("dead") ? "dead letter" : "waiting message";
    this.#change(
      "Purge",
      `Remove ${format.pluralize(number, noun)} of ${titleOf(this.#selected)} for good?`,
      states.map((state) => ["/queue_purge", { queue, channel, state }]),
    );
  }

  #changeMessage(path, verb, { id, agent }) {
    const { queue } = this.#selected;
    const message = `message ${format.visible(id)} of agent ${format.visible(agent)}`;
    this.#change(verb, `${verb} ${message}?`, [[path, { queue, id, agent }]]);
  }

  /** Changes the queue if the user says so. */
  async #change(verb, question, calls) {
    if (!await confirmed(question, verb)) return;
    try {
      let changed = 0;
      for (const [path, members] of calls) {
        changed += (await change(path, members, this.#tokenOf())).changed;
      }
      this.#say(`${verb}: ${changed === 0 ? "there was nothing to change" : `done, ${changed}`}`);
      if (this.#selected !== undefined) this.#look();
    } catch (error) {
      this.#say(error.message);
    }
  }

  #say(text) {
    setText(byId("queue-said"), format.visible(text));
  }
}

/** A button in each row. What it does is that of the row it shows now. */
function updateButton(cell, title, onClick) {
  if (cell.firstChild === null) cell.append(element("button", { type: "button" }));
  setText(cell.firstChild, title);
  cell.firstChild.onclick = onClick;
}

function actionColumn(title, onClick, isActive) {
  return {
    title: "Action",
    className: "action",
    update(cell, row) {
      updateButton(cell, title, () => onClick(row));
      cell.firstChild.hidden = !isActive();
    },
  };
}

function channelTable(onSelect) {
  return {
    caption: "Channels of message queues",
    sorted: "Waiting",
    empty: "No channel has messages yet.",
    columns: [
      {
        title: "Channel",
        className: "name",
        sortBy: titleOf,
        update(cell, row) {
          updateButton(cell, titleOf(row), () => onSelect(row));
          cell.firstChild.title = titleOf(row);
        },
      },
      number("Waiting", ({ waiting }) => waiting, format.count),
      number("Delayed", ({ delayed }) => delayed, format.count, "number wide"),
      number("Leased", ({ leased }) => leased, format.count),
      number("Dead", ({ dead }) => dead, format.count),
      {
        title: "Oldest",
        className: "number wide",
        sortBy: ({ oldestSeconds }) => oldestSeconds,
        update: (cell, { oldestSeconds }) =>
          updateWait(cell, { oldestSeconds: oldestSeconds ?? 0 }),
      },
      number("Consumers", ({ consumers }) => consumers, format.count, "number wide"),
      number(
        "Done/s",
        ({ acknowledgedPerSecond }) => acknowledgedPerSecond,
        format.rate,
        "number wide",
      ),
      {
        title: "State",
        className: "wide",
        sortBy: ({ isPaused }) => Number(isPaused),
        text: ({ isPaused }) => isPaused ? "paused" : "",
      },
      {
        title: "Depth",
        className: "wide picture",
        update: (cell, row) => depths.draw(cell, keyOf(row)),
      },
      {
        title: "Age",
        className: "wide picture",
        update: (cell, row) => ages.draw(cell, keyOf(row)),
      },
    ],
  };
}

const seen = (of) => (row) => format.visible(of(row));

function leasedTable(action) {
  return {
    caption: "Leased messages with their holders",
    sorted: "Lease ends",
    empty: "No leased messages of the agents that were looked at.",
    columns: [
      name("Message", seen(({ id }) => id), "name wide"),
      name("Held by", seen(({ agent }) => agent)),
      number("Attempts", ({ attempts }) => attempts, format.count, "number wide"),
      number("Lease ends", ({ leasedUntilMs }) => leasedUntilMs, time),
      name("Payload", seen(({ payload }) => payload)),
      action,
    ],
  };
}

function deadTable(action) {
  return {
    caption: "Dead letters with their reasons",
    sorted: "Died",
    empty: "No dead letters of the agents that were looked at.",
    columns: [
      name("Message", seen(({ id }) => id), "name wide"),
      name("Agent", seen(({ agent }) => agent), "name wide"),
      number("Attempts", ({ attempts }) => attempts, format.count, "number wide"),
      name("Reason", seen(({ reason }) => reason)),
      name("Error", seen(({ error }) => error), "name wide"),
      number("Died", ({ diedMs }) => diedMs, time, "number wide"),
      name("Payload", seen(({ payload }) => payload)),
      action,
    ],
  };
}
