/**
 * Whether a part of the program can be loaded while it runs.
 *
 * The runtime ends the process when it has no file descriptor to load a module with. A server that others have
 * made run out of them loads nothing.
 *
 * @module
 */

/** Descriptors that loading a package takes at most, with some to spare for connections that come meanwhile. */
const NEEDED = 48;
/** The same for a part of Ringbus, which is not fetched. */
const NEEDED_BY_PARTS = 4;
const LOOPBACK = "127.0.0.1";
const OUT_OF_DESCRIPTORS = new Set(["EMFILE", "ENFILE"]);

let loading: Promise<unknown> | undefined;

/** What a server awaits before it accepts a connection: a module is loaded, and needs descriptors. */
export function loadedModules(): Promise<unknown> | undefined {
  return loading;
}

/** Loads a module when `canLoadModules` has allowed it. Meanwhile nothing should take descriptors. */
export async function loadModule<T>(load: () => Promise<T>): Promise<T> {
  const module = load();
  const settled = module.then(() => {}, () => {});
  loading = settled;
  try {
    return await module;
  } finally {
    if (loading === settled) loading = undefined;
  }
}

/**
 * What loads a part of Ringbus at its first use. `refuse` makes the error for a process that has no
 * descriptor for it; the next call tries again.
 */
export function lazyPart<T>(
  load: () => Promise<T>,
): (refuse: (problem: string) => Error) => Promise<T> {
  let part: Promise<T> | undefined;
  return (refuse) => {
    if (part === undefined && !canLoadModules(NEEDED_BY_PARTS)) {
      const problem = "no file descriptor is left; close files and sockets, or raise the limit " +
        "(ulimit -n)";
      return Promise.reject(refuse(problem));
    }
    return part ??= loadModule(load).catch((error) => {
      part = undefined;
      throw error;
    });
  };
}

/** False if loading a module would end the process. */
export function canLoadModules(needed: number = NEEDED): boolean {
  if (typeof Deno === "undefined" || !mayListen()) return true;
  const opened: Deno.Listener[] = [];
  try {
    while (opened.length < needed) opened.push(Deno.listen({ hostname: LOOPBACK, port: 0 }));
    return true;
  } catch (error) {
    return !OUT_OF_DESCRIPTORS.has((error as { code?: string }).code ?? "");
  } finally {
    for (const listener of opened) listener.close();
  }
}

/** Asks nobody for a permission. */
function mayListen(): boolean {
  const permission = { name: "net", host: `${LOOPBACK}:0` } as const;
  return Deno.permissions.querySync(permission).state === "granted";
}
