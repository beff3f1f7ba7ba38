// What the suite needs from a backend of shared state: it attaches several backends to one state, lets
// time pass, and attaches a backend in another process.

import type { BackendConfig, SharedBackend, StateOptions } from "../../../backends/state/mod.ts";

/** One kind of backend. */
export interface StateTransport {
  /** Part of the names of the tests. */
  readonly name: string;
  /** Creates an empty state. */
  open(options: StateOptions): Promise<State>;
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

/** Runs one test with backends that share an empty state. */
export function testState(
  transport: StateTransport,
  name: string,
  test: (one: SharedBackend, other: SharedBackend, state: State) => Promise<void>,
  options: StateOptions = {},
): void {
  Deno.test(`${transport.name} state: ${name}`, async () => {
    await using state = await transport.open(options);
    await using one = await state.backend();
    await using other = await state.backend();
    await test(one, other, state);
  });
}

/** Bytes with these values. */
export function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}
