/**
 * Handles requests: authentication, routing, responses and statistics.
 *
 * @module
 */

import { TextSet } from "../../../lib/base/text_map.ts";
import { logger } from "../../../lib/base/log.ts";
import { MessageStreams } from "../dashboard/message_streams.ts";
import { Sampler } from "../dashboard/sampler.ts";
import { pageResponse, wantsPage } from "../dashboard/page.ts";
import { Recorder } from "../dashboard/recorder.ts";
import type { NamedStates } from "../dashboard/state_part.ts";
import { Viewers } from "../dashboard/viewers.ts";
import type { Machine } from "../metrics/machine_view.ts";
import type { NamedQueues } from "../metrics/queue_view.ts";
import { RequestStats } from "../metrics/request_stats.ts";
import {
  observe,
  type RequestObserver,
  type RequestOutcome,
  type ServedRequest,
} from "../../hosting/observer.ts";
import type { Store } from "../../store/store.ts";
import { errorResponse, type RouteResponse } from "./responses.ts";
import { type BodyLimits, readMembers } from "./body.ts";
import { readContextHeaders } from "./context_headers.ts";
import { HttpError, toHttpError } from "./errors.ts";
import { EventStreams } from "./sse.ts";
import type { Auth } from "./auth.ts";
import type { SubscriberLimits } from "./subscriber_quota.ts";
import { LongPollSubscribers } from "./long_poll.ts";
import { ENCODED_NAMES_HEADER, type Reading } from "./readings.ts";
import { ReplyQuota } from "./reply_quota.ts";
import type { Route, RouteContext } from "./route.ts";
import { type RouteMatch, Router } from "./router.ts";
import { ROUTES } from "./routes.ts";

const router = new Router(ROUTES);

/** Options of a service. */
export interface ServiceOptions {
  readonly maxBodyBytes: number;
  readonly onRequest?: RequestObserver | undefined;
  readonly queues?: NamedQueues | undefined;
  readonly machine?: Machine | undefined;
  readonly states?: NamedStates | undefined;
}

/** The server without its sockets. */
export class Service {
  readonly #auth: Auth;
  readonly #context: RouteContext;
  readonly #options: ServiceOptions;
  readonly #bodyLimits: BodyLimits;
  readonly #replies: ReplyQuota;
  readonly #recorder: Recorder;
  #unpolled = 0;

