// The clock that a test advances.

import assert from "node:assert/strict";
import { SteppableClock } from "../../testing/mod.ts";

Deno.test("timers run at their times, in their order, while the clock is advanced", () => {
  const clock = new SteppableClock(1000);
  const log: string[] = [];
  const note = (name: string) => () => void log.push(`${name} ${clock.now()}`);
  clock.startTimer(300, note("second"));
  clock.startTimer(100, () => clock.startTimer(50, note("first")));
  clock.startTimer(200, note("stopped"))();
  clock.startTimer(Infinity, note("never"));
  clock.advance({ milliseconds: 299 });
  assert.deepEqual(log, ["first 1150"]);
  clock.advance({ seconds: 1, minutes: 1, hours: 1 });
  assert.deepEqual(log, ["first 1150", "second 1300"]);
  assert.equal(clock.now(), 1000 + 299 + 3_661_000);
});

Deno.test("a step that is none is refused", () => {
  const clock = new SteppableClock();
  assert.throws(() => clock.advance(-1), RangeError);
  assert.throws(() => clock.advance({ seconds: NaN }), {
    name: "RangeError",
    message: "seconds must be a finite number, at least 0, not NaN",
  });
  assert.throws(() => clock.advance({ second: 1 } as never), /did you mean seconds/);
});
