/**
 * `ringbus serve` as a process of its own.
 *
 * @module
 */

import type { Running } from "./program.ts";

/** Where a server listens. */
export interface ServerAddresses {
  readonly httpUrl: string;
  readonly tcpPort: number;
  readonly redisUrl: string;
}

/** Free ports, and a ready line for programs. */
export const SERVE = ["serve", "--json", "--http-port", "0", "--tcp-port", "0"];

/** Waits until it serves. */
export async function untilServing(program: Running): Promise<ServerAddresses> {
  await program.prints("}\n");
  const line = program.output.split("\n").find((line) => line.startsWith("{"))!;
  const { httpUrl, tcpUrl, redisUrl } = JSON.parse(line);
  return { httpUrl, tcpPort: Number(new URL(tcpUrl).port), redisUrl };
}
