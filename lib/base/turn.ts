/**
 * Turns of the event loop. A loop over calls that find their result at once never leaves the microtasks:
 * no timer, no signal and no other input or output gets its turn. So asynchronous calls take a turn when
 * there was none for some milliseconds.
 *
 * @module
 */

/**
 * Milliseconds without a turn after which a call takes one. The clock counts whole milliseconds, and up to
 * one passes between two readings: so a loop that runs on has a turn every 5 ms.
 */
const TURN_INTERVAL_MS = 3;
/** Most calls between two readings of the clock, which costs a tenth of a call. */
const MAX_CALLS_PER_READING = 16;
const ONE_BYTE = new Uint8Array(1);
/** Kept, because a test may replace the global clock. A monotonic clock would cost twice as much. */
const clockMs = Date.now;

/** When the calls began that had no turn in between, or the last reading if they had one. */
let burstStartMs = 0;
/** True until the event loop has gone on since `burstStartMs`. */
let isBurst = false;
let lastReadingMs = 0;
let callsPerReading = 1;
let callsToReading = 0;
let turn: Promise<void> | undefined;

/** True if the event loop needs a turn. Every asynchronous call asks once. */
export function isTurnDue(): boolean {
  return --callsToReading <= 0 && readClock();
}

/** The more calls a millisecond has, the fewer of them read the clock. */
function readClock(): boolean {
  const nowMs = clockMs();
  const isSame = nowMs === lastReadingMs;
  lastReadingMs = nowMs;
  callsPerReading = isSame ? Math.min(2 * callsPerReading, MAX_CALLS_PER_READING) : 1;
  callsToReading = callsPerReading;
  if (!isBurst) {
    if (!isSame) startBurst(nowMs);
    return false;
  }
  // A clock that was set back shows less than the start.
  return nowMs - burstStartMs >= TURN_INTERVAL_MS || nowMs < burstStartMs;
}

/** The event loop ends the burst as soon as it goes on. */
function startBurst(nowMs: number): void {
  burstStartMs = nowMs;
  isBurst = true;
  setImmediate(endBurst);
}

function endBurst(): void {
  isBurst = false;
}

/** Gives the event loop a turn. All calls that wait for a turn share it, and go on in their order. */
export function takeTurn(): Promise<void> {
  return turn ??= waitForTurn();
}

/**
 * Waits for another thread, because the runtime polls input and output only when it waits, and then for
 * `setImmediate`: the runtime looks at its timers before that. With one of the two alone, the other kind
 * of event has no turn for hundreds of milliseconds. `setTimeout` takes more than a millisecond.
 */
async function waitForTurn(): Promise<void> {
  await crypto.subtle.digest("SHA-1", ONE_BYTE);
  await new Promise<void>((resolve) => setImmediate(resolve));
  turn = undefined;
  startBurst(clockMs());
}

/** The result of `work`, which is synchronous, after a turn if one is due. */
export async function inTurn<T>(work: () => T): Promise<T> {
  try {
    return work();
  } finally {
    if (isTurnDue()) await takeTurn();
  }
}

/** The result of `work`, after a turn if one is due. */
export async function withTurn<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    if (isTurnDue()) await takeTurn();
  }
}

/** A result that is there, after a turn if one is due. */
export function turnIfDue<T>(result: Promise<T>): Promise<T> {
  return isTurnDue() ? afterTurn(result) : result;
}

async function afterTurn<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } finally {
    await takeTurn();
  }
}

/**
 * The result of `work`, which closes something, after the turn that is under way: calls that nobody waits
 * for may have begun it, and a closed backend or server leaves nothing running.
 */
export async function endingTurn<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } finally {
    await turn;
  }
}

type AsyncMethod = (this: unknown, ...args: unknown[]) => Promise<unknown>;
const AsyncFunction = (async () => {}).constructor;

/**
 * Lets the event loop have its turns at all `async` methods of a class, also at calls that fail before they
 * do anything: a program that tries them again and again would otherwise not leave the microtasks.
 */
export function takeTurnsIn(prototype: object): void {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (!(property.value instanceof AsyncFunction)) continue;
    const method = property.value as AsyncMethod;
    const value: AsyncMethod = function (...args) {
      return turnIfDue(method.apply(this, args));
    };
    Object.defineProperty(prototype, name, { ...property, value });
  }
}
