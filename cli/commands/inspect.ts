/**
 * `ringbus inspect`: examines the file of a segment.
 *
 * @module
 */

import { escapeControls } from "../control_characters.ts";
import { defineCommand, EXIT } from "../command.ts";
import { pluralize } from "../../lib/base/pluralize.ts";
import { toJsonForm } from "../arguments/json_form.ts";
import { numberOf } from "../arguments/numbers.ts";
import { channelDirectory } from "../observe/open.ts";
import { printIssues, printSnapshot, snapshotJson } from "../observe/report.ts";
import { shownTopic } from "../messages/topic.ts";
import type { Output } from "../output.ts";
import type { RecordReport } from "../../lib/observe/salvage.ts";
import { Decoder } from "../../lib/observe/decode.ts";
import { inspect, type Inspection } from "../../lib/observe/inspect.ts";
import { hasIsolates } from "../../lib/presence/isolate.ts";
import { SegmentFile } from "../../lib/observe/segment_file.ts";
import { messageOf } from "../../lib/base/thrown.ts";

const RECORDS = 20;
/** Characters of a value that are printed in the table. */
const MAX_VALUE_LENGTH = 60;

/** The subcommand. */
export const command = defineCommand({
  usage: "FILE",
  description:
    `Examines a segment's FILE, or channel FILE: its header, its participants and whether they
live, its records, records that were never committed, and damage. The file of a live channel can be
examined, too. Writes nothing. The exit code is 1 if it finds damage.`,
  examples: [["ringbus inspect jobs", "examine the file of a channel"], [
    "ringbus inspect /tmp/copy-of-jobs --records 100",
    "examine a copy, and list up to a hundred records",
  ]],
  options: {
    records: {
      type: "string",
      short: "n",
      value: "N",
      help: `how many records to list; default: ${RECORDS}`,
    },
  },
  arity: [1, 1],
  // deno-lint-ignore require-await
  async run({ values, arguments: [path], output }) {
    const records = numberOf("records", values.records) ?? RECORDS;
    using file = openFile(path);
    const directory = file.path.includes("/") ? file.path.replace(/\/[^/]*$/, "") || "/" : ".";
    const agents = hasIsolates(directory) ? directory : undefined;
    const inspection = inspect(file, { records, isolateDirectory: agents });
    if (output.isJson) printJson(output, file.path, inspection);
    else print(output, inspection);
    return inspection.issues.length === 0 ? EXIT.DONE : EXIT.FAILED;
  },
});

/** Opens a file, or the channel of that name. */
function openFile(path: string): SegmentFile {
  return SegmentFile.find(path) ??
    SegmentFile.open(path.includes("/") ? path : `${channelDirectory()}/${path}`);
}

function print(output: Output, inspection: Inspection): void {
  const { records, committed, unfinished, header, issues, isCut } = inspection;
  printSnapshot(output, inspection);
  if (header !== undefined) {
    output.print("");
    const prefix = isCut ? "at least " : "";
    output.print(
      `${prefix}${pluralize(committed, "message")} in the rings, ${unfinished} not committed`,
    );
  }
  const decode = decoderOf(inspection);
  if (records.length > 0) {
    output.table(
      ["LANE", "NUMBER", "BYTE", "LENGTH", "STATE", "VALUE"],
      records.map((record) => [
        record.lane,
        record.sequence,
        record.offset,
        record.length,
        record.state,
        topicOf(record) + shown(decode(record)),
      ]),
    );
  }
  printIssues(output, issues);
}

function topicOf({ topic }: RecordReport): string {
  return topic === undefined ? "" : `${shownTopic(topic)} `;
}

/** The value of a record, or why it cannot be decoded. */
type Decoded = { value: unknown } | { problem: string };

function decoderOf({ codec }: Inspection): (record: RecordReport) => Decoded {
  const decoder = new Decoder({ codecId: codec ?? "" });
  return ({ bytes, flags, state }) => {
    if (bytes === undefined) {
      return { problem: state === "unfinished" ? "not committed" : "too long, or incomplete" };
    }
    try {
      return { value: toJsonForm(decoder.decode({ flags, bytes })) };
    } catch (error) {
      return { problem: messageOf(error) };
    }
  };
}

function shown(decoded: Decoded): string {
  const text = "problem" in decoded ? `(${decoded.problem})` : JSON.stringify(decoded.value);
  // deno-lint-ignore no-control-regex
  const line = escapeControls(text.replaceAll(/[\x00-\x1f]/g, " "));
  return line.length <= MAX_VALUE_LENGTH ? line : `${line.slice(0, MAX_VALUE_LENGTH - 1)}…`;
}

function printJson(output: Output, path: string, inspection: Inspection): void {
  const decode = decoderOf(inspection);
  const { records, ...rest } = inspection;
  output.json({
    path,
    ...snapshotJson(rest),
    records: records.map((record) => {
      const { bytes, flags: _, ...facts } = record;
      return { ...facts, bytes: bytes?.toBase64(), ...decode(record) };
    }),
  });
}
