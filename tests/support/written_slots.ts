/**
 * Slots that identify their writer and their number, and show whether they are whole.
 *
 * @module
 */

import assert from "node:assert/strict";

const HEAD_BYTES = 9;

/** A slot of a size: writer, number, its own length, and bytes that follow from those. */
export function writtenSlot(writer: number, number: number, size: number): Uint8Array {
  const slot = new Uint8Array(size);
  const view = new DataView(slot.buffer);
  view.setUint8(0, writer);
  view.setUint32(1, number);
  view.setUint32(5, size);
  for (let i = HEAD_BYTES; i < size; i++) slot[i] = (writer * 31 + number * 7 + i) & 0xff;
  return slot;
}

/** Who wrote a slot; throws unless it is whole. */
export function readSlot(slot: Uint8Array): { writer: number; number: number } {
  const view = new DataView(slot.buffer, slot.byteOffset, slot.byteLength);
  const [writer, number] = [view.getUint8(0), view.getUint32(1)];
  assert.deepEqual(slot, writtenSlot(writer, number, view.getUint32(5)));
  return { writer, number };
}
