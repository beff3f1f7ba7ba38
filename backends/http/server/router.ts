/**
 * Finds the route of a request, and the parameters in its path and query.
 *
 * @module
 */

import { mapKey } from "../../../lib/base/text_map.ts";
import { HttpError } from "./errors.ts";
import { decodeName, type RawNames, type Reading, readingsOf } from "./readings.ts";
import { pathNames, type Route } from "./route.ts";

/** The route of a request, and the parameters of the request. */
export interface RouteMatch extends Reading {
  readonly route: Route;
  /** The ways to read the names in its path, the likeliest first. */
  readings(): Iterable<Reading>;
}

interface RouteGroup {
  readonly names: readonly string[];
  readonly byMethod: Map<string, Route>;
}

/** Finds routes by the first segment of the path. */
export class Router {
  readonly #groups = new Map<string, RouteGroup>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const [, first] = route.path.split("/");
      const group = this.#groups.get(first) ??
        { names: pathNames(route.path), byMethod: new Map<string, Route>() };
      group.byMethod.set(route.method, route);
      this.#groups.set(first, group);
    }
  }

  /** The route for a method and the first segment of a path, or undefined. */
  find(method: string, url: string): Route | undefined {
    return this.#groups.get(mapKey(split(url).path.split("/")[1]))?.byMethod.get(method);
  }

  /** The route of a request; throws 404 or 405 if there is none. */
  match(method: string, url: string): RouteMatch {
    const { path, query, rawQuery } = split(url);
    const [first, ...segments] = path.slice(1).split("/");
    const group = this.#groups.get(mapKey(first));
    if (group === undefined) throw notFound(path);
    const given = matchSegments(segments, group.names, path);
    const route = group.byMethod.get(method);
    if (route !== undefined) {
      const usual = { path: given, query };
      const raw = segments.length === 0
        ? undefined
        : { path: path.slice(first.length + 2), query: rawQuery };
      return { ...usual, route, readings: () => readings(route, group, usual, raw) };
    }
    const allow = [...group.byMethod.keys()].join(", ");
    throw new HttpError(405, `${path.slice(0, 100)} has no method ${method}: use ${allow}`, {
      allow,
    });
  }
}

function readings(
  { parameters }: Route,
  { names }: RouteGroup,
  usual: Reading,
  raw: RawNames | undefined,
): Iterable<Reading> {
  return readingsOf(usual, raw, names, (name) => Object.hasOwn(parameters, name));
}

/** Path and query of an absolute URL, unchanged. */
function split(url: string): { path: string; query: URLSearchParams; rawQuery?: string } {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const mark = url.indexOf("?", start);
  const end = mark === -1 ? url.length : mark;
  const path = url.slice(start, end);
  if (mark === -1) return { path, query: new URLSearchParams() };
  const rawQuery = url.slice(mark + 1);
  return { path, query: new URLSearchParams(rawQuery), rawQuery };
}

/**
 * Assigns the segments of a path to its parameters. With too many segments, the first parameter has
 * slashes that were not encoded. With too few, the other parameters are in the query, which can carry
 * names that a path cannot, such as `..`.
 */
function matchSegments(
  segments: string[],
  names: readonly string[],
  path: string,
): Map<string, string> {
  if (segments.at(-1) === "" && segments.length !== names.length) segments.pop();
  if (names.length === 0 && segments.length > 0) throw notFound(path);
  const extra = Math.max(0, segments.length - names.length);
  const given = [segments.slice(0, extra + 1).join("/"), ...segments.slice(extra + 1)];
  if (segments.length === 0) given.pop();
  return new Map(given.map((segment, i) => [names[i], decodeName(segment)]));
}

function notFound(path: string): HttpError {
  return new HttpError(404, `there is no ${path.slice(0, 100)}: see /openapi.json`);
}
