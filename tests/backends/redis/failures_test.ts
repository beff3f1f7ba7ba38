// The kinds of failures that errors of Redis and of the network stand for.

import assert from "node:assert/strict";
import {
  AttemptTimeout,
  CallAborted,
  classify,
  type Failure,
  isTransient,
  TooFewReplicas,
} from "../../../backends/redis/failures.ts";

const FAILURES: [error: Error, failure: Failure, isRetried: boolean][] = [
  [new Error("MOVED 866 127.0.0.1:7001"), "unavailable", true],
  [new Error("CLUSTERDOWN The cluster is down"), "unavailable", true],
  [new Error("LOADING Redis is loading the dataset in memory"), "unavailable", true],
  [new Error("READONLY You can't write against a read only replica."), "unavailable", true],
  [new Error("UNBLOCKED force unblock from blocking operation"), "unavailable", true],
  [new Error("ERR WAIT cannot be used with replica instances."), "unavailable", true],
  [new Error("MISCONF Errors writing to the AOF file"), "unavailable", true],
  [new Error("Socket closed unexpectedly"), "unavailable", true],
  [new Error("connect ECONNREFUSED 127.0.0.1:6379"), "unavailable", true],
  [new AttemptTimeout("no reply"), "late", true],
  [new TooFewReplicas("0 of 1"), "not replicated", true],
  [new CallAborted(), "closed", false],
  [new Error("WRONGPASS invalid username-password pair"), "authentication", false],
  [new Error("NOAUTH Authentication required."), "authentication", false],
  [new Error("NOPERM this user has no permissions"), "authentication", false],
  [new Error("ERR The user executing the script can't run this command"), "authentication", false],
  [new Error("OOM command not allowed when used memory > 'maxmemory'."), "memory", false],
  [new Error("ERR Error compiling script (new function): user_script:1"), "old server", false],
  [new Error("WRONGTYPE Operation against a key"), "rejected", false],
];

for (const [error, failure, isRetried] of FAILURES) {
  Deno.test(`redis failure "${error.message}" is ${failure}`, () => {
    assert.equal(classify(error), failure);
    assert.equal(isTransient(classify(error)), isRetried);
  });
}
