/**
 * Modules of Node that the runtime has, loaded at their first use: an import of any of them, even of one
 * that nothing calls, costs each process 7 MiB and some milliseconds at its start.
 *
 * @module
 */

interface NodeModules {
  "node:buffer": typeof import("node:buffer");
  "node:crypto": typeof import("node:crypto");
  "node:worker_threads": typeof import("node:worker_threads");
  "node:zlib": typeof import("node:zlib");
}

interface NodeProcess {
  getBuiltinModule<N extends keyof NodeModules>(name: N): NodeModules[N];
}

/** Loads a module of Node. */
export function nodeModule<N extends keyof NodeModules>(name: N): NodeModules[N] {
  return (globalThis as unknown as { process: NodeProcess }).process.getBuiltinModule(name);
}
