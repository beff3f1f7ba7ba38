/**
 * All commands that may be drawn.
 *
 * @module
 */

import { GEO } from "./commands/geo.ts";
import { HASHES } from "./commands/hashes.ts";
import { HYPERLOGLOGS } from "./commands/hyperloglogs.ts";
import { KEYS } from "./commands/keys.ts";
import { LISTS } from "./commands/lists.ts";
import { SCRIPTS } from "./commands/scripts.ts";
import { SETS } from "./commands/sets.ts";
import { SORTED_SETS } from "./commands/sorted_sets.ts";
import { STREAMS } from "./commands/streams.ts";
import { STRINGS } from "./commands/strings.ts";
import type { Template } from "./template.ts";

/** The commands, by type of value. */
export const TEMPLATES: Readonly<Record<string, readonly Template[]>> = {
  keys: KEYS,
  strings: STRINGS,
  hashes: HASHES,
  sets: SETS,
  lists: LISTS,
  "sorted sets": SORTED_SETS,
  streams: STREAMS,
  geo: GEO,
  hyperloglogs: HYPERLOGLOGS,
  scripts: SCRIPTS,
};
