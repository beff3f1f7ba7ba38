/**
 * A process that appends to a journal and prints each text after it is written. Its argument is JSON:
 * name and directory of the journal, its own name, the number of texts (default: no limit), and how many
 * its state keeps.
 *
 * @module
 */

import { Journal } from "../../../lib/journal/journal.ts";
import { bytesOf, LEDGER, Ledger } from "../ledger.ts";

const { name, dir, writer, count, kept, slackBytes, fill = 0 } = JSON.parse(Deno.args[0]);
const state = new Ledger(kept ?? Infinity);
using journal = new Journal(name, LEDGER, state, { dir, slackBytes });
const filler = "x".repeat(fill);
for (let n = 0; n < (count ?? Infinity); n++) {
  const sequence = journal.append(bytesOf(`${writer} ${n} ${filler}`));
  console.log(JSON.stringify([n, sequence]));
}
