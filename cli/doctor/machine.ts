/**
 * Checks of the system: its C library, space for segments, limits, clock.
 *
 * @module
 */

import type { Diagnostic } from "./diagnostic.ts";
import type { DoctorLibc, FileSystem } from "./libc.ts";

const MIB = 2 ** 20;
/** A channel of default capacity with two senders needs less. */
const MIN_FREE_BYTES = 16 * MIB;
/** Size of shared memory in a container, by default. */
const CONTAINER_BYTES = 64 * MIB;
const MIN_MAPS = 65_530;
const MIN_FILES = 1024;

/** Magic numbers of file systems in memory. */
const IN_MEMORY = new Map([[0x01021994n, "tmpfs"], [0x858458f6n, "ramfs"]]);
/** Magic numbers of file systems that are shared between machines or served by user programs. */
const FAR = new Map([
  [0x6969n, "NFS"],
  [0xfe534d42n, "SMB"],
  [0xff534d42n, "CIFS"],
  [0x01021997n, "9p"],
  [0x65735546n, "FUSE"],
]);

/** Reports the C library. */
export function libraryDiagnostic(libc: DoctorLibc): Diagnostic {
  const what = libc.name();
  const isTested = what !== "musl" && Deno.build.arch === "x86_64";
  return isTested
    ? { topic: "C library", level: "ok", message: what }
    : { topic: "C library", level: "note", message: `${what} on ${Deno.build.arch} is not tested` };
}

/** Checks whether segments have space, and are in memory. */
export function spaceDiagnostics(libc: DoctorLibc, directory: string): Diagnostic[] {
  const system = libc.fileSystem(directory);
  if (system === undefined) {
    return [{ topic: "space", level: "warning", message: `cannot read ${directory}` }];
  }
  return [spaceDiagnostic(directory, system), ...fileSystemDiagnostics(directory, system)];
}

function spaceDiagnostic(directory: string, { bytes, freeBytes }: FileSystem): Diagnostic {
  const topic = "space";
  const what = `${mib(freeBytes)} free of ${mib(bytes)} at ${directory}`;
  if (freeBytes < MIN_FREE_BYTES) {
    const remedy = "run `ringbus clean`, free space, or name another directory with RINGBUS_DIR";
    return { topic, level: "warning", message: `${what}: hardly enough for a channel`, remedy };
  }
  if (bytes <= CONTAINER_BYTES) {
    const remedy = "give the container more: docker run --shm-size=1g";
    return { topic, level: "warning", message: `${what}, as in a container`, remedy };
  }
  return { topic, level: "ok", message: what };
}

function fileSystemDiagnostics(directory: string, { type }: FileSystem): Diagnostic[] {
  const topic = "file system";
  const memory = IN_MEMORY.get(type);
  if (memory !== undefined) return [{ topic, level: "ok", message: `${memory}, in memory` }];
  const far = FAR.get(type);
  if (far === undefined) {
    const what = `${directory} is on a disk: channels survive a reboot, and cost writes`;
    return [{ topic, level: "note", message: what }];
  }
  const what = `${directory} is on ${far}: the processes that share it may not share memory`;
  return [{
    topic,
    level: "warning",
    message: what,
    remedy: "name a local directory with RINGBUS_DIR",
  }];
}

/** Checks the limits of mappings and open files. */
export function limitDiagnostics(libc: DoctorLibc): Diagnostic[] {
  const maps = Number(libc.line("/proc/sys/vm/max_map_count") ?? NaN);
  return [mapsDiagnostic(maps), filesDiagnostic(libc.openFiles())];
}

function mapsDiagnostic(maps: number): Diagnostic {
  const topic = "vm.max_map_count";
  if (Number.isNaN(maps)) return { topic, level: "note", message: "cannot be read" };
  if (maps >= MIN_MAPS) return { topic, level: "ok", message: `${maps}: one for each socket` };
  const remedy = `sysctl -w vm.max_map_count=${MIN_MAPS}`;
  const what = `${maps}, less than usual: one for each socket`;
  return { topic, level: "warning", message: what, remedy };
}

function filesDiagnostic(files: number): Diagnostic {
  const topic = "open files";
  if (files >= MIN_FILES) return { topic, level: "ok", message: `${files} at most` };
  const what = `${files} at most: each socket and each connection of a server needs some`;
  return { topic, level: "warning", message: what, remedy: `ulimit -n ${MIN_FILES}` };
}

/** Clocks that are read without a system call. */
const FAST_CLOCKS = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"];
const CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
/** Epoch of the times in message ids. */
const EPOCH_MS = Date.UTC(2023, 0, 1);

/** Checks whether the clock is set, and fast to read. */
export function clockDiagnostics(libc: DoctorLibc | undefined, nowMs = Date.now()): Diagnostic[] {
  const topic = "clock";
  const what = new Date(nowMs).toISOString();
  if (nowMs < EPOCH_MS) {
    const remedy = "set the clock: times to live and the ids of messages depend on it";
    return [{ topic, level: "failure", message: `${what} is long ago`, remedy }];
  }
  const source = libc?.line(CLOCK);
  if (source === undefined || FAST_CLOCKS.includes(source)) {
    return [{
      topic,
      level: "ok",
      message: source === undefined ? what : `${what}, read by ${source}`,
    }];
  }
  return [{
    topic,
    level: "note",
    message: `${what}, read by ${source}, which is slow: waits cost more`,
  }];
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB).toLocaleString("en")} MiB`;
}
