/**
 * Commands about the connection itself.
 *
 * @module
 */

import { ErrorReply, MapReply, OK, type Reply, Status } from "../protocol/reply.ts";
import type { Client } from "../engine/client.ts";
import { commandGroup, NO_KEYS, row } from "../engine/command.ts";
import { err, wrongArity } from "../engine/errors.ts";
import { CLIENT_ROW } from "./client.ts";
import { checkedName } from "./connection_name.ts";
import { databaseOf } from "./databases.ts";
import { toInteger } from "./numbers.ts";

const WRONG_PASSWORD = new ErrorReply(
  "WRONGPASS invalid username-password pair or user is disabled.",
);

/** Commands of the connection. */
export const CONNECTION_COMMANDS = commandGroup("connection", [
  row("ping", -1, "fast", NO_KEYS, "1.0.0", "Replies with PONG, or with the given text.", ping),
  CLIENT_ROW,
  row(
    "echo",
    2,
    "loading stale fast",
    NO_KEYS,
    "1.0.0",
    "Replies with the given text.",
    (_, [text]) => text,
  ),
  row(
    "auth",
    -2,
    "noscript loading stale fast no_auth allow_busy",
    NO_KEYS,
    "1.0.0",
    "Authenticates the connection.",
    auth,
  ),
  row(
    "hello",
    -1,
    "noscript loading stale fast no_auth allow_busy",
    NO_KEYS,
    "6.0.0",
    "Selects the version of the protocol, authenticates, and sets the name.",
    hello,
  ),
  row("select", 2, "loading stale fast", NO_KEYS, "1.0.0", "Selects a database.", select),
  row(
    "reset",
    1,
    "noscript loading stale fast no_auth allow_busy",
    NO_KEYS,
    "6.2.0",
    "Makes the connection like a new one.",
    reset,
  ),
  row(
    "quit",
    -1,
    "noscript loading stale fast no_auth allow_busy",
    NO_KEYS,
    "1.0.0",
    "Closes the connection after the reply.",
    quit,
  ),
]);

function ping(client: Client, args: readonly string[]): Reply {
  if (args.length > 1) throw wrongArity("ping");
  if (client.version === 2 && client.subscriptionCount > 0) return ["pong", args[0] ?? ""];
  return args.length === 0 ? new Status("PONG") : args[0];
}

function auth(client: Client, args: readonly string[]): Reply {
  if (args.length > 2) throw err("syntax error");
  const [user, password] = args.length === 1 ? ["default", args[0]] : args;
  if (client.service.isPassword === undefined && args.length === 1) {
    throw err(
      "AUTH <password> called without any password configured for the default user. " +
        "Are you sure your configuration is correct?",
    );
  }
  authenticate(client, user, password);
  return OK;
}

/** Lets a client in, or throws. */
function authenticate(client: Client, user: string, password: string): void {
  const { isPassword } = client.service;
  const isRight = isPassword === undefined ? user === "default" : isPassword(user, password);
  if (!isRight) throw WRONG_PASSWORD;
  client.isAuthenticated = true;
  client.user = user;
  client.output.allowLongRequests();
}

const HELLO_NO_AUTH = new ErrorReply(
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> " +
    "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol " +
    "version at the same time",
);

function hello(client: Client, args: readonly string[]): Reply {
  const version = args.length === 0 ? client.version : protocolVersion(args[0]);
  const options = helloOptions(args.slice(1));
  if (options.auth !== undefined) authenticate(client, ...options.auth);
  if (!client.isAuthenticated) throw HELLO_NO_AUTH;
  if (options.name !== undefined) client.name = options.name;
  client.version = version;
  return new MapReply([
    "server",
    "redis",
    "version",
    client.service.version,
    "proto",
    version,
    "id",
    client.id,
    "mode",
    "standalone",
    "role",
    "master",
    "modules",
    [],
  ]);
}

function protocolVersion(text: string): 2 | 3 {
  const version = toInteger(text, err("Protocol version is not an integer or out of range"));
  if (version === 2 || version === 3) return version;
  throw new ErrorReply("NOPROTO unsupported protocol version");
}

/** What `HELLO` is given after the version. */
interface HelloOptions {
  auth?: [string, string];
  name?: string;
}

function helloOptions(args: readonly string[]): HelloOptions {
  const options: HelloOptions = {};
  for (let i = 0; i < args.length; i++) {
    const left = args.length - 1 - i;
    const option = args[i].toUpperCase();
    if (option === "AUTH" && left >= 2) options.auth = [args[++i], args[++i]];
    else if (option === "SETNAME" && left >= 1) options.name = checkedName(args[++i]);
    else throw err(`Syntax error in HELLO option '${args[i]}'`);
  }
  return options;
}

function select(client: Client, [index]: readonly string[]): Reply {
  client.db = databaseOf(client, index);
  return OK;
}

function quit(client: Client): Reply {
  client.isEnded = true;
  return OK;
}

function reset(client: Client): Reply {
  client.reset();
  return new Status("RESET");
}
