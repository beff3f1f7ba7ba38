/**
 * Spans of publishers and pushers.
 *
 * @module
 */

import { type Context, SpanKind } from "@opentelemetry/api";
import { WithHeader } from "../lib/channel/headers.ts";
import type { Loan } from "../lib/channel/loan.ts";
import type { SendingSocket } from "../lib/sockets/sending_socket.ts";
import { enableHeaders } from "../lib/sockets/socket.ts";
import { headerOf } from "./fields.ts";
import { type Operation, refuse, type Spans } from "./spans.ts";

/** A value that carries a context, if that is of a trace. */
export function withTraceHeader(value: unknown, context: Context): unknown {
  const header = value === undefined ? undefined : headerOf(context);
  return header === undefined ? value : new WithHeader(value, header);
}

/** Has a socket make a span of each send. */
export function traceSending(socket: SendingSocket<unknown>, spans: Spans): void {
  enableHeaders(socket);
  const operation: Operation = {
    name: "send",
    type: "send",
    kind: SpanKind.PRODUCER,
    destination: socket.name,
  };
  const { send, sendSync, sendAsync, sendMany, loan } = socket;
  socket.send = (value) =>
    spans.during(operation, (own, span) => {
      const isSent = send.call(socket, withTraceHeader(value, own));
      if (!isSent) refuse(span);
      return isSent;
    });
  socket.sendSync = (value, options) =>
    spans.during(operation, (own) => sendSync.call(socket, withTraceHeader(value, own), options));
  socket.sendAsync = (value, options) =>
    spans.during(operation, (own) => sendAsync.call(socket, withTraceHeader(value, own), options));
  socket.sendMany = (values) =>
    spans.during(operation, (own, span) => {
      let offered = 0;
      const accepted = sendMany.call(
        socket,
        Iterator.from(values).map((value) => {
          offered++;
          return withTraceHeader(value, own);
        }),
      );
      span.setAttribute("messaging.batch.message_count", accepted);
      if (accepted < offered) refuse(span);
      return accepted;
    });
  // What is written in place has no room for a note, and its span no receiver that knows it.
  const loanOperation = { ...operation, kind: SpanKind.CLIENT };
  socket.loan = (byteLength) => {
    const original = loan.call(socket, byteLength);
    return original &&
      tracedLoan(original, () => spans.during(loanOperation, () => original.commit()));
  };
}

function tracedLoan(loan: Loan, commit: () => void): Loan {
  return {
    bytes: loan.bytes,
    commit,
    abort: () => loan.abort(),
    [Symbol.dispose]: () => loan[Symbol.dispose](),
  };
}
