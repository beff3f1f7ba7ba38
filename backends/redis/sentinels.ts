/**
 * Asks sentinels which server is the master. The client library's own support for Sentinel is not used: it
 * shares its connections between calls, while `WAIT` counts the writes of one, and it believes the first
 * sentinel that replies, which may be cut off from the others.
 *
 * @module
 */

import { startTimer } from "../../lib/base/timer.ts";
import type { NodeAddress } from "./address.ts";
import type { Connection, Reply } from "./connection.ts";
import { classify, type Failure, reactionTo } from "./failures.ts";

/** Milliseconds to wait for other sentinels when one has replied. */
const PATIENCE_MS = 500;

/** What a sentinel knows of its master. */
export interface MasterView {
  readonly address: NodeAddress;
  /** Grows with each failover: the highest one is the latest. */
  readonly epoch: number;
}

/** Asks a sentinel over a connection that is opened for it. */
export async function ask(
  opening: Promise<Connection>,
  name: string,
): Promise<MasterView> {
  const sentinel = await opening;
  try {
    return await viewOf(sentinel, name);
  } finally {
    sentinel.close();
  }
}

async function viewOf(sentinel: Connection, name: string): Promise<MasterView> {
  const [address, state] = await Promise.all([
    sentinel.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]),
    sentinel.send(["SENTINEL", "MASTER", name]),
  ]);
  const [host, port] = (address as Reply[]).map(String);
  return { address: { host, port: Number(port) }, epoch: epochIn(state) };
}

/** Newer servers reply with an object, older ones with a list of names and values. */
function epochIn(state: Reply | Record<string, Reply>): number {
  if (!Array.isArray(state)) return Number((state as Record<string, Reply>)["config-epoch"]);
  return Number(state[state.indexOf("config-epoch") + 1]);
}

/**
 * Returns the latest of the views, as soon as all sentinels have replied that can. One that hangs is not
 * waited for.
 *
 * @throws the error of a sentinel, if none has a view
 */
export async function latestView(asked: readonly Promise<MasterView>[]): Promise<MasterView> {
  const views: MasterView[] = [];
  const errors: unknown[] = [];
  const { promise: patience, resolve: endPatience } = Promise.withResolvers<void>();
  let stopTimer: (() => void) | undefined;
  const settling = asked.map(async (view) => {
    try {
      views.push(await view);
      stopTimer ??= startTimer(PATIENCE_MS, endPatience);
    } catch (error) {
      errors.push(error);
    }
  });
  await Promise.race([Promise.all(settling), patience]);
  stopTimer?.();
  if (views.length === 0) throw decisive(errors);
  return latestOf(views);
}

function latestOf(views: readonly MasterView[]): MasterView {
  return views.reduce((latest, view) => view.epoch > latest.epoch ? view : latest);
}

/**
 * The error that decides: a login that is rejected will be rejected again. Otherwise a sentinel that cannot be
 * reached may know more than those that can.
 */
function decisive(errors: readonly unknown[]): unknown {
  const failures = errors.map(classify);
  const isRetried = (failure: Failure) => reactionTo(failure).isRetried;
  const rejected = failures.indexOf("authentication");
  return errors[Math.max(0, rejected >= 0 ? rejected : failures.findIndex(isRetried))];
}

/**
 * Checks that a server is the master, since sentinels learn late of a change. A server that does not let
 * the user ask is believed.
 */
export async function checkIsMaster(connection: Connection): Promise<void> {
  const role = await connection.send(["ROLE"]).catch((error) => {
    if (classify(error) === "authentication") return ["master"];
    throw error;
  });
  if ((role as Reply[])[0] === "master") return;
  throw new Error("READONLY the server that the sentinels name is not the master");
}
