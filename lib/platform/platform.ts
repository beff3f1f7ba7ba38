/**
 * What the core asks of an operating system. Errors are `SystemError`s with the C library's `errno`.
 *
 * @module
 */

/** What a file is, as far as the core needs it. */
export interface FileStatus {
  /** Bytes. */
  size: number;
  /** User id of the owner. */
  uid: number;
  /** Permission bits. */
  mode: number;
  type: "file" | "directory" | "fifo" | "link" | "other";
  /** Names that refer to the file; 0 once it is deleted. */
  links: number;
  /** Identity of the file on its device. */
  inode: bigint;
  /** Milliseconds since the Unix epoch. */
  modifiedAtMs: number;
}

/** A signal at which a process closes its sockets before it ends. */
export type EndSignal = "SIGTERM" | "SIGINT" | "SIGHUP";

/** A thread of a process. */
export interface ThreadId {
  /** Inode of the namespace of process ids: only processes of the same namespace see each other. */
  pidNamespace: bigint;
  /** Number of the thread in that namespace. */
  number: number;
}

/** The calls, one implementation an operating system. */
export interface Platform {
  readonly uid: number;
  /** Default directory for segments. */
  defaultDirectory(): string;
  environment(name: string): string | undefined;
  /** Sets an environment variable for all isolates of this process, and for its children. */
  setEnvironment(name: string, value: string): void;

  /** The directory that relative paths start from. */
  workingDirectory(): string;

  makeDirectory(path: string): void;
  list(path: string): string[];
  status(path: string): FileStatus;
  statusOf(fd: number): FileStatus;
  unlink(path: string): void;
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  /**
   * Renames a file; fails with EEXIST if the new name is taken, and with EINVAL, ENOSYS, EOPNOTSUPP
   * or ENOTSUP where the system or the file system cannot rename without replacing.
   */
  renameNew(from: string, to: string): void;

  /** Opens for reading and writing; follows no symbolic link. */
  open(path: string): number;
  /** Opens for reading only; follows no symbolic link. */
  openReadOnly(path: string): number;
  create(path: string): number;
  /** Sets the times of a file, which those who watch its directory are told. */
  touch(fd: number): void;
  close(fd: number): void;
  /** Reads up to `target.length` bytes of a file. */
  read(fd: number, target: Uint8Array, offset: number): number;
  /** Writes a file to its disk, or the names in a directory. */
  sync(path: string): void;
  /** The same in a thread of its own. */
  syncLater(path: string): Promise<void>;
  /** Reserves storage, so that later accesses to it cannot fail. */
  reserve(fd: number, offset: number, bytes: number): void;
  /** Maps a file's bytes over existing memory. */
  map(memory: Uint8Array, fd: number, offset: number): void;
  /** Copies the bytes of an array to another one that is as long. */
  copy(target: Uint8Array, source: Uint8Array): void;
  /** Replaces a mapped file by private, zeroed memory. */
  unmap(memory: Uint8Array): void;

  /** Takes a lock on an open file without waiting; false if another holder prevents it. */
  lock(fd: number, kind: "shared" | "exclusive"): boolean;
  unlock(fd: number): void;

  /** Takes a share of an open file; shares of other processes never prevent it. */
  share(fd: number): void;
  unshare(fd: number): void;
  /** True while the file has a share through another descriptor; changes nothing. */
  isSharedByOthers(fd: number): boolean;

  /** Records on a descriptor that cannot be read that it belongs to this thread, as `share` does. */
  markWriter(fd: number): void;
  /** Records on a descriptor that is only read that it belongs to this thread. It is no share of the file. */
  markReader(fd: number): void;
  /**
   * Closes the descriptors of this process that belong to threads which have ended, as far as `share`,
   * `markWriter` and `markReader` have recorded it. Returns how many it closed.
   */
  closeOfEndedThreads(): number;

  /** Creates a FIFO and opens it for reading and writing. */
  makeFifo(path: string, mode?: number): number;
  /** Opens a FIFO so that its lock can be tried. */
  openFifo(path: string): number;
  /** Opens a FIFO for writing. */
  openFifoToRing(path: string): number;
  /** Writes one byte; false if the FIFO has no reader left. */
  ring(fd: number): boolean;

  /** Sleeps until one of the FIFOs is rung; true if one was. May return early. */
  awaitRing(fifos: readonly number[], timeoutMs: number): boolean;
  /** Reads what was rung, so that the next `awaitRing` sleeps; true if there was something. */
  readRings(fifo: number): boolean;

  /** Milliseconds since the machine was started, the same in all processes. It cannot be set. */
  uptimeMs(): number;
  /** Differs between two starts of the machine, where the system has such an id. */
  bootId(): string;

  /** This thread; undefined where the system has no way to identify it. */
  thisThread(): ThreadId | undefined;
  /** False if a thread of this thread's pid namespace is known to have ended. */
  isThreadAlive(number: number): boolean;
  /**
   * True if the process of a thread has a file open whose last name was `name`, even if the file was
   * moved or removed; undefined if that cannot be determined.
   */
  hasFileOpen(thread: number, name: string): boolean | undefined;
  /** True for a thread of this process. */
  isOwnThread(number: number): boolean;
  /** Name of this thread; undefined where it is not known. */
  threadName(): string | undefined;
  /** Names of the threads of this process. */
  threadNames(): string[];
  /** Renames the threads of this process that have a name. */
  renameThreads(from: ReadonlySet<string>, to: string): void;

  /** Sleeps while `word[0]` is `value`; without a futex, until the isolate's FIFO rings. */
  sleep(word: Uint32Array, value: number, timeoutMs: number, fifo: number): void;
  /** True if `wake` wakes a thread that sleeps on a word; false if its FIFO must be rung. */
  readonly hasFutex: boolean;
  wake(word: Uint32Array): void;

  /** Makes the handler of a signal one-shot, for `isSignalDelivered`; `unwatchSignal` reverts it. */
  watchSignal(signal: EndSignal): void;
  unwatchSignal(signal: EndSignal): void;
  /**
   * Whether a signal was delivered since the handler was made one-shot, although its listeners may not
   * have run yet; undefined if the handler is not one-shot.
   */
  isSignalDelivered(signal: EndSignal): boolean | undefined;
  /** Reinstates the handler that the delivery of a signal has removed, as one-shot. */
  rearmSignal(signal: EndSignal): void;
  /** Sends a signal to this process: to its handler if it has one, which the runtime has installed. */
  raiseSignal(signal: EndSignal): void;
  /** Ends this process by a signal, whatever handler it has. */
  endBySignal(signal: EndSignal): void;
  /** Notes for all isolates whether the main program has a listener of its own for a signal. */
  setProgramListens(signal: EndSignal, listens: boolean): void;
  doesProgramListen(signal: EndSignal): boolean;
}
