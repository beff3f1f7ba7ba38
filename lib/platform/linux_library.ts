/**
 * The C library of Linux, with glibc or musl.
 *
 * @module
 */

/** Opens the C library with these symbols, by a name or path that exists and is permitted. */
export function openLibrary<Symbols extends Deno.ForeignLibraryInterface>(
  symbols: Symbols,
): Deno.DynamicLibrary<Symbols> {
  try {
    return Deno.dlopen("libc.so.6", symbols);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
      return openByPath(symbols, error);
    }
    return Deno.dlopen(muslName(), symbols);
  }
}

/** Paths of the C library for which a program may have a permission. */
const PATHS = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/usr/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/usr/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
];

function openByPath<Symbols extends Deno.ForeignLibraryInterface>(
  symbols: Symbols,
  denied: Error,
): Deno.DynamicLibrary<Symbols> {
  for (const path of [...PATHS, `/lib/${muslName()}`]) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state === "granted") {
      return Deno.dlopen(path, symbols);
    }
  }
  throw denied;
}

function muslName(): string {
  return `libc.musl-${Deno.build.arch}.so.1`;
}

/** Functions of the C library, by name. */
export type Functions<Symbols extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<
  Symbols
>["symbols"];

type Declarations = Record<string, Deno.ForeignFunction>;

/** An argument that no function declares. */
const ONE_MORE = { struct: ["u8"] } as const;
const ONE_BYTE = new Uint8Array(1);

/**
 * Opens functions without code that is compiled for each. The runtime compiles it at once, which takes 0.1 ms
 * a function and 4 MiB for the first one; a call then takes 0.15 us instead of 0.25. It compiles none for a
 * function that takes a structure, so each gets one more argument: on x86-64 and arm64 Linux the caller
 * removes the arguments, and a function does not see those that it does not declare.
 */
export function openUncompiled<Symbols extends Declarations>(symbols: Symbols): Functions<Symbols> {
  const declarations: Declarations = {};
  for (const [name, symbol] of Object.entries(symbols)) {
    declarations[name] = { ...symbol, parameters: [...symbol.parameters, ONE_MORE] };
  }
  const functions = openLibrary(declarations).symbols as Record<string, AnyFunction>;
  const shortened = Object.entries(functions).map(([name, call]) => {
    return [name, WITH_ONE_MORE[symbols[name].parameters.length](call)];
  });
  return Object.fromEntries(shortened);
}

type AnyFunction = (...args: unknown[]) => unknown;

/** Adds the argument to a function, by the number of its own. A list of arguments would be slower. */
const WITH_ONE_MORE: ((call: AnyFunction) => AnyFunction)[] = [
  (call) => () => call(ONE_BYTE),
  (call) => (a) => call(a, ONE_BYTE),
  (call) => (a, b) => call(a, b, ONE_BYTE),
  (call) => (a, b, c) => call(a, b, c, ONE_BYTE),
  (call) => (a, b, c, d) => call(a, b, c, d, ONE_BYTE),
  (call) => (a, b, c, d, e) => call(a, b, c, d, e, ONE_BYTE),
  (call) => (a, b, c, d, e, f) => call(a, b, c, d, e, f, ONE_BYTE),
];
