// The kinds of failures that errors of Redis and of the network stand for.

import assert from "node:assert/strict";
import {
  AttemptInterrupted,
  AttemptTimeout,
  CallAborted,
  classify,
  type Failure,
  moreTelling,
  reactionTo,
  TooFewReplicas,
} from "../../../backends/redis/failures.ts";

const FAILURES: [error: Error, failure: Failure, reaction: string][] = [
  [new Error("MOVED 866 127.0.0.1:7001"), "unavailable", "waits"],
  [new Error("CLUSTERDOWN The cluster is down"), "unavailable", "waits"],
  [new Error("LOADING Redis is loading the dataset in memory"), "wrong server", "reconnects"],
  [
    new Error("READONLY You can't write against a read only replica."),
    "wrong server",
    "reconnects",
  ],
  [new Error("UNBLOCKED force unblock from blocking operation"), "wrong server", "reconnects"],
  [new Error("ERR WAIT cannot be used with replica instances."), "wrong server", "reconnects"],
  [new Error("MISCONF Errors writing to the AOF file"), "busy", "waits"],
  [new Error("Socket closed unexpectedly"), "unavailable", "waits"],
  [new Error("connect ECONNREFUSED 127.0.0.1:6379"), "unavailable", "waits"],
  [new AttemptTimeout("no reply"), "late", "waits"],
  [new AttemptInterrupted(), "unavailable", "waits"],
  [new TooFewReplicas("0 of 1"), "not replicated", "reconnects"],
  [new CallAborted(), "closed", "gives up"],
  [new Error("WRONGPASS invalid username-password pair"), "authentication", "gives up"],
  [new Error("NOAUTH Authentication required."), "authentication", "gives up"],
  [new Error("NOPERM this user has no permissions"), "authentication", "gives up"],
  [
    new Error("ERR The user executing the script can't run this command"),
    "authentication",
    "gives up",
  ],
  [new Error("OOM command not allowed when used memory > 'maxmemory'."), "memory", "waits"],
  [new Error("ERR Error compiling script (new function): user_script:1"), "old server", "gives up"],
  [new Error("MASTERDOWN Link with MASTER is down"), "wrong server", "reconnects"],
  [new Error("NOREPLICAS Not enough good replicas to write."), "wrong server", "reconnects"],
  [new Error("BUSY Redis is busy running a script."), "busy", "waits"],
  [new Error("ERR max number of clients reached"), "busy", "waits"],
  [new TypeError("Cannot perform Construct on a detached ArrayBuffer"), "misuse", "gives up"],
  [new RangeError("Invalid string length"), "misuse", "gives up"],
  [new RangeError("Maximum call stack size exceeded"), "wrong server", "reconnects"],
  [new Error("WRONGTYPE Operation against a key"), "foreign data", "gives up"],
  [new Error("ERR user_script:7: attempt to index a nil value"), "foreign data", "gives up"],
  [new Error("ERR unknown command"), "rejected", "gives up"],
];

for (const [error, failure, reaction] of FAILURES) {
  Deno.test(`redis failure "${error.message}" is ${failure}, and the client ${reaction}`, () => {
    assert.equal(classify(error), failure);
    assert.deepEqual(reactionTo(failure), {
      isRetried: reaction !== "gives up",
      isDisconnected: reaction === "reconnects",
    });
  });
}

Deno.test("redis failures: the error of a call is the one that tells most", () => {
  const refused = new Error("connect ECONNREFUSED 127.0.0.1:6379");
  const loading = new Error("LOADING Redis is loading the dataset in memory");
  const rejected = new Error("ERR unknown command");
  const unconfirmed = new TooFewReplicas("0 of 1");
  const interrupted = new AttemptInterrupted();
  const cases: [first: Error, second: Error, told: Error][] = [
    [refused, loading, loading],
    [loading, refused, refused],
    [refused, interrupted, refused],
    [interrupted, refused, refused],
    [refused, unconfirmed, unconfirmed],
    [unconfirmed, refused, unconfirmed],
    [unconfirmed, interrupted, unconfirmed],
    [unconfirmed, new AttemptTimeout("no reply"), unconfirmed],
    [unconfirmed, rejected, rejected],
  ];
  for (const [first, second, told] of cases) assert.equal(moreTelling(first, second), told);
  assert.equal(moreTelling(undefined, interrupted), interrupted);
});
