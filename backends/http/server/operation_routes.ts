/**
 * The routes of the store's operations: parameters, responses and handlers follow from their declarations.
 *
 * @module
 */

import { text as textArgument } from "../../store/arguments.ts";
import type { HttpBinding, Operation, ResultKind, ResultTypes } from "../../store/operation.ts";
import { ALL_OPERATIONS } from "../../store/operations.ts";
import { valueToJson } from "../../store/value.ts";
import { readContextHeaders } from "./context_headers.ts";
import { parameterOf, type Schema } from "./parameters.ts";
import type { RouteResponse } from "./responses.ts";
import { pathNames, type Route, type RouteContext } from "./route.ts";
import { array, COUNT, object, status, TEXT } from "./schemas.ts";

/** How a kind of result is responded with. */
interface ResultFormat<T> {
  schema(binding: HttpBinding): Schema;
  respond(result: T, binding: HttpBinding): RouteResponse;
}

/** A result in a member of an object. */
function member<T>(schema: Schema, stringify: (result: T) => string): ResultFormat<T> {
  return {
    schema: ({ member }) => object({ [member!]: schema }),
    respond: (result, { member }) => `{"${member}":${stringify(result)}}`,
  };
}

const FORMATS: { readonly [Kind in ResultKind]: ResultFormat<ResultTypes[Kind]> } = {
  done: {
    schema: (binding) => status(binding.status!),
    respond: (_result, binding) => `{"status":"${binding.status}"}`,
  },
  count: member(COUNT, String),
  messages: {
    schema: () => array({ $ref: "#/components/schemas/Message" }),
    respond: (messages) => messages,
  },
  value: member({}, (value) => value === undefined ? "null" : valueToJson(value)),
  values: member({ type: "array" }, (values) => `[${values.map(valueToJson)}]`),
  fields: member(
    { type: "object" },
    (fields) =>
      `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${valueToJson(value)}`)}}`,
  ),
  topics: member(array(object({ topic: TEXT, messages: COUNT })), JSON.stringify),
  keys: member(array(object({ key: TEXT, type: TEXT, ttl: COUNT })), JSON.stringify),
};

/** The name by which a client that polls is known. */
const SUBSCRIBER_ID = {
  created: textArgument("name of the subscriber: any text of its own"),
  existing: textArgument("name of the subscriber"),
};

/** The routes, in the order of the operations. */
export const OPERATION_ROUTES: readonly Route[] = ALL_OPERATIONS.flatMap((operation) =>
  operation.http === undefined ? [] : [routeOf(operation, operation.http)]
);

function routeOf(operation: Operation, binding: HttpBinding): Route {
  const { summary, subscriber } = operation;
  const { method, path } = binding;
  const format: ResultFormat<never> = FORMATS[operation.result];
  const declared = subscriber === undefined
    ? operation.arguments
    : { ...operation.arguments, subscriber_id: SUBSCRIBER_ID[subscriber] };
  const parameters = Object.fromEntries(
    Object.entries(declared).map((
      [name, argument],
    ) => [name, parameterOf(argument, method === "POST")]),
  );
  const route: Route = {
    method,
    path,
    summary,
    parameters,
    response: format.schema(binding),
    run: (context, values, headers) =>
      format.respond(execute(operation, context, values, headers) as never, binding),
  };
  if (method !== "GET" || pathNames(path).length === 0) return route;
  return {
    ...route,
    find(context, values, headers) {
      const result = execute(operation, context, values, headers);
      return isNothing(result) ? undefined : format.respond(result as never, binding);
    },
  };
}

function isNothing(result: unknown): boolean {
  return result === undefined || Array.isArray(result) && result.length === 0;
}

/** Executes an operation with the values of a request's parameters. */
function execute(
  operation: Operation,
  { store, subscribers }: RouteContext,
  values: Record<string, unknown>,
  headers: Headers,
): unknown {
  const args = values as Parameters<typeof operation.run>[1];
  if (operation.subscriber === undefined) {
    return operation.run(store, args, readContextHeaders(headers));
  }
  return operation.run(subscribers.named(values["subscriber_id"] as string), args);
}
