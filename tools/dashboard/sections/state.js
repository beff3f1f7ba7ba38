// Shared states: their threads with the slots of each, and the registry of chains.

import { name, number } from "../columns.js";
import { setText } from "../dom.js";
import * as format from "../format.js";
import { Table } from "../table.js";
import { heading, place } from "./parts.js";

const seen = (of) => (row) => format.visible(of(row));

export const state = {
  id: "state",
  title: "State",
  make(panel) {
    const title = heading("Shared state");
    const [forStates, forThreads, forPairs] = ["states", "threads", "chains"].map(place);
    panel.append(
      title,
      forStates,
      heading("Threads", "with the number of their slots"),
      forThreads,
      heading("Chains", "with their uuids"),
      forPairs,
    );
    const states = new Table(forStates, STATES);
    const threads = new Table(forThreads, THREADS);
    const pairs = new Table(forPairs, PAIRS);
    return {
      show({ states: part }) {
        if (part === null) return;
        const silent = part.states.filter(({ isKnown }) => !isKnown).map(({ name }) => name);
        setText(
          title.lastChild,
          silent.length === 0 ? "" : `no answer from ${format.visible(silent.join(", "))}`,
        );
        states.show(part.states);
        const total = (of) => part.states.reduce((sum, state) => sum + of(state), 0);
        threads.show(part.threads, total((state) => state.threads));
        pairs.show(part.pairs, total((state) => state.pairs));
      },
      isShown: ({ states: part }) => part !== null,
    };
  },
};

const STATES = {
  caption: "Shared states",
  sorted: "Threads",
  empty: "No shared state.",
  columns: [
    name("State", seen(({ name }) => name)),
    name("Place", seen(({ backendType, address }) => address || backendType), "name wide"),
    number("Threads", ({ threads }) => threads, format.count),
    number("Chains", ({ pairs }) => pairs, format.count),
    number("Most threads", ({ maxThreads }) => maxThreads, format.count, "number wide"),
    number("Most slots", ({ maxSlotsPerThread }) => maxSlotsPerThread, format.count, "number wide"),
    number(
      "Expires after",
      ({ ttlSeconds }) => ttlSeconds,
      (seconds) => seconds === null ? "never" : format.duration(seconds),
      "number wide",
    ),
  ],
};

const THREADS = {
  caption: "Threads of shared states",
  sorted: "Slots",
  empty: "No thread has slots.",
  columns: [
    name("Thread", seen(({ thread }) => thread)),
    name("State", seen(({ state }) => state)),
    number("Slots", ({ slots }) => slots, format.count),
    {
      title: "Indexes",
      className: "number wide",
      text: ({ slots }) => slots === 0 ? "–" : `0 to ${slots - 1}`,
    },
  ],
};

const PAIRS = {
  caption: "Chains of shared states",
  sorted: "Chain",
  empty: "No chain has a uuid.",
  columns: [
    name("Chain", seen(({ chain }) => chain)),
    name("Uuid", seen(({ uuid }) => uuid)),
    name("State", seen(({ state }) => state), "name wide"),
  ],
};
