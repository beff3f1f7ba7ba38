/**
 * The script that checks the number of partitions.
 *
 * @module
 */

import { ALLOW_OOM, script } from "./fragments.ts";

/** Writes the number of partitions down if nobody has, and answers what is written. */
export const agree: string = script(
  ALLOW_OOM,
  `
call('SET', P .. 'partitions', ARGV[3], 'NX')
return call('GET', P .. 'partitions')
`,
);
