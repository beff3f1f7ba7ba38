/**
 * Whether a server may evict what was stored.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/**
 * The `maxmemory-policy` of a server, if it may evict keys. A `volatile-` policy evicts those with an
 * expiry, such as the replies by which repeated calls are recognized.
 */
export async function evictionPolicy(connection: Connection): Promise<string | undefined> {
  const info = String(await connection.send(["INFO", "memory"]));
  const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
  return policy === "noeviction" ? undefined : policy;
}
