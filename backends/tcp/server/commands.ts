/**
 * The commands of the line protocol that every server has.
 *
 * @module
 */

import { contextHeadersOf } from "../../../lib/base/context_headers.ts";
import { stringifyJson } from "../../../lib/message/json.ts";
import { InvalidInputError } from "../../store/errors.ts";
import { encodedArgument, textOf } from "../protocol/arguments.ts";
import { type Command, command } from "./command.ts";
import { OPERATION_COMMANDS } from "./operation_commands.ts";

/** The commands of every server. */
export const COMMANDS: readonly Command[] = [
  command({
    name: "PING",
    parameters: [],
    flags: ["open"],
    reply: "PONG",
    summary: "Checks that the server replies.",
    handle: () => "PONG",
  }),
  command({
    name: "AUTH",
    parameters: ["token"],
    flags: ["open"],
    reply: "OK AUTHENTICATED",
    summary:
      "Authenticates the connection with the server's token; before that only `PING` is allowed.",
    handle(session, [token]) {
      if (session.authenticate(textOf(token))) return "OK AUTHENTICATED";
      throw new InvalidInputError("wrong token");
    },
  }),
  ...OPERATION_COMMANDS,
  command({
    name: "TRACE",
    parameters: ["[traceparent]", "[tracestate]", "[baggage]"],
    flags: [],
    reply: "OK TRACED",
    summary:
      "Sets the W3C trace context and baggage of the next command on the connection. From then on, " +
      "a push of a published value has those of its publisher as a third argument.",
    handle(session, args) {
      const [traceparent, tracestate, baggage] = args.map(textOf);
      session.setNextHeaders(contextHeadersOf({ traceparent, tracestate, baggage }));
      return "OK TRACED";
    },
  }),
  command({
    name: "REPORT_DROPPED",
    parameters: [],
    flags: ["pubsub"],
    reply: "OK REPORTING",
    summary:
      "From then on, the push `DROPPED n` says that n pushes to this client were dropped, because its " +
      "queue was full.",
    handle(session) {
      session.reportDropped();
      return "OK REPORTING";
    },
  }),
  command({
    name: "STATS",
    parameters: [],
    flags: ["read"],
    reply: "STATS JSON:{...}",
    summary: "What the server holds and has counted.",
    handle: (session) => `STATS ${encodedArgument(stringifyJson(session.stats()))}`,
  }),
];
