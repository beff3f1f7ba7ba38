/**
 * A process whose clients meet hostile servers: prints a line of JSON for each call. It must live to its
 * end, and nothing must end it. Argument: the names of clients as JSON, and the milliseconds to wait in
 * addition to the deadline of a call.
 *
 * @module
 */

import { messageOf } from "../../../lib/base/thrown.ts";
import { RingbusError } from "../../../mod.ts";
import { within } from "../../support/deadline.ts";
import { BEHAVIOUR_NAMES, type BehaviourName, HostilePeer } from "../../support/hostile_peer.ts";
import { type ClientKind, CLIENTS } from "./clients.ts";

/** What became of a call. */
export interface CallReport {
  readonly client: string;
  readonly behaviour: string;
  readonly call: string;
  readonly outcome: "resolved" | "rejected" | "foreign error" | "late";
  readonly about?: string;
}

async function outcomeOf(
  call: () => Promise<unknown>,
  deadlineMs: number,
): Promise<Pick<CallReport, "outcome" | "about">> {
  const settled = call().then(
    () => ({ outcome: "resolved" }) as const,
    (error) => ({
      outcome: error instanceof RingbusError ? "rejected" : "foreign error",
      about: `${error?.constructor?.name}: ${messageOf(error)}`,
    } as const),
  );
  try {
    return await within(settled, "the call", deadlineMs);
  } catch (error) {
    return { outcome: "late", about: messageOf(error) };
  }
}

async function meet(kind: ClientKind, behaviour: BehaviourName, graceMs: number): Promise<void> {
  await using server = await HostilePeer.start(behaviour);
  const client = kind.make(server.port);
  const report = async (call: string, run: () => Promise<unknown>) => {
    const outcome = await outcomeOf(run, kind.deadlineMs + graceMs);
    const line: CallReport = { client: kind.name, behaviour, call, ...outcome };
    console.log(JSON.stringify(line));
  };
  // A client may make one call at a time: then each deadline begins with the end of the call before.
  for (const [call, run] of Object.entries(client.calls)) await report(call, run);
  await report("close", () => client.close());
}

const [names, graceMs] = [JSON.parse(Deno.args[0]) as string[], Number(Deno.args[1])];
const kinds = CLIENTS.filter(({ name }) => names.includes(name));
await Promise.all(
  kinds.flatMap((kind) => BEHAVIOUR_NAMES.map((behaviour) => meet(kind, behaviour, graceMs))),
);
console.log(JSON.stringify("lived"));
