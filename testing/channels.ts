/**
 * Channels of a test: a directory of their own, and the processes and workers that use them.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { directoryPath } from "../lib/base/option_checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { formatValue } from "../lib/base/options.ts";
import { type ChannelInfo, listChannels, removeStale } from "../lib/observe/registry.ts";
import { platform } from "../lib/platform/mod.ts";
import { SteppableClock } from "./steppable_clock.ts";
import {
  DEADLINE_MS,
  PROCESS_OPTIONS,
  TestProcess,
  type TestProcessOptions,
} from "./test_process.ts";
import { eventually } from "./wait.ts";

/** Where the processes look for the directory of segments. */
const DIRECTORY_VARIABLE = "RINGBUS_DIR";
/** Memory that is a file system. */
const SHARED_MEMORY = "/dev/shm";

/** Directories that tests use, the last one on top, and what they were put in place of. */
const inUse: { readonly dir: string; before: string | undefined }[] = [];

function beginUse(dir: string): void {
  inUse.push({ dir, before: Deno.env.get(DIRECTORY_VARIABLE) });
  Deno.env.set(DIRECTORY_VARIABLE, dir);
}

/** Tests may end in any order: a later one does not go back to a directory that is gone. */
function endUse(dir: string): void {
  const at = inUse.findIndex((one) => one.dir === dir);
  const [{ before }] = inUse.splice(at, 1);
  for (const later of inUse) if (later.before === dir) later.before = before;
  if (Deno.env.get(DIRECTORY_VARIABLE) !== dir) return;
  if (before === undefined) Deno.env.delete(DIRECTORY_VARIABLE);
  else Deno.env.set(DIRECTORY_VARIABLE, before);
}

/** Options of `testChannels`. */
export interface TestChannelsOptions {
  /** Where the directory of the segments is made. Default: `/dev/shm` on Linux, else that for temporary files. */
  parent?: string | undefined;
}

const OPTIONS = new OptionRules<TestChannelsOptions>("testChannels()", { parent: directoryPath });

/** The C library stays loaded once it is: before the tests, one of which would seem to leak it. */
function loadLibrary(): void {
  if (Deno.permissions.querySync({ name: "ffi" }).state === "granted") platform();
}

if (Deno.build.os === "linux" || Deno.build.os === "darwin") loadLibrary();

/**
 * Makes a directory for the channels of a test. Until it is disposed, sockets that name no `dir` use it: those of
 * the test, and of the processes and workers that it starts. Disposing it ends those, and removes the directory.
 *
 * It needs `--allow-ffi`, `--allow-env`, `--allow-read`, `--allow-write`, and for processes `--allow-run`.
 * Tests of one process that run at the same time share the last directory: pass `dir` to their sockets.
 *
 * @throws {TypeError} if an option is invalid
 *
 * @example
 * ```ts
 * import { defineChannel, typeOnly } from "@ringbus/ringbus";
 * import { testChannels } from "@ringbus/ringbus/testing";
 *
 * const robot = defineChannel("robot", { pattern: "push/pull", schema: typeOnly<number>() });
 *
 * await using channels = testChannels();
 * using puller = robot.puller(); // no other program of the machine sees it
 * using pusher = robot.pusher();
 * pusher.send(7);
 * console.log(puller.tryRecv(), channels.list().map(({ name }) => name)); // 7 ["robot"]
 * ```
 */
export function testChannels(options: TestChannelsOptions = {}): TestChannels {
  checkNoMore("testChannels()", arguments, 1);
  OPTIONS.check(options);
  return new TestChannels(options.parent ?? defaultParent());
}

function defaultParent(): string | undefined {
  return Deno.build.os === "linux" ? SHARED_MEMORY : undefined;
}

/** The channels of a test. `testChannels()` makes them. */
export class TestChannels implements AsyncDisposable {
  /** Directory of the segments. */
  readonly dir: string;
  /**
   * A clock that stands still until it is advanced, for what takes a clock: queues, stores, messaging backends
   * and latest values.
   */
  readonly clock: SteppableClock = new SteppableClock();
  readonly #processes: TestProcess[] = [];
  readonly #workers: Worker[] = [];
  #isDisposed = false;

