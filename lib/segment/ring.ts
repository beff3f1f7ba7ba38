/**
 * The compiled ring on one memory.
 *
 * @module
 */

import { RING_BASE64 } from "../../wasm/ring_bytes.ts";
import type { RingExports } from "../../wasm/ring_exports.ts";

let compiled: WebAssembly.Module | undefined;
let failpoint: ((point: number) => void) | undefined;

/** Creates an instance on a memory. The module is compiled once per isolate. */
export function instantiate(memory: WebAssembly.Memory): RingExports {
  compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(RING_BASE64));
  const env: WebAssembly.ModuleImports = { memory };
  if (failpoint !== undefined) env["failpoint"] = failpoint;
  const instance = new WebAssembly.Instance(compiled, { env });
  return instance.exports as unknown as RingExports;
}

/** For tests: from now on instances are made of `module`, which calls `reached` at each failpoint. */
export function useFailpoints(module: WebAssembly.Module, reached: (point: number) => void): void {
  compiled = module;
  failpoint = reached;
}

/** 1 on machines that may reorder stores; see wasm/assembly/memory.ts. */
export const IS_WEAK: number = Deno.build.arch === "x86_64" ? 0 : 1;
