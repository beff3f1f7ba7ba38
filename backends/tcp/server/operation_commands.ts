/**
 * The commands of the store's operations: arguments, replies and handlers follow from their declarations.
 *
 * @module
 */

import type { ArgumentValues } from "../../store/arguments.ts";
import {
  type LineBinding,
  notCarried,
  type Operation,
  type ResultKind,
  type ResultTypes,
} from "../../store/operation.ts";
import { ALL_OPERATIONS } from "../../store/operations.ts";
import { type ArgumentCodec, codecOf } from "../protocol/argument_codecs.ts";
import { type Command, command, type CommandContext } from "./command.ts";
import {
  fieldsReply,
  messagesReply,
  type ReplyLimits,
  topicsReply,
  valueReply,
  valuesReply,
} from "./replies.ts";

type Values = ArgumentValues<Operation["arguments"]>;

/** An argument of a command. */
interface Parameter {
  readonly name: string;
  readonly isOptional: boolean;
  readonly codec: ArgumentCodec<unknown>;
}

/** Writes the replies of a command. */
type ReplyWriter = (result: unknown, values: Values, limits: ReplyLimits) => string;

/** Writes the replies that carry a result. */
const RESULT_WRITERS: {
  readonly [Kind in ResultKind]?: (result: ResultTypes[Kind], limits: ReplyLimits) => string;
} = {
  count: (count) => `OK ${count}`,
  messages: messagesReply,
  value: valueReply,
  values: valuesReply,
  fields: fieldsReply,
  topics: topicsReply,
};

/** The commands, in the order of the operations. */
export const OPERATION_COMMANDS: readonly Command[] = ALL_OPERATIONS.flatMap((operation) =>
  operation.line === undefined ? [] : [commandOf(operation, operation.line)]
);

function commandOf(operation: Operation, binding: LineBinding): Command {
  const parameters = parametersOf(operation, binding);
  const read = valuesReader(parameters);
  const write = replyWriter(operation, binding, parameters);
  return command({
    name: binding.command,
    parameters: parameters.map(({ name, isOptional }) => isOptional ? `[${name}]` : name),
    flags: [operation.access],
    reply: binding.reply,
    summary: operation.summary,
    handle(context, args) {
      const values = read(args);
      return write(execute(operation, context, values), values, context);
    },
  });
}

function parametersOf(operation: Operation, { takes }: LineBinding): Parameter[] {
  return Object.entries(operation.arguments)
    .filter(([name]) => takes?.includes(name) ?? true)
    .map(([name, { isOptional, kind }]) => ({ name, isOptional, codec: codecOf(kind) }));
}

/**
 * Makes the values of a command's arguments. Each command has a class of its own with an accessor for every
 * argument: objects with properties by variable names would cost as much as the rest of a command.
 */
function valuesReader(parameters: readonly Parameter[]): (args: readonly string[]) => Values {
  class LineValues {
    readonly args: readonly string[];

    constructor(args: readonly string[]) {
      this.args = args;
    }
  }
  for (const [i, { name, codec }] of parameters.entries()) {
    Object.defineProperty(LineValues.prototype, name, {
      get(this: LineValues) {
        const argument = this.args[i];
        return argument === undefined ? undefined : codec.decode(argument);
      },
    });
  }
  return (args) => new LineValues(args) as unknown as Values;
}

function execute(operation: Operation, context: CommandContext, values: Values): unknown {
  if (operation.subscriber === undefined) {
    return operation.run(context.store, values, context.headers);
  }
  return operation.run(context.subscriber, values);
}

function replyWriter(
  { name, result: kind }: Operation,
  { reply }: LineBinding,
  parameters: readonly Parameter[],
): ReplyWriter {
  if (kind === "done") return doneWriter(reply, parameters);
  const write = RESULT_WRITERS[kind];
  if (write === undefined) throw notCarried("the line protocol", `the result of ${name}`);
  return (result, _values, limits) => write(result as never, limits);
}

/** Writes a reply without a result: a word in it that names an argument stands for that argument. */
function doneWriter(reply: string, parameters: readonly Parameter[]): ReplyWriter {
  const words = reply.split(" ").map((word) =>
    parameters.find(({ name }) => name === word) ?? word
  );
  if (words.every((word) => typeof word === "string")) return () => reply;
  return (_result, values) =>
    words.map((word) => typeof word === "string" ? word : word.codec.encode(values[word.name]))
      .join(" ");
}
