/**
 * Reading a channel's messages where they lie, without taking part: no place among the participants,
 * no lock, no write. On a queue nothing is taken.
 *
 * @module
 */

import {
  type ChannelKind,
  controlOffset,
  readConfig,
  type SegmentConfig,
} from "../segment/format.ts";
import { ShmConnectionError } from "../base/errors.ts";
import { laneCountOf, readLanes } from "./lane.ts";
import { LaneReader, type ReadResult, type Since } from "./lane_reader.ts";
import type { ByteSource } from "./segment_file.ts";
import { HEADER_BYTES, HEADER_LANES, MAX_LANES } from "../../wasm/layout.ts";

/** A channel's lanes, read side by side. */
export class ChannelReader {
  /** What the channel is. */
  readonly config: SegmentConfig;
  readonly #source: ByteSource;
  readonly #geometry: { capacity: number; control: number };
  readonly #lanes: LaneReader[];

  /**
   * Begins to read.
   *
   * @throws {ShmCorruptionError} if the bytes are no segment
   * @throws {ShmConnectionError} if the channel carries no messages
   */
  constructor(source: ByteSource, name: string, since: Since) {
    this.#source = source;
    this.config = configOf(source, name);
    const { kind, capacity } = this.config;
    checkKind(kind, name);
    const geometry = { capacity, control: controlOffset(capacity) };
    this.#geometry = geometry;
    const laneKind = {
      ...geometry,
      isBroadcast: kind === "broadcast",
      isRequest: kind === "request",
    };
    this.#lanes = readLanes(source, geometry, MAX_LANES).map((lane) => {
      const reader = new LaneReader(source, laneKind, lane.index);
      reader.begin(lane, since);
      return reader;
    });
  }

  /** Reads what has come since; `hasMore` says that more may be there already. */
  read(): ReadResult & { hasMore: boolean } {
    const result: ReadResult = { messages: [], issues: [], missed: 0 };
    let hasMore = false;
    for (const lane of readLanes(this.#source, this.#geometry, this.#laneCount())) {
      if (this.#lanes[lane.index]?.read(lane, result)) hasMore = true;
    }
    return { ...result, hasMore };
  }

  #laneCount(): number {
    const word = this.#source.read(HEADER_LANES, 4);
    if (word.length < 4) return 0;
    return laneCountOf(new DataView(word.buffer).getUint32(0, true)).count;
  }
}

function checkKind(kind: ChannelKind, name: string): void {
  if (kind !== "journal") return;
  throw new ShmConnectionError(
    `cannot read messages of "${name}": it is a journal, which has no rings; read the backend that ` +
      `keeps it, such as ShmMessagingBackend`,
  );
}

/**
 * The facts of a segment's header. What the file cannot give is zeros, which are no segment.
 *
 * @throws {ShmCorruptionError} if they cannot be right
 */
export function configOf(source: ByteSource, name: string): SegmentConfig {
  const read = (offset: number, bytes: number) => {
    const chunk = source.read(offset, bytes);
    if (chunk.length === bytes) return chunk;
    const padded = new Uint8Array(bytes);
    padded.set(chunk);
    return padded;
  };
  return readConfig(read, Math.max(source.size(), HEADER_BYTES), name);
}
