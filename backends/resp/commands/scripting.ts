/**
 * Commands of scripts.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import {
  commandGroup,
  type CommandRow,
  countedKeys,
  type Handler,
  NO_KEYS,
  row,
} from "../engine/command.ts";
import { err, wrongArity } from "../engine/errors.ts";
import { ErrorReply, OK, type Reply } from "../protocol/reply.ts";
import { loadInterpreter, type ScriptCall, scriptsOf } from "../scripts/scripts.ts";
import { helpRow } from "./help.ts";
import { toInteger } from "./numbers.ts";

const NO_SCRIPT = new ErrorReply("NOSCRIPT No matching script. Please use EVAL.");
const NOT_BUSY = new ErrorReply("NOTBUSY No scripts in execution right now.");
const FLAGS = "noscript stale skip_monitor no_mandatory_keys movablekeys";
const ID_LENGTH = 40;
const SCRIPT_KEYS = countedKeys(2);

/** A row whose handler needs the interpreter. */
function withInterpreter(command: CommandRow): CommandRow {
  return { ...command, load: loadInterpreter };
}

const SCRIPT: CommandRow = {
  ...row("script", -2, "", NO_KEYS, "2.6.0", "Commands of the cache of scripts.", () => {
    throw wrongArity("script");
  }),
  subcommands: [
    row("script|debug", 3, "noscript", NO_KEYS, "3.2.0", "Does nothing.", debug),
    row(
      "script|exists",
      -3,
      "noscript",
      NO_KEYS,
      "2.6.0",
      "Whether the server knows scripts by their SHA-1.",
      ({ service }, ids) => ids.map((id) => scriptsOf(service).cache.get(id) === undefined ? 0 : 1),
    ),
    row("script|flush", -2, "noscript", NO_KEYS, "2.6.0", "Forgets all scripts.", flush),
    helpRow("script|help", "5.0.0", () => SCRIPT),
    row(
      "script|kill",
      2,
      "noscript allow_busy",
      NO_KEYS,
      "2.6.0",
      "Ends a script that runs.",
      kill,
    ),
    withInterpreter(
      row("script|load", 3, "noscript stale", NO_KEYS, "2.6.0", "Keeps a script.", load),
    ),
  ],
};

const FUNCTION: CommandRow = {
  ...row(
    "function",
    -2,
    "",
    NO_KEYS,
    "7.0.0",
    "Commands of functions, of which there are none.",
    () => {
      throw wrongArity("function");
    },
  ),
  subcommands: [
    row("function|flush", -2, "write noscript", NO_KEYS, "7.0.0", "Does nothing.", flushFunctions),
    helpRow("function|help", "7.0.0", () => FUNCTION),
    row("function|kill", 2, "noscript allow_busy", NO_KEYS, "7.0.0", "An error.", () => NOT_BUSY),
    row("function|list", -2, "noscript", NO_KEYS, "7.0.0", "An empty list.", () => []),
  ],
};

/** Commands of scripts. */
export const SCRIPTING_COMMANDS = commandGroup("scripting", [
  withInterpreter(
    row("eval", -3, FLAGS, SCRIPT_KEYS, "2.6.0", "Executes a script.", evalText(false)),
  ),
  withInterpreter(
    row(
      "eval_ro",
      -3,
      `readonly ${FLAGS}`,
      SCRIPT_KEYS,
      "7.0.0",
      "Executes a script that only reads.",
      evalText(true),
    ),
  ),
  withInterpreter(
    row(
      "evalsha",
      -3,
      FLAGS,
      SCRIPT_KEYS,
      "2.6.0",
      "Executes a script that the server knows by its SHA-1.",
      evalId(false),
    ),
  ),
  withInterpreter(
    row(
      "evalsha_ro",
      -3,
      `readonly ${FLAGS}`,
      SCRIPT_KEYS,
      "7.0.0",
      "Executes a script that only reads, by its SHA-1.",
      evalId(true),
    ),
  ),
  SCRIPT,
  FUNCTION,
]);

/** Keys and other arguments of a script. */
function callOf([, count, ...rest]: readonly string[], isReadOnly: boolean): ScriptCall {
  const keys = toInteger(count);
  if (keys > rest.length) throw err("Number of keys can't be greater than number of args");
  if (keys < 0) throw err("Number of keys can't be negative");
  return { keys: rest.slice(0, keys), args: rest.slice(keys), isReadOnly };
}

function evalText(isReadOnly: boolean): Handler {
  return (client, args) => {
    const call = callOf(args, isReadOnly);
    const scripts = scriptsOf(client.service);
    const script = scripts.cache.scriptOf(args[0]);
    scripts.compile(script);
    scripts.cache.addEvaluated(script);
    return scripts.run(client, script, call);
  };
}

function evalId(isReadOnly: boolean): Handler {
  return (client, args) => {
    const call = callOf(args, isReadOnly);
    const scripts = scriptsOf(client.service);
    const script = args[0].length === ID_LENGTH ? scripts.cache.get(args[0]) : undefined;
    if (script === undefined) throw NO_SCRIPT;
    return scripts.run(client, script, call);
  };
}

function load({ service }: Client, [text]: readonly string[]): Reply {
  const scripts = scriptsOf(service);
  const script = scripts.cache.scriptOf(text);
  scripts.compile(script);
  scripts.cache.addLoaded(script);
  return script.id;
}

function flush({ service }: Client, args: readonly string[]): Reply {
  const isKnown = args.length === 0 || (args.length === 1 && /^a?sync$/i.test(args[0]));
  if (!isKnown) throw err("SCRIPT FLUSH only support SYNC|ASYNC option");
  scriptsOf(service).clear();
  return OK;
}

function kill({ service }: Client): Reply {
  scriptsOf(service).kill();
  return OK;
}

function debug(_client: Client, [mode]: readonly string[]): Reply {
  if (!/^(?:yes|sync|no)$/i.test(mode)) throw err("Use SCRIPT DEBUG YES/SYNC/NO");
  return OK;
}

function flushFunctions(_client: Client, args: readonly string[]): Reply {
  const isKnown = args.length === 0 || (args.length === 1 && /^a?sync$/i.test(args[0]));
  if (!isKnown) throw err("FUNCTION FLUSH only supports SYNC|ASYNC option");
  return OK;
}