  /** Makes the directory. */
  constructor(parent: string | undefined) {
    checkNoMore("new TestChannels()", arguments, 1);
    this.dir = Deno.makeTempDirSync({
      prefix: "ringbus-test-",
      ...(parent === undefined ? {} : { dir: parent }),
    });
    beginUse(this.dir);
  }

  /**
   * Starts a module of the program in a process of its own, which ends with the test.
   *
   * @throws {TypeError} if the module is no URL of a file, or an option is invalid
   */
  process(module: string | URL, options: TestProcessOptions = {}): TestProcess {
    checkNoMore("process()", arguments, 2);
    PROCESS_OPTIONS.check(options);
    this.#checkUsable("process()");
    const started = new TestProcess(urlOf(module), options, this.dir);
    this.#processes.push(started);
    return started;
  }

  /**
   * Starts a module of the program in a worker, which ends with the test.
   *
   * @throws {TypeError} if the module is no URL of a file
   */
  worker(module: string | URL): Worker {
    checkNoMore("worker()", arguments, 1);
    this.#checkUsable("worker()");
    const worker = new Worker(urlOf(module), { type: "module" });
    this.#workers.push(worker);
    return worker;
  }

  #checkUsable(call: string): void {
    if (this.#isDisposed) {
      throw new TypeError(`cannot call ${call}: the channels of this test are disposed`);
    }
  }

  /** The channels that there are now, with their participants. */
  list(): ChannelInfo[] {
    checkNoMore("list()", arguments, 0);
    this.#checkUsable("list()");
    return listChannels({ dir: this.dir });
  }

  /**
   * Kills a process with SIGKILL, and waits until it is gone, and until the channels show its sockets as gone:
   * what the survivors do then does not depend on when they notice.
   *
   * @throws {TypeError} if it is no process of this test
   */
  async killed(process: TestProcess): Promise<void> {
    checkNoMore("killed()", arguments, 1);
    if (!this.#processes.includes(process)) {
      throw new TypeError(
        `killed() takes a process that process() of the same test has started, not ${
          formatValue(process)
        }`,
      );
    }
    await process[Symbol.asyncDispose]();
    const { pid } = process;
    await this.#withoutParticipants(
      (participant) => participant.pid === pid,
      DEADLINE_MS,
      (channels) => new Error(`process ${pid} has ended, and still counts as alive on ${channels}`),
    );
  }

  async #withoutParticipants(
    isMeant: (participant: ChannelInfo["participants"][number]) => boolean,
    deadlineMs: number,
    timeoutError: (channels: string) => Error,
  ): Promise<void> {
    let names: string[] = [];
    await eventually(
      () => {
        names = listChannels({ dir: this.dir })
          .filter(({ participants }) => participants.some((each) => each.alive && isMeant(each)))
          .map(({ name }) => JSON.stringify(name));
        return names.length === 0;
      },
      deadlineMs,
      () => timeoutError(names.join(", ")),
    );
  }

  /**
   * Ends the processes and workers, and removes the directory. Disposing twice does nothing.
   *
   * @throws {Error} if the test itself has left a socket open
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const worker of this.#workers) worker.terminate();
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
    try {
      await this.#withoutParticipants(
        ({ pid }) => pid === Deno.pid,
        this.#workers.length > 0 ? DEADLINE_MS : 0,
        (channels) =>
          new Error(
            `the test has left sockets open on ${channels}: close them, or declare them with using ` +
              `after the channels`,
          ),
      );
    } finally {
      this.#remove();
    }
  }

  #remove(): void {
    endUse(this.dir);
    removeStale({ dir: this.dir, includePersistent: true, includeNonEmpty: true });
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** The URL of a module. */
function urlOf(module: unknown): string {
  if (module instanceof URL) return module.href;
  if (typeof module === "string" && URL.canParse(module)) return module;
  throw new TypeError(
    `module must be a URL, such as new URL("./robot.ts", import.meta.url), not ${
      formatValue(module)
    }`,
  );
}
