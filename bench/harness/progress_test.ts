import assert from "node:assert/strict";
import { Progress } from "./progress.ts";

function progressOf(isTerminal: boolean) {
  let nowMs = 0;
  const written: string[] = [];
  const output = { isTerminal, write: (text: string) => void written.push(text) };
  const progress = new Progress(5, output, () => nowMs);
  return { progress, written, pass: (ms: number) => void (nowMs += ms) };
}

Deno.test("progress names the step, how many there are, and the time left", () => {
  const { progress, written, pass } = progressOf(false);
  progress.step("roundtrip");
  pass(30_000);
  progress.step("wake");
  pass(10_000);
  progress.step("busy");
  progress.clear();
  assert.deepEqual(written, [
    "[1/5] roundtrip\n",
    "[2/5, 2:00 left] wake\n",
    "[3/5, 1:00 left] busy\n",
  ]);
});

Deno.test("on a terminal, progress stays in one line and leaves it empty", () => {
  const { progress, written } = progressOf(true);
  progress.step("wake");
  progress.clear();
  assert.deepEqual(written, ["\r\x1b[K[1/5] wake", "\r\x1b[K"]);
});
