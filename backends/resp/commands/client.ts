/**
 * `CLIENT`: what a connection has chosen, and the connections of others.
 *
 * @module
 */

import type { ClientState } from "../engine/client_state.ts";
import type { Client } from "../engine/client.ts";
import { type CommandRow, NO_KEYS, row } from "../engine/command.ts";
import { err, SYNTAX_ERROR, wrongArity } from "../engine/errors.ts";
import {
  ErrorReply,
  MapReply,
  NO_REPLY,
  OK,
  type Reply,
  SetReply,
  VerbatimReply,
} from "../protocol/reply.ts";
import { clientLine } from "./client_line.ts";
import { kill } from "./client_kill.ts";
import { checkedName } from "./connection_name.ts";
import { helpRow } from "./help.ts";
import { toInteger } from "./numbers.ts";

const OWN = "noscript loading stale";
const ADMIN = "admin noscript loading stale";

/** The row of the table. */
export const CLIENT_ROW: CommandRow = {
  ...row("client", -2, "", NO_KEYS, "2.4.0", "Connections.", () => wrongArity("client")),
  subcommands: [
    row(
      "client|caching",
      3,
      OWN,
      NO_KEYS,
      "6.0.0",
      "Replies with an error: nothing is tracked.",
      caching,
    ),
    row(
      "client|getname",
      2,
      OWN,
      NO_KEYS,
      "2.6.9",
      "The name of the connection.",
      ({ name }) => name === "" ? null : name,
    ),
    row("client|getredir", 2, OWN, NO_KEYS, "6.0.0", "Always -1: nothing is tracked.", () => -1),
    helpRow("client|help", "5.0.0", () => CLIENT_ROW),
    row("client|id", 2, OWN, NO_KEYS, "5.0.0", "The id of the connection.", ({ id }) => id),
    row(
      "client|info",
      2,
      OWN,
      NO_KEYS,
      "6.2.0",
      "What is known of the connection.",
      (c) => new VerbatimReply(`${clientLine(c, c.nowMs)}\n`),
    ),
    row("client|kill", -3, ADMIN, NO_KEYS, "2.4.0", "Closes connections.", kill),
    row("client|list", -2, ADMIN, NO_KEYS, "2.4.0", "What is known of all connections.", list),
    row(
      "client|no-evict",
      3,
      ADMIN,
      NO_KEYS,
      "7.0.0",
      "Whether the connection is spared: none is evicted.",
      noEvict,
    ),
    row(
      "client|no-touch",
      3,
      OWN,
      NO_KEYS,
      "7.2.0",
      "Whether the connection changes when keys were used.",
      noTouch,
    ),
    row("client|pause", -3, ADMIN, NO_KEYS, "2.9.50", "Lets all connections wait.", pause),
    row("client|reply", 3, OWN, NO_KEYS, "3.2.0", "Whether the connection gets replies.", reply),
    row(
      "client|setinfo",
      4,
      OWN,
      NO_KEYS,
      "7.2.0",
      "Sets name or version of the client library.",
      setinfo,
    ),
    row("client|setname", 3, OWN, NO_KEYS, "2.6.9", "Sets the name of the connection.", setname),
    row("client|tracking", -3, OWN, NO_KEYS, "6.0.0", "Only OFF: keys are not tracked.", tracking),
    row("client|trackinginfo", 2, OWN, NO_KEYS, "6.2.0", "That nothing is tracked.", trackinginfo),
    row("client|unblock", -3, ADMIN, NO_KEYS, "5.0.0", "Ends the wait of a connection.", unblock),
    row(
      "client|unpause",
      2,
      ADMIN,
      NO_KEYS,
      "6.2.0",
      "Ends the pause of all connections.",
      unpause,
    ),
  ],
};

function caching(): Reply {
  throw err(
    "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
  );
}

function setname(client: Client, [name]: readonly string[]): Reply {
  client.name = checkedName(name);
  return OK;
}

