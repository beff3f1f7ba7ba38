// Options with unknown names and values of the wrong type, and the errors that name what was meant.

import assert from "node:assert/strict";
import { abortSignal, callback, durationMs, flag, text } from "../../../lib/base/option_checks.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";

interface Options {
  serverUrl?: string | undefined;
  timeoutMs?: number | undefined;
  persist?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onGap?: (() => void) | undefined;
  token?: string | undefined;
}

const rules = new OptionRules<Options>("open()", {
  serverUrl: text,
  timeoutMs: durationMs,
  persist: flag,
  signal: abortSignal,
  onGap: callback,
  token: text,
});

function rejects(options: unknown, message: string | RegExp): void {
  assert.throws(() => rules.check(options as Options), { name: "TypeError", message });
}

Deno.test("known options with valid values are accepted, and so is undefined", () => {
  rules.check(undefined);
  rules.check({});
  rules.check(Object.create(null));
  rules.check({ timeoutMs: undefined, signal: undefined });
  rules.check({
    serverUrl: "http://localhost",
    timeoutMs: 5,
    persist: false,
    signal: AbortSignal.timeout(0),
    onGap: () => {},
    token: "t",
  });
});

Deno.test("an unknown option is rejected, with the nearest option and the value", () => {
  rejects(
    { timeout: 100 },
    'open() has no option "timeout" (given: 100); did you mean timeoutMs, in milliseconds?',
  );
  rejects(
    { server_url: "x" },
    'open() has no option "server_url" (given: "x"); did you mean serverUrl?',
  );
  rejects({ timeoutMs: 1, presist: true }, /"presist" \(given: true\); did you mean persist\?$/);
  rejects(
    { colour: 1 },
    'open() has no option "colour" (given: 1); its options are serverUrl, timeoutMs, persist, ' +
      "signal, onGap, token",
  );
  rejects({ timeout: undefined }, /has no option "timeout"/);
});

Deno.test("the names of a type and its rules are the same", () => {
  const checks = { timeoutMs: durationMs };
  // @ts-expect-error: an option has no check
  new OptionRules<{ timeoutMs?: number; signal?: AbortSignal }>("f()", checks);
  // @ts-expect-error: a check has no option
  new OptionRules<{ timeoutMs?: number }>("f()", { timeoutMs: durationMs, other: flag });
  // @ts-expect-error: a check is for another type
  new OptionRules<{ timeoutMs?: number }>("f()", { timeoutMs: flag });
});

Deno.test("an argument that is not an object of options is rejected, with the correct form", () => {
  rejects(50, "open() takes its options as an object, not 50: write { timeoutMs: 50 }");
  rejects(
    "http://x",
    'open() takes its options as an object, not "http://x": write { serverUrl: "http://x" }',
  );
  rejects(true, /write \{ persist: true \}$/);
  rejects(AbortSignal.timeout(0), /not AbortSignal: write \{ signal \}$/);
  for (const value of [null, [], new Map([["timeoutMs", 5]]), new Date(), () => {}, 5n, -1]) {
    rejects(value, /^open\(\) takes its options as an object, not .*: its options are serverUrl, /);
  }
});

Deno.test("an instance of a class serves as options, with the same names", () => {
  class Given {
    timeoutMs: unknown = 5;
  }
  class Wrong extends Given {
    timeout = 5;
  }
  rules.check(new Given() as Options);
  rules.check(Object.create({ timeoutMs: 5 }));
  rejects(new Wrong(), /has no option "timeout"/);
  assert.throws(() => rules.check(Object.create({ timeoutMs: "5" })), /timeoutMs must be/);
});

Deno.test("what is added to all objects is not taken for an option", () => {
  Object.defineProperty(Object.prototype, "polluted", {
    value: 1,
    enumerable: true,
    configurable: true,
  });
  try {
    rules.check({ timeoutMs: 5 });
  } finally {
    delete (Object.prototype as { polluted?: unknown }).polluted;
  }
});

Deno.test("values of the wrong type are rejected with the name of the option", () => {
  for (const timeoutMs of ["5", NaN, -1, Infinity, null, 5n]) {
    assert.throws(() => rules.check({ timeoutMs: timeoutMs as number }), {
      name: "RangeError",
      message: /^timeoutMs must be a finite number of milliseconds, at least 0, not /,
    });
  }
  rejects({ persist: "yes" }, 'persist must be true or false, not "yes"');
  rejects({ persist: null }, "persist must be true or false, not null");
  rejects({ serverUrl: 5 }, "serverUrl must be a string, not 5");
  rejects({ signal: {} }, "signal must be an AbortSignal, not Object");
  rejects({ onGap: "x" }, 'onGap must be a function, not "x"');
});

Deno.test("values that may be secret stay out of errors", () => {
  rejects({ tokn: "hush" }, /"tokn" \(given: "hush"\); did you mean token\?$/);
  rejects({ authToken: "hush-hush" }, /"authToken" \(given: a text of 9 characters\)/);
  rejects({ redisUrl: "redis://me:hush@host" }, /\(given: a text of 20 characters\)/);
});
