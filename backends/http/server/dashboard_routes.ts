/**
 * The routes by which the dashboard looks at one thing.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { keysOf } from "../dashboard/keys.ts";
import { HttpError } from "./errors.ts";
import { optionalNumber, text } from "./parameters.ts";
import { json } from "./responses.ts";
import { type Route, route, type RouteContext } from "./route.ts";
import { array, COUNT, object } from "./schemas.ts";

/** The routes, in the order of the documentation. */
export const DASHBOARD_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/channel_details",
    summary:
      "Participants, holds and latest values of a channel of the machine, for the [dashboard](dashboard.md).",
    parameters: { channel: text("the channel") },
    response: object({ participants: array({}), holds: array({}), values: array({}) }),
    run: (context, { channel }) => detailsOf(context, channel),
  }),
  route({
    method: "GET",
    path: "/key_page",
    summary: "Some keys of a numbered database, for the [dashboard](dashboard.md).",
    parameters: {
      database: optionalNumber("number of the database; default: 0"),
      cursor: optionalNumber("what the page before had; default: 0, for the first page"),
    },
    response: object({ keys: array({}), cursor: COUNT }),
    run({ store }, { database = 0, cursor = 0 }) {
      const page = keysOf(store, database, cursor);
      if (page === undefined) throw new HttpError(404, `the store has no database ${database}`);
      return JSON.stringify(page);
    },
  }),
];

async function detailsOf({ machine }: RouteContext, name: string): Promise<Response> {
  const shown = JSON.stringify(name.slice(0, 100));
  if (machine === undefined) {
    throw new HttpError(404, "this server shows no channels: give it the option channels");
  }
  let details: unknown;
  try {
    details = await machine.details(name);
  } catch (error) {
    logger.warn("cannot look at channel {name} for the dashboard: {error}", { name, error });
    throw new HttpError(503, "the channel cannot be read: the log of this server has the error");
  }
  if (details === undefined) throw new HttpError(404, `the machine has no channel ${shown}`);
  return json(JSON.stringify(details));
}
