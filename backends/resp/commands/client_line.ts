/**
 * What is known of a connection, as a line of `CLIENT LIST`.
 *
 * @module
 */

import type { ClientState } from "../engine/client_state.ts";

/** The line. */
export function clientLine(client: ClientState, nowMs: number): string {
  const seconds = (sinceMs: number) => Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  const { subscriber, shardSubscriber, transaction, output } = client;
  const fields: Record<string, string | number> = {
    id: client.id,
    addr: output.address,
    laddr: output.localAddress,
    fd: 8,
    name: client.name,
    age: seconds(client.createdAtMs),
    idle: seconds(client.usedAtMs),
    flags: flagsOf(client),
    db: client.db.index,
    sub: subscriber?.channels.length ?? 0,
    psub: subscriber?.patterns.length ?? 0,
    ssub: shardSubscriber?.count ?? 0,
    multi: transaction?.queued.length ?? -1,
    qbuf: output.unreadBytes,
    "qbuf-free": 0,
    "argv-mem": 0,
    "multi-mem": 0,
    rbs: 1024,
    rbp: 0,
    obl: output.pendingBytes,
    oll: 0,
    omem: 0,
    "tot-mem": output.unreadBytes + output.pendingBytes,
    events: "r",
    cmd: client.lastCommand,
    user: client.user,
    redir: -1,
    resp: client.version,
    "lib-name": client.libraryName,
    "lib-ver": client.libraryVersion,
  };
  return Object.entries(fields).map(([name, value]) => `${name}=${value}`).join(" ");
}

function flagsOf(client: ClientState): string {
  const flags = [
    client.isMonitor ? "O" : "",
    client.subscriptionCount > 0 ? "P" : "",
    client.transaction !== undefined ? "x" : "",
    client.blocked !== undefined ? "b" : "",
    client.isWatchBroken ? "d" : "",
    client.isNoEvict ? "e" : "",
    client.isNoTouch ? "T" : "",
  ].join("");
  return flags === "" ? "N" : flags;
}
