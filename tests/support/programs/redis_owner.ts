/**
 * Starts a Redis server, prints its process id, and then waits to be killed.
 *
 * @module
 */

import { redisServer } from "../../../testing/mod.ts";

await using server = await redisServer();
console.log(`redis-server has pid ${server.pid};`);
await new Promise((resolve) => setTimeout(resolve, 600_000));
