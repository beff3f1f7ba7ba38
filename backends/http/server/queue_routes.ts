/**
 * The routes by which the dashboard looks into message queues, and changes them.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import type { MessageQueue, PurgedState } from "../../queue/types.ts";
import { messagesOf } from "../dashboard/queue_messages.ts";
import { HttpError } from "./errors.ts";
import { memberText, type Parameters, text, texts, type Values } from "./parameters.ts";
import { json } from "./responses.ts";
import { type Route, route, type RouteContext } from "./route.ts";
import { array, COUNT, object, TEXT } from "./schemas.ts";

/** Messages in these states can be purged. */
const STATES: ReadonlySet<string> = new Set<PurgedState>(["waiting", "delayed", "dead", "done"]);
/** The reason of what is rejected here. */
const REASON = "rejected on the dashboard";

const QUEUE = memberText("name of the queue at this server");
const CHANNEL = memberText("the channel");
const MESSAGE = {
  queue: QUEUE,
  id: memberText("id of the message"),
  agent: memberText("the agent whose delivery it is"),
};

/** The routes, in the order of the documentation. */
export const QUEUE_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/queue_messages",
    summary:
      "Leased messages and dead letters of a channel of a message queue, for the [dashboard](dashboard.md).",
    parameters: {
      queue: text("name of the queue at this server"),
      channel: text("the channel"),
      agent: texts("an agent to look at, one parameter each"),
    },
    response: object({ agents: array(TEXT), leased: array({}), dead: array({}) }),
    run: (context, { queue, channel, agent }) =>
      respond(context, queue, (found) => messagesOf(found, channel, agent)),
  }),
  change({
    path: "/queue_pause",
    summary: "Pauses a channel of a message queue, in all processes.",
    parameters: { queue: QUEUE, channel: CHANNEL },
    run: async (queue, { channel }) => {
      await queue.pause(channel);
      return 1;
    },
  }),
  change({
    path: "/queue_resume",
    summary: "Ends the pause of a channel of a message queue.",
    parameters: { queue: QUEUE, channel: CHANNEL },
    run: async (queue, { channel }) => {
      await queue.resume(channel);
      return 1;
    },
  }),
  change({
    path: "/queue_purge",
    summary:
      "Removes the messages of a channel of a message queue in one state: `waiting`, `delayed`, `dead` " +
      "or `done`.",
    parameters: { queue: QUEUE, channel: CHANNEL, state: memberText("the state") },
    run: (queue, { channel, state }) => queue.purge(channel, { states: [stateOf(state)] }),
  }),
  change({
    path: "/queue_requeue",
    summary: "Delivers a dead letter of a message queue again; 0 if it is none any more.",
    parameters: MESSAGE,
    run: async (queue, { id, agent }) => Number(await queue.requeue(id, { agentId: agent })),
  }),
  change({
    path: "/queue_reject",
    summary: "Makes a message of a message queue a dead letter, whoever holds it; 0 if it is gone.",
    parameters: MESSAGE,
    run: async (queue, { id, agent }) => Number(await queue.reject(id, REASON, { agentId: agent })),
  }),
];

/** A change of a queue. `run` resolves with the number of things that it has changed. */
interface Change<P extends Parameters> {
  readonly path: string;
  readonly summary: string;
  readonly parameters: P;
  run(queue: MessageQueue, values: Values<P>): Promise<number>;
}

/** A route that changes a queue: a queue has rights of its own, so that only who has the token may use those. */
function change<P extends Parameters & { readonly queue: typeof QUEUE }>(
  { path, summary, parameters, run }: Change<P>,
): Route {
  return route<P>({
    method: "POST",
    path,
    summary: `${summary} Only at a server with a token.`,
    parameters,
    response: object({ changed: COUNT }),
    run(context, values) {
      if (!context.hasToken) {
        throw new HttpError(403, "message queues are changed at a server with a token only");
      }
      const { queue } = values as Values<{ queue: typeof QUEUE }>;
      return respond(context, queue, async (found) => ({ changed: await run(found, values) }));
    },
  });
}

function queueOf({ queues = {} }: RouteContext, name: string): MessageQueue {
  if (Object.hasOwn(queues, name)) return queues[name];
  throw new HttpError(404, `this server shows no queue ${JSON.stringify(name.slice(0, 100))}`);
}

async function respond(
  context: RouteContext,
  name: string,
  ask: (queue: MessageQueue) => Promise<unknown>,
): Promise<Response> {
  const queue = queueOf(context, name);
  try {
    return json(JSON.stringify(await ask(queue)));
  } catch (error) {
    if (error instanceof HttpError) throw error;
    logger.warn("queue {name} failed for the dashboard: {error}", { name, error });
    throw new HttpError(503, "the message queue failed: the log of this server has its error");
  }
}

function stateOf(state: string): PurgedState {
  if (STATES.has(state)) return state as PurgedState;
  throw new HttpError(400, `state must be one of ${[...STATES].join(", ")}, not ${state}`);
}
