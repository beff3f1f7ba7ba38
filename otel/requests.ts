/**
 * Spans of requesters and repliers: a request is a call, and its span ends with the reply.
 *
 * @module
 */

import { type Context, context, SpanKind } from "@opentelemetry/api";
import { ShmTimeoutError } from "../lib/base/errors.ts";
import type { Replier } from "../lib/sockets/replier.ts";
import type { Requester } from "../lib/sockets/requester.ts";
import { enableHeaders } from "../lib/sockets/socket.ts";
import type { Origin } from "./origins.ts";
import { type Received, receiveOperation, unpack } from "./receiving.ts";
import { withTraceHeader } from "./sending.ts";
import { during, type Operation, parentOf, refuse, type Spans } from "./spans.ts";

/** Has a requester make a span of each request, from the call to the reply. */
export function traceRequester(socket: Requester, spans: Spans): void {
  enableHeaders(socket);
  const destination = socket.name;
  const call: Operation = { name: "request", type: "send", kind: SpanKind.CLIENT, destination };
  const sending: Operation = { name: "send", type: "send", kind: SpanKind.PRODUCER, destination };
  /** Contexts of the requests of `send` whose replies were not received, in their order. */
  const waiting: Context[] = [];
  const receiving = { ...receiveOperation(destination), origins: () => waiting.slice(0, 1) };
  /** After a timeout the reply may still come. */
  const finish = (error?: unknown) => void (error instanceof ShmTimeoutError || waiting.shift());
  const { request, requestSync, send, recv, recvSync } = socket;

  socket.request = (value, options) =>
    spans.during(call, (own) => request.call(socket, withTraceHeader(value, own), options));
  socket.requestSync = (value, options) =>
    spans.during(call, (own) => requestSync.call(socket, withTraceHeader(value, own), options));
  socket.send = (value) =>
    spans.during(sending, (own, span) => {
      const isSent = send.call(socket, withTraceHeader(value, own));
      if (isSent) waiting.push(own);
      else refuse(span);
      return isSent;
    });
  socket.recv = async (options) => {
    try {
      const reply = await spans.receiveLater(receiving, () => recv.call(socket, options));
      finish();
      return reply;
    } catch (error) {
      finish(error);
      throw error;
    }
  };
  socket.recvSync = (options) => {
    try {
      const reply = spans.receive(receiving, () => recvSync.call(socket, options));
      finish();
      return reply;
    } catch (error) {
      finish(error);
      throw error;
    }
  };
}

/** Has a replier make a span of each request that it handles, in the trace of the requester. */
export function traceReplier(socket: Replier, spans: Spans): void {
  enableHeaders(socket);
  const destination = socket.name;
  const handling: Operation = {
    name: "process",
    type: "process",
    kind: SpanKind.SERVER,
    destination,
  };
  const replying: Operation = { name: "reply", type: "send", kind: SpanKind.CLIENT, destination };
  const receiving = receiveOperation(destination);
  const { serve, send, tryRecv, recvSync, recv } = socket;
  /** Of the request that was taken last. */
  let current: Origin | undefined;
  const unpackRequest = (raw: unknown): Received | undefined => {
    if (raw === undefined) return undefined;
    const received = unpack(raw, destination, spans);
    current = received.origin;
    return received;
  };

  socket.serve = (handler, options) =>
    serve.call(socket, (raw) => {
      const { value, origin } = unpack(raw, destination, spans);
      const parent = origin.context ?? context.active();
      const span = spans.begin(handling, parent, [origin.context]);
      return during(span, parent, () => handler(value));
    }, options);
  socket.tryRecv = () => spans.receive(receiving, () => unpackRequest(tryRecv.call(socket)))?.value;
  socket.recvSync = (options) =>
    spans.receive(receiving, () => unpackRequest(recvSync.call(socket, options)))?.value;
  socket.recv = async (options) => {
    const later = async () => unpackRequest(await recv.call(socket, options));
    return (await spans.receiveLater(receiving, later))?.value;
  };
  socket.send = (value) => {
    const parent = parentOf(context.active(), current?.context);
    const span = spans.begin(replying, parent, [current?.context]);
    return during(span, parent, () => send.call(socket, value));
  };
}
