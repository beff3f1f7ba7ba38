// The clients that speak the protocol of Redis.

import { name, number } from "../columns.js";
import * as format from "../format.js";
import { Table } from "../table.js";
import { heading, place } from "./parts.js";

const seen = (of) => (row) => format.visible(of(row));

export const clients = {
  id: "clients",
  title: "Clients",
  make(panel) {
    const forClients = place("clients");
    panel.append(heading("Redis-speaking clients"), forClients);
    const table = new Table(forClients, CLIENTS);
    return {
      show({ clients: part }) {
        if (part !== null) table.show(part.clients, part.total);
      },
      isShown: ({ clients: part }) => part !== null,
    };
  },
};

const CLIENTS = {
  caption: "Clients that speak the protocol of Redis",
  sorted: "Commands",
  empty: "No client is connected.",
  columns: [
    name("Client", seen(({ name, id }) => name || `client ${id}`)),
    name("Address", seen(({ address }) => address), "name wide"),
    number("Database", ({ database }) => database, String, "number wide"),
    name("Last command", seen(({ lastCommand }) => lastCommand)),
    number("Commands", ({ commands }) => commands, format.count),
    number("Subscriptions", ({ subscriptions }) => subscriptions, format.count, "number wide"),
    number("Idle", ({ idleSeconds }) => idleSeconds, format.duration),
    number("Connected", ({ ageSeconds }) => ageSeconds, format.duration, "number wide"),
    {
      title: "State",
      className: "wide",
      text: ({ state }) => state,
      sortBy: ({ state }) => state,
    },
  ],
};
