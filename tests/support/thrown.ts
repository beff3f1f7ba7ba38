/**
 * Values that a program may throw, and that resist a description.
 *
 * @module
 */

function failing(): never {
  throw new Error("thrown by a getter");
}

function cyclicMessage(): unknown {
  const error: Omit<Error, "message"> & { message: unknown } = new Error();
  error.message = { error };
  return error;
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Each value by what is strange about it. */
export const THROWN: Record<string, () => unknown> = {
  "undefined": () => undefined,
  "null": () => null,
  "a symbol": () => Symbol("s"),
  "a function": () => () => {},
  "an error whose name throws": () =>
    Object.defineProperty(new Error("x"), "name", { get: failing }),
  "an error whose message throws": () =>
    Object.defineProperty(new Error("x"), "message", { get: failing }),
  "an error whose code throws": () =>
    Object.defineProperty(new Error("x"), "code", { get: failing }),
  "an object without a prototype": () => Object.create(null),
  "an error whose message is a bigint": () => Object.assign(new Error(), { message: 10n }),
  "an error whose message is undefined": () => Object.assign(new Error(), { message: undefined }),
  "an error whose message is a cycle": cyclicMessage,
  "an object whose toString throws": () => ({ toString: failing }),
  "an object whose toJSON throws": () => ({ toJSON: failing }),
  "a revoked proxy": revokedProxy,
};
