/**
 * The errors of the core. Expected outcomes - full, empty, a stopped peer - have one small class
 * each; misuse throws `TypeError` or `RangeError` with the offending value.
 *
 * @module
 */

/** Base of every error that the core throws for a reason other than misuse. */
export class ShmError extends Error {
  /** The class name, so that it survives logging and bundling. */
  /** The class name. */
  override name = "ShmError";
}

/** A channel cannot be opened: no room, no such directory, or options that conflict. */
export class ShmConnectionError extends ShmError {
  /** The class name. */
  override name = "ShmConnectionError";
}

/** Nothing came within `timeoutMs`. */
export class ShmTimeoutError extends ShmError {
  /** The class name. */
  override name = "ShmTimeoutError";
}

/** There was no room within `timeoutMs`. */
export class ShmBufferFullError extends ShmError {
  /** The class name. */
  override name = "ShmBufferFullError";
}

/** A value could not be encoded, or a message not decoded. */
export class ShmSerializationError extends ShmError {
  /** The class name. */
  override name = "ShmSerializationError";
}

/** The bytes of a segment cannot be right. */
export class ShmCorruptionError extends ShmError {
  /** The class name. */
  override name = "ShmCorruptionError";
}

/** The socket, or the channel under it, was closed. */
export class ShmClosedError extends ShmError {
  /** The class name. */
  override name = "ShmClosedError";
}

/** A file or directory belongs to someone else, or a permission is missing. */
export class ShmPermissionError extends ShmError {
  /** The class name. */
  override name = "ShmPermissionError";
}

/** This platform cannot do what was asked. */
export class ShmUnsupportedError extends ShmError {
  /** The class name. */
  override name = "ShmUnsupportedError";
}

/** The replier's handler threw; `message` carries what it said. */
export class ShmRemoteError extends ShmError {
  /** The class name. */
  override name = "ShmRemoteError";
  /** Name of the error class on the replier's side, such as `"TypeError"`. */
  readonly remoteName: string;

  /** Wraps what a replier reported. */
  constructor(message: string, remoteName: string) {
    super(message);
    this.remoteName = remoteName;
  }
}

/** The replier that had taken a request died or left before it answered. */
export class ShmPeerLostError extends ShmError {
  /** The class name. */
  override name = "ShmPeerLostError";
}
