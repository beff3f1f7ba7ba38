/**
 * The structures of a recording, described as data: the reader and the drawings in the pages follow
 * from it.
 *
 * @module
 */

import { Describer } from "../base/structure.ts";
import * as layout from "./layout.ts";

const describe = new Describer(layout);

/** The header. */
export const HEADER = describe.structure(
  "Header of a recording",
  "HEADER_",
  layout.HEADER_BYTES,
  {
    magic: describe.raw("HEADER_MAGIC", 8, "magic"),
    version: describe.u32("HEADER_VERSION", "version"),
    kind: describe.u32("HEADER_KIND", "kind"),
    capacity: describe.u32("HEADER_CAPACITY", "capacity"),
    begunAt: describe.f64("HEADER_BEGUN_AT", "begun at"),
    codec: describe.raw("HEADER_CODEC", layout.CODEC_BYTES, "codec id"),
    name: describe.raw("HEADER_NAME", layout.NAME_BYTES, "channel name"),
    check: describe.u32("HEADER_CHECK", "check"),
  },
);

/** An entry. */
export const ENTRY = describe.structure(
  "An entry, before its payload",
  "ENTRY_",
  layout.ENTRY_BYTES,
  {
    type: describe.u32("ENTRY_TYPE", "type"),
    length: describe.u32("ENTRY_LENGTH", "length"),
    timeMs: describe.f64("ENTRY_TIME", "time"),
    number: describe.f64("ENTRY_NUMBER", "number"),
    lane: describe.u16("ENTRY_LANE", "lane"),
    flags: describe.u8("ENTRY_FLAGS", "flags"),
    check: describe.u32("ENTRY_CHECK", "check"),
  },
);
