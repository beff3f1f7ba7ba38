/**
 * Drawings of a segment, its header, a lane and a record, made from the layout.
 *
 * @module
 */

import * as layout from "../../../wasm/layout.ts";
import type { Field } from "../../../lib/base/structure.ts";
import { type DrawnStructure, HEADER, TABLES } from "../structures.ts";
import { label, rect, svgOf } from "./svg.ts";

const WIDTH = 480;
const EDGE = 16;
const TOP = 44;
const ROW = 30;
const ROW_BYTES = 8;
/** The width of the offsets beside a structure. */
const OFFSETS = 36;
const BYTE = (WIDTH - 2 * EDGE - OFFSETS) / ROW_BYTES;
/** Bytes of a cache line. */
const LINE = 64;

/** A part of a segment. */
interface Part {
  /** Where it begins. */
  readonly offset: string;
  readonly text: string;
}

/** The parts of a segment from its first byte to its last. */
export function segmentParts(): Part[] {
  const at = (offset: number) => `control + ${offset.toLocaleString("en")}`;
  return [
    { offset: "0", text: `header, ${layout.HEADER_BYTES} bytes` },
    { offset: `${layout.HEADER_BYTES}`, text: "ring of lane 0: capacity bytes" },
    { offset: "control", text: "control block, at a multiple of 64" },
    {
      offset: at(layout.CONTROL_PARTICIPANTS),
      text: `${layout.MAX_PARTICIPANTS} participants, ${layout.PARTICIPANT_BYTES} bytes each`,
    },
    {
      offset: at(layout.CONTROL_LANES),
      text: `${layout.MAX_LANES} lanes, ${layout.LANE_BYTES} bytes each`,
    },
    { offset: at(layout.CONTROL_BYTES), text: "regions, added when they are needed" },
  ];
}

/** Drawings by their files. */
export function drawings(): [file: string, text: string][] {
  const lane = TABLES.find(({ prefix }) => prefix === "LANE_")!;
  return [
    ["segment.svg", segmentDrawing()],
    ["header.svg", structureDrawing(HEADER, "The header of a segment")],
    ["lane.svg", structureDrawing(lane, "A lane: the writer's line, then the readers' line")],
    ["record.svg", recordDrawing()],
  ];
}

function segmentDrawing(): string {
  const parts = segmentParts();
  const [left, step] = [150, 44];
  return svgOf({
    title: "A segment from its first byte to its last",
    description: `${parts.map(({ offset, text }) => `at ${offset}: ${text}`).join("; ")}.`,
    width: WIDTH,
    height: TOP + parts.length * step + EDGE,
    marks: [
      label("bold", EDGE, 28, "A segment from its first byte to its last"),
      ...parts.flatMap(({ offset, text }, i) => {
        const y = TOP + i * step;
        const kind = text.startsWith("ring") || text.startsWith("regions") ? "other" : "box";
        return [
          label("quiet end", left - 8, y + 12, offset),
          rect(kind, { x: left, y, width: WIDTH - EDGE - left, height: step }),
          label("", left + 12, y + step / 2 + 5, text),
        ];
      }),
    ],
  });
}

/** A row of a drawing: its offset, and the fields that begin in it, or none. */
interface DrawnRow {
  readonly offset: number;
  readonly fields: readonly Field[];
}

/** Rows of eight bytes; bytes that are not used are one row in each half of a structure. */
function rowsOf({ fields, bytes }: DrawnStructure): DrawnRow[] {
  const rows: DrawnRow[] = [];
  let next = 0;
  for (const [offset, group] of Map.groupBy(fields, ({ offset }) => offset - offset % ROW_BYTES)) {
    if (offset > next) rows.push({ offset: next, fields: [] });
    rows.push({ offset, fields: group });
    next = offset + Math.max(ROW_BYTES, group[0].bytes);
  }
  if (next < bytes) rows.push({ offset: next, fields: [] });
  return rows;
}

