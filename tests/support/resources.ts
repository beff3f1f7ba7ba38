/**
 * What a process holds, as the kernel reports it.
 *
 * @module
 */

/** Descriptors, and mappings of files in one directory. */
export interface Resources {
  descriptors: number;
  mappings: number;
}

/** Counts what a process holds. */
export function resourcesOf(pid: number, dir: string): Resources {
  const maps = Deno.readTextFileSync(`/proc/${pid}/maps`).split("\n");
  return {
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    mappings: maps.filter((line) => line.includes(`${dir}/`)).length,
  };
}