  constructor(store: Store, auth: Auth, limits: SubscriberLimits, options: ServiceOptions) {
    const startedMs = performance.now();
    this.#auth = auth;
    this.#options = options;
    this.#replies = new ReplyQuota(store);
    this.#bodyLimits = { maxBytes: options.maxBodyBytes, transit: store.transit };
    const observed = {
      store,
      subscribers: new LongPollSubscribers(store, limits),
      eventStreams: new EventStreams(store, limits),
      requests: new RequestStats(),
      states: options.states,
      queues: options.queues,
      machine: options.machine,
      hasToken: auth.hasToken,
      uptimeSeconds: () => (performance.now() - startedMs) / 1000,
    };
    this.#recorder = new Recorder(observed);
    const viewers = new Viewers(() => new Sampler(observed), this.#recorder);
    this.#context = { ...observed, viewers, messageStreams: new MessageStreams() };
  }

  /** Adds a point to the history of the dashboard. */
  record(): Promise<void> {
    return this.#recorder.step();
  }

  /** Removes what has expired, and the subscribers that have not polled for long. */
  sweep(): void {
    this.#context.subscribers.sweep(performance.now());
    this.#context.store.sweep();
  }

  /**
   * Ends all subscriptions, and responds to waiting polls. Event streams end when they have sent what they
   * have.
   */
  clear(): void {
    this.#context.eventStreams.clear();
    this.#context.viewers.clear();
    this.#context.messageStreams.clear();
    this.#unpolled += this.#context.subscribers.clear();
  }

  /** Entries that no client had polled for, or taken from a stream, when the subscriptions were ended. */
  get unsent(): number {
    return this.#unpolled + this.#context.eventStreams.unsent;
  }

  /**
   * Responds to a request; never rejects.
   *
   * @param sent fulfilled when the response was sent, or cannot be; never rejects
   */
  async handle(request: Request, sent: Promise<void> = Promise.resolve()): Promise<Response> {
    const startMs = performance.now();
    const { onRequest } = this.#options;
    const end = onRequest && observe(onRequest, describeRequest(request));
    let match: RouteMatch | undefined;
    let response: Response;
    let outcome: RequestOutcome = {};
    try {
      this.#auth.checkOrigin(request.headers);
      match = router.match(request.method, request.url);
      response = await this.#respond(request, match, sent);
    } catch (error) {
      const known = toHttpError(error);
      outcome = known ? { refusal: known.message } : { fault: error };
      const shown = known ?? internalError(error);
      this.#context.requests.recentErrors.add(aboutOf(match), `${shown.status} ${shown.message}`);
      response = errorResponse(shown);
    }
    const seconds = (performance.now() - startMs) / 1000;
    this.#context.requests.record(match?.route, response.status, seconds);
    end?.({ ...outcome, status: response.status });
    return response;
  }

  async #respond(
    request: Request,
    match: RouteMatch,
    sent: Promise<void>,
  ): Promise<Response> {
    const { route, query } = match;
    if (route.method !== "GET" || route.hasEffect) {
      this.#auth.checkSite(request.method, request.headers);
    }
    const token = route.path === "/" ? query.get("token") : null;
    if (token !== null) return this.#auth.authorize(token, request.headers);
    if (route.path === "/" && wantsPage(request.headers)) return pageResponse();
    if (!route.isOpen) this.#auth.checkToken(request.headers);
    const isExact = request.headers.has(ENCODED_NAMES_HEADER);
    if (route.find !== undefined && !isExact) {
      return this.#toResponse(this.#lookUp(match, request.headers, sent), sent);
    }
    const members = route.method === "POST"
      ? await readMembers(request, this.#bodyLimits, namesOf(route))
      : undefined;
    const values = readParameters(match, match, members);
    return this.#toResponse(route.run(this.#context, values, request.headers, sent), sent);
  }

  /** At once: a long result that waited for its turn would be held meanwhile, and many of them with it. */
  #toResponse(result: RouteResponse, sent: Promise<void>): Response | Promise<Response> {
    if (result instanceof Response || result instanceof Promise) return result;
    return this.#replies.respond(result, sent);
  }

  /** The response of the first reading of the URL under which there is something, or else of the likeliest. */
  #lookUp(match: RouteMatch, headers: Headers, sent: Promise<void>): RouteResponse {
    for (const reading of match.readings()) {
      const values = tryParameters(match, reading);
      const found = values && match.route.find!(this.#context, values, headers);
      if (found !== undefined) return found;
    }
    const [likeliest] = match.readings();
    const values = tryParameters(match, likeliest) ?? readParameters(match, match);
    return match.route.run(this.#context, values, headers, sent);
  }
}

const names = new WeakMap<Route, TextSet>();

/** The names of a route's parameters. */
function namesOf(route: Route): TextSet {
  let found = names.get(route);
  if (found === undefined) names.set(route, found = new TextSet(Object.keys(route.parameters)));
  return found;
}

/** Describes a request to an observer. */
function describeRequest({ method, url, headers }: Request): ServedRequest {
  return {
    protocol: "http",
    operation: method,
    route: router.find(method, url)?.path,
    ...readContextHeaders(headers),
  };
}

/** The values of a route's parameters. */
function readParameters(
  { route }: RouteMatch,
  { path, query }: Reading,
  members?: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(route.parameters)) {
    const single = path.get(name) ?? members?.get(name);
    const given = single !== undefined ? [single] : members ? [] : query.getAll(name);
    values[name] = parameter.read(given, name);
  }
  return values;
}

/** The values, or undefined if they are missing or invalid in this reading. */
function tryParameters(match: RouteMatch, reading: Reading): Record<string, unknown> | undefined {
  try {
    return readParameters(match, reading);
  } catch (error) {
    if (error instanceof HttpError) return undefined;
    throw error;
  }
}

/** The call that an error is about. */
function aboutOf(match: RouteMatch | undefined): string {
  return match === undefined ? "no such call" : `${match.route.method} ${match.route.path}`;
}

function internalError(error: unknown): HttpError {
  logger.error("cannot handle a request: {error}", { error });
  return new HttpError(500, "the server failed to handle this request: its log has the error");
}
