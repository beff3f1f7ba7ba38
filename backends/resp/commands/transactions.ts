/**
 * Commands of transactions.
 *
 * @module
 */

import type { Client } from "../engine/client.ts";
import { ALL_KEYS, commandGroup, NO_KEYS, row } from "../engine/command.ts";
import { nameBytes } from "../engine/client_memory.ts";
import { err, OUT_OF_MEMORY } from "../engine/errors.ts";
import { ErrorReply, NULL_ARRAY, OK, type Reply } from "../protocol/reply.ts";
import { replyBytes } from "../protocol/reply_size.ts";

/** Commands of transactions. */
export const TRANSACTION_COMMANDS = commandGroup("transactions", [
  row(
    "discard",
    1,
    "noscript loading stale fast allow_busy",
    NO_KEYS,
    "2.0.0",
    "Forgets the commands since `MULTI`.",
    discard,
  ),
  row(
    "exec",
    1,
    "noscript loading stale skip_slowlog",
    NO_KEYS,
    "1.2.0",
    "Executes the commands since `MULTI`.",
    exec,
  ),
  row(
    "multi",
    1,
    "noscript loading stale fast allow_busy",
    NO_KEYS,
    "1.2.0",
    "Begins a transaction.",
    multi,
  ),
  row(
    "unwatch",
    1,
    "noscript loading stale fast allow_busy",
    NO_KEYS,
    "2.2.0",
    "Ends all watches.",
    unwatch,
  ),
  row(
    "watch",
    -2,
    "noscript loading stale fast allow_busy",
    ALL_KEYS,
    "2.2.0",
    "Makes the next transaction depend on keys.",
    watch,
  ),
]);

function multi(client: Client): Reply {
  if (client.transaction !== undefined) throw err("MULTI calls can not be nested");
  client.transaction = { queued: [], hasFailed: false };
  return OK;
}

function discard(client: Client): Reply {
  if (client.transaction === undefined) throw err("DISCARD without MULTI");
  client.endTransaction();
  return OK;
}

function exec(client: Client): Reply {
  const { transaction, isWatchBroken } = client;
  if (transaction === undefined) throw err("EXEC without MULTI");
  client.endTransaction();
  if (transaction.hasFailed) {
    throw new ErrorReply("EXECABORT Transaction discarded because of previous errors.");
  }
  if (isWatchBroken) return NULL_ARRAY;
  client.isAtomic = true;
  try {
    return repliesTo(client, transaction.queued);
  } finally {
    client.isAtomic = false;
  }
}

/** The replies of commands. All are executed, also those whose replies find no room. */
function repliesTo(client: Client, commands: readonly (readonly string[])[]): Reply[] {
  let bytes = 0;
  return commands.map((words) => {
    const reply = client.execute(words);
    bytes += replyBytes(reply);
    return client.service.refusalOfReply(bytes) ?? reply;
  });
}

function watch(client: Client, keys: readonly string[]): Reply {
  if (client.transaction !== undefined) throw err("WATCH inside MULTI is not allowed");
  if (!client.transactionMemory.reserve(nameBytes(keys))) throw OUT_OF_MEMORY;
  for (const key of keys) client.service.watches.add(client, key);
  return OK;
}

function unwatch(client: Client): Reply {
  client.service.watches.clear(client);
  if (client.transaction === undefined) client.transactionMemory.release();
  return OK;
}