function setinfo(client: Client, [attribute, value]: readonly string[]): Reply {
  const name = attribute.toLowerCase();
  if (name !== "lib-name" && name !== "lib-ver") throw err(`Unrecognized option '${attribute}'`);
  if (!/^[!-~]*$/.test(value)) {
    throw err(`${name} cannot contain spaces, newlines or special characters.`);
  }
  checkedName(value);
  if (name === "lib-name") client.libraryName = value;
  else client.libraryVersion = value;
  return OK;
}

/** The other clients that words select, with all of them by default. */
function list({ service, nowMs }: Client, words: readonly string[]): Reply {
  const chosen = chosenClients([...service.clients.values()], words);
  return new VerbatimReply(chosen.map((each) => `${clientLine(each, nowMs)}\n`).join(""));
}

function chosenClients(clients: readonly ClientState[], words: readonly string[]): ClientState[] {
  if (words.length === 0) return [...clients];
  const option = words[0].toUpperCase();
  if (option === "TYPE" && words.length === 2) return clientsOfType(clients, words[1]);
  if (option !== "ID" || words.length < 2) throw SYNTAX_ERROR;
  const ids = words.slice(1).map((id) => toInteger(id, err("Invalid client ID")));
  return ids.flatMap((id) => clients.filter((each) => each.id === id));
}

/** The clients of a type. */
function clientsOfType(clients: readonly ClientState[], type: string): ClientState[] {
  const name = type.toLowerCase();
  if (name === "pubsub") return clients.filter((each) => each.subscriptionCount > 0);
  if (name === "normal") return clients.filter((each) => each.subscriptionCount === 0);
  if (["master", "replica", "slave"].includes(name)) return [];
  throw err(`Unknown client type '${type}'`);
}

function onOff(text: string): boolean {
  const name = text.toLowerCase();
  if (name === "on" || name === "off") return name === "on";
  throw SYNTAX_ERROR;
}

function noEvict(client: Client, [mode]: readonly string[]): Reply {
  client.isNoEvict = onOff(mode);
  return OK;
}

function noTouch(client: Client, [mode]: readonly string[]): Reply {
  client.isNoTouch = onOff(mode);
  return OK;
}

function reply(client: Client, [mode]: readonly string[]): Reply {
  const name = mode.toUpperCase();
  if (name === "ON") {
    client.replyMode = "on";
    return OK;
  }
  if (name === "OFF") client.replyMode = "off";
  else if (name === "SKIP") {
    if (client.replyMode === "on") client.replyMode = "skip next";
  } else throw SYNTAX_ERROR;
  return NO_REPLY;
}

function tracking(_client: Client, [mode]: readonly string[]): Reply {
  if (!onOff(mode)) return OK;
  throw err("this server does not track keys: CLIENT TRACKING has only OFF");
}

function trackinginfo(): Reply {
  return new MapReply(["flags", new SetReply(["off"]), "redirect", -1, "prefixes", []]);
}

function unblock({ service }: Client, [id, how]: readonly string[]): Reply {
  const mode = how?.toUpperCase() ?? "TIMEOUT";
  if (mode !== "TIMEOUT" && mode !== "ERROR") {
    throw err("CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const blocked = service.clients.get(toInteger(id))?.blocked;
  if (blocked === undefined || blocked.names.length === 0) return 0;
  const ended = mode === "ERROR"
    ? new ErrorReply("UNBLOCKED client unblocked via CLIENT UNBLOCK")
    : blocked.onTimeout;
  return Number(service.blocked.finish(blocked, ended));
}

function pause({ service, nowMs }: Client, [time, mode]: readonly string[]): Reply {
  const name = mode?.toUpperCase() ?? "ALL";
  if (name !== "ALL" && name !== "WRITE") throw err("CLIENT PAUSE mode must be WRITE or ALL");
  const ms = toInteger(time, err("timeout is not an integer or out of range"));
  if (ms < 0) throw err("timeout is negative");
  service.pause.begin(nowMs + ms, name === "WRITE");
  return OK;
}

function unpause({ service }: Client): Reply {
  service.pause.end();
  return OK;
}
