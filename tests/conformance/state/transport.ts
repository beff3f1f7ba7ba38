// What the suite needs of a shared-state backend: a way to attach several to one state, time that passes,
// and a way to attach one in another process.

import type { BackendConfig, SharedBackend, StateOptions } from "../../../backends/state/mod.ts";

/** One kind of backend. */
export interface StateTransport {
  /** Stands in the names of the tests. */
  readonly name: string;
  /** An empty state of its own. */
  open(options: StateOptions): Promise<State>;
}

/** State that backends share; disposing it comes after all of them are closed. */
export interface State extends AsyncDisposable {
  /** Attaches one more backend. The suite closes it. */
  backend(): Promise<SharedBackend>;
  /** Lets time pass: by the backend's clock if that can be stepped, else really. */
  advance(ms: number): Promise<void>;
  /** How another process attaches; left out by a backend for one process. */
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

/** Bytes that tell which they are. */
export function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}
