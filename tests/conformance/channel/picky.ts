// A codec that cannot decode everything.

import type { Codec } from "../../../mod.ts";

/** Rejects text that begins with "bad". */
export const PICKY: Codec<string> = {
  id: "picky",
  encode: (value) => new TextEncoder().encode(value),
  decode(bytes) {
    const text = new TextDecoder().decode(bytes);
    if (text.startsWith("bad")) throw new RangeError("not this one");
    return text;
  },
};
