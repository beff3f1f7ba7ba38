// A segment's bytes as another program reads them: offsets and numbers are written out here, so that a
// change of the layout fails.

/** The header's totals. */
export interface Totals {
  head: bigint;
  tail: bigint;
  count: bigint;
  dropped: bigint;
}

export function readTotals(segment: Uint8Array): Totals {
  const view = new DataView(segment.buffer, segment.byteOffset, 128);
  return {
    head: view.getBigUint64(16, true),
    tail: view.getBigUint64(24, true),
    count: view.getBigUint64(40, true),
    dropped: view.getBigUint64(48, true),
  };
}
