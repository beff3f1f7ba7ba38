/**
 * The OpenAPI description of the routes, and the table of the documentation.
 *
 * @module
 */

import { pathNames, type Route } from "./route.ts";

const MESSAGE = {
  type: "object",
  required: ["id"],
  properties: {
    id: {
      type: "integer",
      minimum: 0,
      description: "64 bits, which a double cannot represent exactly",
    },
    sender: { type: "object" },
    topics: { oneOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
    payload: { type: "object" },
    timestamp: { type: "number", description: "milliseconds of the Unix epoch" },
    ttl: { type: ["number", "null"], exclusiveMinimum: 0, description: "seconds" },
  },
};

const ENTRY = {
  type: "object",
  properties: {
    type: { enum: ["message", "pmessage"] },
    pattern: { type: "string" },
    topic: { type: "string", description: "topic of a stored message" },
    channel: { type: "string", description: "channel of a published value" },
    data: { type: "object" },
  },
};

const ERROR = { type: "object", properties: { error: { type: "string" } } };

/** The OpenAPI description. */
export function describeRoutes(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = describe(route);
  }
  return {
    openapi: "3.1.0",
    info: { title: "Ringbus messaging server", version: "1" },
    paths,
    components: {
      schemas: { Message: MESSAGE, Entry: ENTRY, Error: ERROR },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function describe(route: Route): Record<string, unknown> {
  const inBody = route.method === "POST";
  return {
    summary: route.summary,
    ...route.isOpen ? {} : { security: [{ token: [] }, {}] },
    ...inBody ? { requestBody: content(bodySchema(route)) } : { parameters: urlParameters(route) },
    responses: {
      200: { description: "success", ...content(route.response, route.mediaType) },
      default: {
        description: "the request was rejected",
        ...content({ $ref: "#/components/schemas/Error" }),
      },
    },
  };
}

function content(schema: unknown, mediaType = "application/json") {
  return { content: { [mediaType]: { schema } } };
}

function bodySchema({ parameters }: Route): unknown {
  const entries = Object.entries(parameters);
  return {
    type: "object",
    required: entries.filter(([, { isRequired }]) => isRequired).map(([name]) => name),
    properties: Object.fromEntries(
      entries.map(([name, { schema, summary }]) => [name, { ...schema, description: summary }]),
    ),
  };
}

function urlParameters({ path, parameters }: Route): unknown[] {
  const inPath = new Set(pathNames(path));
  return Object.entries(parameters).map(([name, { summary, schema, isRequired }]) => ({
    name,
    in: inPath.has(name) ? "path" : "query",
    description: summary,
    required: isRequired,
    schema,
  }));
}

/** The table of the documentation, in Markdown. */
export function routesTable(routes: readonly Route[]): string {
  const rows = routes.map((route) =>
    `| ${call(route)} | ${parameterList(route)} | ${route.summary} |`
  );
  return ["| route | parameters | what it does |", "| --- | --- | --- |", ...rows].join("\n");
}

function call({ method, path }: Route): string {
  return `\`${method} ${path}\``;
}

/** The parameters that are not in the path. Optional ones have a `?`. */
function parameterList({ path, parameters }: Route): string {
  const inPath = new Set(pathNames(path));
  return Object.entries(parameters)
    .filter(([name]) => !inPath.has(name))
    .map(([name, { isRequired }]) => `\`${name}${isRequired ? "" : "?"}\``)
    .join(", ");
}
