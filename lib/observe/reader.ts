/**
 * Reads a channel's messages without taking part: it is no participant, takes no lock and writes
 * nothing. On a queue, it takes no message.
 *
 * @module
 */

import { ShmConnectionError } from "../base/errors.ts";
import type { ByteSource } from "../segment/byte_source.ts";
import { UNCHOSEN } from "../segment/chosen_codec.ts";
import { type ChannelKind, readConfig, type SegmentConfig } from "../segment/format.ts";
import { type Geometry, geometryOf, readHeader, readLanes } from "../segment/tables.ts";
import { laneCount } from "./lane.ts";
import { LaneReader, type ReadResult, type Since } from "./lane_reader.ts";

/** A channel's lanes, read side by side. */
export class ChannelReader {
  #config: SegmentConfig;
  readonly #name: string;
  readonly #source: ByteSource;
  readonly #geometry: Geometry;
  readonly #lanes: LaneReader[];

  /**
   * Begins to read.
   *
   * @param maxBlockBytes bytes of a big message that are copied; default: all
   * @throws {ShmCorruptionError} if the bytes are no segment
   * @throws {ShmConnectionError} if the channel is a journal, or has latest values
   */
  constructor(source: ByteSource, name: string, since: Since, maxBlockBytes?: number) {
    this.#source = source;
    this.#name = name;
    this.#config = readConfig(source, name);
    const { kind, capacity } = this.#config;
    checkKind(kind, name);
    const geometry = geometryOf(capacity);
    this.#geometry = geometry;
    const laneKind = {
      ...geometry,
      isBroadcast: kind === "broadcast",
      isRequest: kind === "request",
      maxBlockBytes,
    };
    this.#lanes = readLanes(source, geometry).map((lane) => {
      const reader = new LaneReader(source, laneKind, lane.index);
      reader.begin(lane, since);
      return reader;
    });
  }

  /** Kind, capacity and codec of the channel. The codec is known when there is a message. */
  get config(): SegmentConfig {
    if (this.#config.codecId === UNCHOSEN) this.#config = readConfig(this.#source, this.#name);
    return this.#config;
  }

  /** Reads what has arrived since the last call; `hasMore` is true if there may be more already. */
  read(): ReadResult & { hasMore: boolean } {
    const result: ReadResult = { messages: [], issues: [], missed: 0 };
    let hasMore = false;
    const header = readHeader(this.#source);
    const lanes = header === undefined ? 0 : laneCount(header);
    for (const lane of readLanes(this.#source, this.#geometry, lanes)) {
      if (this.#lanes[lane.index]?.read(lane, result)) hasMore = true;
    }
    return { ...result, hasMore };
  }
}

function checkKind(kind: ChannelKind, name: string): void {
  if (kind === "latest") {
    throw new ShmConnectionError(
      `cannot read messages of "${name}": it has latest values, which are no messages; read them ` +
        `with Latest, or with ringbus get and ringbus watch`,
    );
  }
  if (kind === "signal") {
    throw new ShmConnectionError(
      `cannot read messages of "${name}": it is a signal, which has no messages; wait for it with ` +
        `Signal`,
    );
  }
  if (kind !== "journal") return;
  throw new ShmConnectionError(
    `cannot read messages of "${name}": it is a journal, which has no rings; read the backend that ` +
      `keeps it, such as ShmMessagingBackend`,
  );
}
