// The errors that a queue on Redis throws for each kind of failure.

import assert from "node:assert/strict";
import { toQueueError } from "../../../../backends/queue/redis/errors.ts";
import type { ServerFailure } from "../../../../backends/redis/failures.ts";

const ERRORS: Record<ServerFailure, [className: string, advice: RegExp]> = {
  authentication: ["QueueAuthenticationError", /check user, password/],
  busy: ["QueueConnectionError", /try again later/],
  "wrong server": ["QueueConnectionError", /it is not the master/],
  "foreign data": ["QueueConfigurationError", /use another redisPrefix/],
  closed: ["QueueNotInitializedError", /may have been carried out/],
  memory: ["QueueOutOfMemoryError", /raise maxmemory/],
  "old server": ["QueueConfigurationError", /Redis 7/],
  late: ["QueueTimeoutError", /the server is busy/],
  "not replicated": ["QueueReplicationError", /check the replicas/],
  unavailable: ["QueueConnectionError", /check that the server runs/],
  rejected: ["QueueError", /the server rejected it/],
};

for (const [failure, [className, advice]] of Object.entries(ERRORS)) {
  Deno.test(`redis queue: the failure "${failure}" is a ${className}`, () => {
    const cause = new Error("the reason");
    const error = toQueueError("claim", "redis://host:6379", failure as ServerFailure, cause);
    assert.equal(error.name, className);
    assert.equal(error.cause, cause);
    assert.match(error.message, /^cannot claim messages on redis:\/\/host:6379: the reason; /);
    assert.match(error.message, advice);
  });
}
