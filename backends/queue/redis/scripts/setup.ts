/**
 * The script that checks the number of partitions.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Stores the number of partitions unless it is stored. Returns the stored number. */
export const agree: string = script(
  ALLOW_OOM,
  `
call('SET', PREFIX .. 'partitions', ARGV[5], 'NX')
return call('GET', PREFIX .. 'partitions')
`,
);
