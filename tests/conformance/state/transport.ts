// What the suite needs from a backend of shared state: it attaches several backends to one state, lets
// time pass, and attaches a backend in another process.

import type { BackendConfig, SharedBackend, StateOptions } from "../../../backends/state/mod.ts";
import type { Pass, WaitingTests } from "../../support/waiting_tests.ts";

/** One kind of backend. */
export interface StateTransport {
  /** Part of the names of the tests. */
  readonly name: string;
  /** Creates an empty state. */
  open(options: StateOptions): Promise<State>;
  /** Takes the tests that let time pass, if time is real. */
  readonly waiting?: WaitingTests;
}

/** State that backends share. It is disposed after all of them are closed. */
export interface State extends AsyncDisposable {
  /** Attaches one more backend. The suite closes it. */
  backend(): Promise<SharedBackend>;
  /** Lets time pass: advances the clock of the backend, or waits. */
  advance(ms: number): Promise<void>;
  /** The configuration for another process. Undefined for a backend of one process. */
  readonly remote?: BackendConfig;
}

/** A test with two backends that share an empty state. */
type StateTest = (one: SharedBackend, other: SharedBackend, state: State) => Promise<void>;

/** Runs one test with backends that share an empty state. */
export function testState(
  transport: StateTransport,
  name: string,
  test: StateTest,
  options: StateOptions = {},
): void {
  Deno.test(`${transport.name} state: ${name}`, () => run(transport, test, options));
}

/** As `testState`, for a test that lets time pass. */
export function testWaitingState(
  transport: StateTransport,
  name: string,
  test: StateTest,
  options: StateOptions,
): void {
  if (transport.waiting === undefined) testState(transport, name, test, options);
  else transport.waiting.add(name, (pass) => run(transport, test, options, pass));
}

async function run(
  transport: StateTransport,
  test: StateTest,
  options: StateOptions,
  pass?: Pass,
): Promise<void> {
  await using state = await transport.open(options);
  await using one = await state.backend();
  await using other = await state.backend();
  await test(one, other, { ...state, advance: pass ?? state.advance });
}

/** Bytes with these values. */
export function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}
