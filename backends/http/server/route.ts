/**
 * Routes of the server, and what their handlers work with.
 *
 * @module
 */

import type { NamedStates } from "../dashboard/state_part.ts";
import type { MessageStreams } from "../dashboard/message_streams.ts";
import type { Viewers } from "../dashboard/viewers.ts";
import type { Machine } from "../metrics/machine_view.ts";
import type { NamedQueues } from "../metrics/queue_view.ts";
import type { RequestStats } from "../metrics/request_stats.ts";
import type { Store } from "../../store/store.ts";
import type { EventStreams } from "./sse.ts";
import type { Parameters, Schema, Values } from "./parameters.ts";
import type { LongPollSubscribers } from "./long_poll.ts";
import type { RouteResponse } from "./responses.ts";

/** What the handlers of routes work with. */
export interface RouteContext {
  readonly store: Store;
  readonly subscribers: LongPollSubscribers;
  readonly eventStreams: EventStreams;
  readonly requests: RequestStats;
  readonly viewers: Viewers;
  readonly messageStreams: MessageStreams;
  readonly queues: NamedQueues | undefined;
  /** The channels of this machine, if they are shown. */
  readonly machine: Machine | undefined;
  /** Shared states to show. */
  readonly states: NamedStates | undefined;
  /** Whether requests need a token. */
  readonly hasToken: boolean;
  /** Seconds since the server was started. */
  uptimeSeconds(): number;
}

/** One route of the server. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path with its parameters in braces. */
  readonly path: string;
  readonly summary: string;
  /** Parameters: in the path if it names them, or else in the body of a POST, or in the query. */
  readonly parameters: Parameters;
  /** JSON Schema of the response. */
  readonly response: Schema;
  /** Media type of the response. Default: `"application/json"`. */
  readonly mediaType?: string;
  /** True if a GET takes messages, or holds a place that is limited. */
  readonly hasEffect?: boolean;
  /** True if the route needs no token. */
  readonly isOpen?: boolean;
  /** @param sent fulfilled when the response was sent, or cannot be */
  run(
    context: RouteContext,
    values: Record<string, unknown>,
    headers: Headers,
    sent: Promise<void>,
  ): RouteResponse;
  /** For a route that looks up what its path names: the response, or undefined if there is nothing. */
  find?(
    context: RouteContext,
    values: Record<string, unknown>,
    headers: Headers,
  ): RouteResponse | undefined;
}

/** A route whose handler knows the types of its parameters. */
export interface TypedRoute<P extends Parameters> extends Omit<Route, "parameters" | "run"> {
  readonly parameters: P;
  run(
    context: RouteContext,
    values: Values<P>,
    headers: Headers,
    sent: Promise<void>,
  ): RouteResponse;
}

/** Declares a route. */
export function route<P extends Parameters>(typed: TypedRoute<P>): Route {
  return typed as unknown as Route;
}

/** The names in braces in a path, in their order. */
export function pathNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
}
