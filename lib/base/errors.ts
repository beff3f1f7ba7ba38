/**
 * The base of all errors, and the errors of the core. Each expected outcome (full, empty, a stopped
 * peer) has a small class. Misuse throws `TypeError` or `RangeError` with the offending value.
 *
 * @module
 */

/**
 * Base of every error that Ringbus throws for a reason other than misuse.
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, RingbusError } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create();
 * using puller = new Puller<string>(channel.handle);
 * try {
 *   await puller.recv({ timeoutMs: 5 });
 * } catch (error) {
 *   if (!(error instanceof RingbusError && error.code === "shm-timeout")) throw error;
 *   console.log("no message yet");
 * }
 * ```
 */
export abstract class RingbusError extends Error {
  /**
   * What went wrong, such as `"shm-timeout"`. Each class has its own code, which does not change
   * between releases and survives the way to another process.
   */
  abstract readonly code: string;
}

/** Returns the code of an error of Ringbus, or the string that another error has as its `code`. */
export function errorCode(error: unknown): string | undefined {
  try {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    return typeof code === "string" ? code : undefined;
  } catch {
    // The program threw a value whose getters throw.
    return undefined;
  }
}

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** Where in the value it is, such as `"$.joints[3].angle"`; `"$"` is the whole value. */
  readonly path: string;
  /** What is wrong, in the words of the schema. */
  readonly message: string;
}

/** A value does not match the schema of its channel, queue, topic or state. */
export class SchemaError extends RingbusError {
  /** The class name. */
  override name = "SchemaError";
  /** Stable code of the class. */
  override readonly code: string = "schema";
  /** What is wrong, in the order of the schema. */
  readonly issues: readonly SchemaIssue[];

  /** Wraps what a schema reported. */
  constructor(message: string, issues: readonly SchemaIssue[], options?: ErrorOptions) {
    super(message, options);
    this.issues = issues;
  }
}

/** Base of every error that a channel throws for a reason other than misuse. */
export class ShmError extends RingbusError {
  /** The class name, stored so that it survives bundling. */
  override name = "ShmError";
  /** Stable code of the class. */
  override readonly code: string = "shm-error";
}

/** A channel cannot be opened: no space, a missing directory, or conflicting options. */
export class ShmConnectionError extends ShmError {
  /** The class name. */
  override name = "ShmConnectionError";
  /** Stable code of the class. */
  override readonly code: string = "shm-connection";
}

/** Nothing arrived within `timeoutMs`. */
export class ShmTimeoutError extends ShmError {
  /** The class name. */
  override name = "ShmTimeoutError";
  /** Stable code of the class. */
  override readonly code: string = "shm-timeout";
}

/** The ring stayed full for `timeoutMs`. */
export class ShmBufferFullError extends ShmError {
  /** The class name. */
  override name = "ShmBufferFullError";
  /** Stable code of the class. */
  override readonly code: string = "shm-buffer-full";
}

/** A value cannot be encoded, or a message cannot be decoded. */
export class ShmSerializationError extends ShmError {
  /** The class name. */
  override name = "ShmSerializationError";
  /** Stable code of the class. */
  override readonly code: string = "shm-serialization";
}

/** The bytes of a segment are corrupt. */
export class ShmCorruptionError extends ShmError {
  /** The class name. */
  override name = "ShmCorruptionError";
  /** Stable code of the class. */
  override readonly code: string = "shm-corruption";
}

/** The socket, or the channel under it, was closed. */
export class ShmClosedError extends ShmError {
  /** The class name. */
  override name = "ShmClosedError";
  /** Stable code of the class. */
  override readonly code: string = "shm-closed";
}

/** A file or directory belongs to another user, or a permission is missing. */
export class ShmPermissionError extends ShmError {
  /** The class name. */
  override name = "ShmPermissionError";
  /** Stable code of the class. */
  override readonly code: string = "shm-permission";
}

/** This platform does not support the call. */
export class ShmUnsupportedError extends ShmError {
  /** The class name. */
  override name = "ShmUnsupportedError";
  /** Stable code of the class. */
  override readonly code: string = "shm-unsupported";
}

/** The replier's handler threw. `message` is the message of its error. */
export class ShmRemoteError extends ShmError {
  /** The class name. */
  override name = "ShmRemoteError";
  /** Stable code of the class. */
  override readonly code: string = "shm-remote";
  /** Name of the error class on the replier's side, such as `"TypeError"`. */
  readonly remoteName: string;
  /** Code of the error on the replier's side, if it has one. */
  readonly remoteCode: string | undefined;

  /** Wraps what a replier reported. */
  constructor(message: string, remoteName: string, remoteCode?: string) {
    super(message);
    this.remoteName = remoteName;
    this.remoteCode = remoteCode;
  }
}

/** The replier that had taken a request died or closed before it replied. */
export class ShmPeerLostError extends ShmError {
  /** The class name. */
  override name = "ShmPeerLostError";
  /** Stable code of the class. */
  override readonly code: string = "shm-peer-lost";
}
