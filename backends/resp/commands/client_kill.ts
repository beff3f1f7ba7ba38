/**
 * `CLIENT KILL`.
 *
 * @module
 */

import type { ClientState } from "../engine/client_state.ts";
import type { Client } from "../engine/client.ts";
import { err, SYNTAX_ERROR } from "../engine/errors.ts";
import { OK, type Reply } from "../protocol/reply.ts";
import { parseInt64, toInteger } from "./numbers.ts";

/** Which clients a filter selects. */
type Filter = (client: ClientState) => boolean;

/** The command: with an address, or with filters. */
export function kill(client: Client, words: readonly string[]): Reply {
  if (words.length === 1) return killAddress(client, words[0]);
  if (words.length % 2 !== 0) throw SYNTAX_ERROR;
  let sparesOwn = true;
  const filters: Filter[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const [name, value] = [words[i].toUpperCase(), words[i + 1]];
    if (name === "SKIPME") sparesOwn = yesNo(value);
    else filters.push(filterOf(name, value, client.nowMs));
  }
  const chosen = clientsOf(client).filter((each) =>
    filters.every((filter) => filter(each)) && !(sparesOwn && each === client)
  );
  closeAll(client, chosen);
  return chosen.length;
}

function clientsOf({ service }: Client): ClientState[] {
  return [...service.clients.values()];
}

function killAddress(client: Client, address: string): Reply {
  const chosen = clientsOf(client).filter(({ output }) => output.address === address);
  if (chosen.length === 0) throw err("No such client");
  closeAll(client, chosen);
  return OK;
}

/** The client that asks gets its reply first. */
function closeAll(client: Client, chosen: readonly ClientState[]): void {
  for (const each of chosen) {
    if (each === client) client.isEnded = true;
    else each.output.close();
  }
}

function yesNo(text: string): boolean {
  const name = text.toLowerCase();
  if (name === "yes" || name === "no") return name === "yes";
  throw SYNTAX_ERROR;
}

function filterOf(name: string, value: string, nowMs: number): Filter {
  if (name === "ADDR") return ({ output }) => output.address === value;
  if (name === "LADDR") return ({ output }) => output.localAddress === value;
  if (name === "USER") return ({ user }) => user === value;
  if (name === "TYPE") return typeFilter(value);
  if (name === "MAXAGE") {
    const ageMs = toInteger(value) * 1000;
    return ({ createdAtMs }) => nowMs - createdAtMs >= ageMs;
  }
  if (name !== "ID") throw SYNTAX_ERROR;
  const id = Number(parseInt64(value) ?? 0n);
  if (id < 1) throw err("client-id should be greater than 0");
  return (client) => client.id === id;
}

function typeFilter(type: string): Filter {
  const name = type.toLowerCase();
  if (name === "pubsub") return ({ subscriptionCount }) => subscriptionCount > 0;
  if (name === "normal") return ({ subscriptionCount }) => subscriptionCount === 0;
  if (["master", "replica", "slave"].includes(name)) return () => false;
  throw err(`Unknown client type '${type}'`);
}