/** A structure, eight bytes a row. Fields of the second pair of cache lines have another colour. */
export function structureDrawing(structure: DrawnStructure, title: string): string {
  const { fields, bytes } = structure;
  const rows = rowsOf(structure);
  const list = fields.map(({ offset, bytes, label }) =>
    `${offset}-${offset + bytes - 1}: ${label}`
  );
  return svgOf({
    title,
    description: `${bytes} bytes. ${list.join("; ")}.`,
    width: WIDTH,
    height: TOP + rows.length * ROW + EDGE,
    marks: [
      label("bold", EDGE, 28, title),
      ...rows.flatMap(({ offset, fields }, i) => [
        label("quiet end", EDGE + OFFSETS - 8, TOP + i * ROW + 19, `${offset}`),
        ...fields.length === 0
          ? [rect("unused", cellBox(0, ROW_BYTES, i))]
          : fields.flatMap((field) => cellMarks(field, offset, i)),
      ]),
    ],
  });
}

function cellBox(from: number, bytes: number, row: number) {
  const x = EDGE + OFFSETS + from * BYTE;
  return { x, y: TOP + row * ROW, width: bytes * BYTE, height: ROW };
}

function cellMarks(
  { offset, bytes, label: name }: Field,
  rowOffset: number,
  row: number,
): string[] {
  const box = cellBox(offset - rowOffset, Math.min(bytes, ROW_BYTES), row);
  const text = bytes > ROW_BYTES ? `${name} (${bytes} bytes)` : name;
  return [
    rect(offset >= 2 * LINE ? "other" : "box", box),
    label("", box.x + 8, box.y + 20, text),
  ];
}

/** A field of the word that frames a record. */
export interface FrameField {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** The fields of the frame, as wasm/layout.ts describes them. */
export function frameFields(): FrameField[] {
  const source = Deno.readTextFileSync(new URL("../../../wasm/layout.ts", import.meta.url));
  const [, line] = /^ \* +frame: (.*)$/m.exec(source)!;
  return [...line.matchAll(/\[(\d+)-(\d+)\] (\w+)/g)].map(([, from, to, name]) => ({
    from: Number(from),
    to: Number(to),
    name,
  }));
}

function recordDrawing(): string {
  const { RECORD_FRAME, RECORD_PAYLOAD } = layout;
  const frame = frameFields();
  const width = (WIDTH - 2 * EDGE) / 4;
  const parts = [
    { text: `size: ${RECORD_FRAME} bytes`, at: 0, width },
    { text: `frame: ${RECORD_PAYLOAD - RECORD_FRAME} bytes`, at: width, width },
    { text: "payload: size - 8 bytes", at: 2 * width, width: 2 * width },
  ];
  const bit = (WIDTH - 2 * EDGE) / 64;
  const [y, below] = [TOP + 4, TOP + 90];
  const list = frame.map(({ from, to, name }) => `bits ${from} to ${to}: ${name}`);
  return svgOf({
    title: "A record, and the word that frames it",
    description: `${parts.map(({ text }) => text).join("; ")}; padded to a multiple of 8. ` +
      `The frame: ${list.join("; ")}.`,
    width: WIDTH,
    height: below + 78,
    marks: [
      label("bold", EDGE, 28, "A record, and the word that frames it"),
      ...parts.flatMap(({ text, at, width }, i) => [
        rect(i === 2 ? "other" : "box", { x: EDGE + at, y, width, height: ROW }),
        label("middle", EDGE + at + width / 2, y + 20, text),
      ]),
      // From the ends of the frame to the ends of its enlarged drawing.
      `<path class="unused" d="M${EDGE + width} ${y + ROW} L${EDGE} ${below} ` +
      `M${EDGE + 2 * width} ${y + ROW} L${WIDTH - EDGE} ${below}"/>`,
      ...frame.flatMap(({ from, to, name }) => {
        const box = { x: EDGE + from * bit, width: (to + 1 - from) * bit };
        const middle = box.x + box.width / 2;
        return [
          rect("box", { ...box, y: below, height: ROW }),
          label("middle", middle, below + 20, name),
          label("quiet middle", middle, below + ROW + 18, `${from}-${to}`),
        ];
      }),
      label(
        "quiet",
        EDGE,
        below + 68,
        "bits; the checksum is over the position, the size and both",
      ),
    ],
  });
}
