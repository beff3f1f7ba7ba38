/**
 * From requests to their answers.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { Watch } from "../dashboard/watch.ts";
import { pageAnswer, wantsPage } from "../dashboard/page.ts";
import { Viewers } from "../dashboard/viewers.ts";
import { RequestTally } from "../metrics/request_stats.ts";
import {
  observe,
  type RequestObserver,
  type RequestOutcome,
  type ServedRequest,
} from "../../hosting/observer.ts";
import type { Store } from "../../store/store.ts";
import { json, refusal } from "./responses.ts";
import { readMembers } from "./body.ts";
import { HttpError, refusalOf } from "./errors.ts";
import { Events } from "./sse.ts";
import type { Guard } from "./auth.ts";
import type { SubscriberLimits } from "./limits.ts";
import { PollingSubscribers } from "./long_poll.ts";
import type { RouteContext } from "./route.ts";
import { type Match, Router } from "./router.ts";
import { ROUTES } from "./routes.ts";

const router = new Router(ROUTES);

/** What a service takes besides what it serves. */
export interface ServiceOptions {
  readonly maxBodyBytes: number;
  readonly onRequest?: RequestObserver;
}

/** What a server does, without the sockets. */
export class Service {
  readonly #guard: Guard;
  readonly #context: RouteContext;
  readonly #options: ServiceOptions;

  constructor(store: Store, guard: Guard, limits: SubscriberLimits, options: ServiceOptions) {
    const startedMs = performance.now();
    this.#guard = guard;
    this.#options = options;
    this.#context = {
      store,
      subscribers: new PollingSubscribers(store, limits),
      events: new Events(store, limits),
      requests: new RequestTally(),
      viewers: new Viewers(() => new Watch(this.#context)),
      uptimeSeconds: () => (performance.now() - startedMs) / 1000,
    };
  }

  /** Forgets what has expired, and who has not polled for long. */
  sweep(): void {
    this.#context.subscribers.sweep(performance.now());
    this.#context.store.sweep();
  }

  /** Answers waiting polls and ends streams, with all subscriptions that came through here. */
  clear(): void {
    this.#context.events.clear();
    this.#context.viewers.clear();
    this.#context.subscribers.clear();
  }

  /** Answers a request; never rejects. */
  async handle(request: Request): Promise<Response> {
    const startMs = performance.now();
    const { onRequest } = this.#options;
    const end = onRequest && observe(onRequest, served(request));
    let match: Match | undefined;
    let response: Response;
    let outcome: RequestOutcome = {};
    try {
      this.#guard.checkSite(request.headers);
      match = router.match(request.method, request.url);
      const answer = await this.#answer(request, match);
      response = typeof answer === "string" ? json(answer) : answer;
    } catch (error) {
      const known = refusalOf(error);
      outcome = known ? { refusal: known.message } : { fault: error };
      response = refusal(known ?? fault(error));
    }
    const seconds = (performance.now() - startMs) / 1000;
    this.#context.requests.note(match?.route, response.status, seconds);
    end?.({ ...outcome, status: response.status });
    return response;
  }

  async #answer(request: Request, match: Match): Promise<string | Response> {
    const { route, query } = match;
    const token = route.path === "/" ? query.get("token") : null;
    if (token !== null) return this.#guard.letIn(token, request.headers);
    if (route.path === "/" && wantsPage(request.headers)) return pageAnswer();
    if (!route.isOpen) this.#guard.checkToken(request.headers);
    const members = route.method === "POST"
      ? await readMembers(request, this.#options.maxBodyBytes)
      : undefined;
    return route.run(this.#context, read(match, members), request.headers);
  }
}

/** What an observer is told of a request. */
function served({ method, url, headers }: Request): ServedRequest {
  return {
    protocol: "http",
    operation: method,
    route: router.find(method, url)?.path,
    traceparent: headers.get("traceparent") ?? undefined,
    tracestate: headers.get("tracestate") ?? undefined,
  };
}

/** The values of a route's parameters. */
function read(
  { route, path, query }: Match,
  members: Map<string, string> | undefined,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(route.parameters)) {
    const single = path.get(name) ?? members?.get(name);
    const given = single !== undefined ? [single] : members ? [] : query.getAll(name);
    values[name] = parameter.read(given, name);
  }
  return values;
}

function fault(error: unknown): HttpError {
  logger.error("a request failed: {error}", { error });
  return new HttpError(500, "the server failed at this request; its log tells more");
}
