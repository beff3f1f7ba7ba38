/**
 * Listings: rows that are selected by patterns, sorted, and printed as a table, as JSON or as YAML. Every
 * command that lists something declares its columns, and has the same options.
 *
 * @module
 */

import { glob } from "../../lib/base/glob.ts";
import { parsePlainJson } from "../../lib/base/plain_json.ts";
import { didYouMean } from "../../lib/base/suggestions.ts";
import { EXIT, type OptionTable, UsageError } from "../command.ts";
import { jsonText, type Output } from "../output.ts";
import { type Cell, fit, type FittedTable, type TableColumn } from "./fit.ts";
import { yamlDocument } from "./yaml.ts";

/** A column of a listing. */
export interface Column<Row> extends TableColumn {
  /** What it shows of a row. */
  readonly cell: (row: Row) => Cell;
  /** What it is sorted by. Default: the cell. */
  readonly key?: (row: Row) => Cell | undefined;
  /** True if only `-o wide` shows it. */
  readonly isWide?: boolean;
}

const FORMS = ["table", "wide", "json", "yaml"] as const;

/** How a listing is printed. */
export type ListingForm = typeof FORMS[number];

/** Options of every command that lists something. */
export const LISTING_OPTIONS = {
  output: {
    type: "string",
    short: "o",
    value: "FORM",
    choices: FORMS,
    help: "wide: all columns, not cut; json: a record on each line; yaml; default: table",
  },
  sort: {
    type: "string",
    short: "s",
    value: "COLUMN",
    help: "sort by a column of the table, such as name; numbers begin with the largest",
  },
  reverse: { type: "boolean", short: "r", help: "print the rows in reverse" },
} as const satisfies OptionTable;

/** What is listed, and how. */
export interface ListingRequest {
  readonly form: ListingForm;
  /** Heading of a column, in lower case. */
  readonly sort: string | undefined;
  readonly isReversed: boolean;
  /** A name must match one of them. None: all names. */
  readonly patterns: readonly string[];
}

/**
 * Reads what to list from the options.
 *
 * @throws {UsageError} if the form is unknown, or two are given
 */
export function requestOf(
  { output: form, sort, reverse = false }: { output?: string; sort?: string; reverse?: boolean },
  patterns: readonly string[],
  { isJson }: Output,
): ListingRequest {
  const known = FORMS.find((each) => each === form);
  if (form !== undefined && known === undefined) {
    throw new UsageError(`--output takes ${FORMS.join(", ")}, not ${JSON.stringify(form)}`);
  }
  if (isJson && known !== undefined && known !== "json") {
    throw new UsageError(`give --json or --output ${known}, not both`);
  }
  return {
    form: isJson ? "json" : known ?? "table",
    sort: sort?.toLowerCase(),
    isReversed: reverse,
    patterns,
  };
}

/** A kind of listing: its columns, and what it is made of. */
export class Listing<Row> {
  readonly #columns: readonly Column<Row>[];
  readonly #nameOf: (row: Row) => string;
  readonly #asJson: (row: Row) => unknown;

  /** The columns, the name that patterns are about, and the record of a row in JSON and YAML. */
  constructor(
    columns: readonly Column<Row>[],
    nameOf: (row: Row) => string,
    asJson: (row: Row) => unknown,
  ) {
    this.#columns = columns;
    this.#nameOf = nameOf;
    this.#asJson = asJson;
  }

  /**
   * The rows that a request is about, in its order.
   *
   * @throws {UsageError} if it sorts by a column that does not exist
   */
  select(rows: readonly Row[], { patterns, sort, isReversed }: ListingRequest): Row[] {
    const matches = patterns.map((pattern) => glob(pattern));
    const found = rows.filter((row) =>
      matches.length === 0 || matches.some((match) => match(this.#nameOf(row)))
    );
    const sorted = sort === undefined ? found : this.#sorted(found, sort);
    return isReversed ? sorted.reverse() : sorted;
  }

  #sorted(rows: readonly Row[], name: string): Row[] {
    const names = this.#columns.map(({ heading }) => heading.toLowerCase());
    const column = this.#columns[names.indexOf(name)];
    if (column === undefined) {
      throw new UsageError(
        `--sort takes ${names.filter((each) => each !== "").join(", ")}, not ${
          JSON.stringify(name)
        }` + didYouMean(name, names),
      );
    }
    const keyOf = column.key ?? column.cell;
    return rows.map((row) => ({ row, key: keyOf(row) }))
      .sort((one, other) => compared(one.key, other.key))
      .map(({ row }) => row);
  }

  /** Prints rows in the form of a request. */
  print(output: Output, rows: readonly Row[], { form }: ListingRequest): void {
    if (form === "json") return rows.forEach((row) => output.json(this.#asJson(row)));
    if (form === "yaml") {
      const plain = rows.map((row) => parsePlainJson(jsonText(this.#asJson(row))));
      return yamlDocument(plain).forEach((line) => output.print(line));
    }
    if (rows.length === 0) return;
    const isWide = form === "wide";
    const table = this.table(rows, isWide ? Infinity : output.width, isWide);
    for (const line of [output.paint("dim", table.head), ...table.rows]) output.print(line);
    const lack = lackOf(table);
    if (lack !== undefined) output.notice(`${lack}; -o wide shows everything`);
  }

  /**
   * Prints the rows that a request is about, or says that there is nothing. Returns the status of the command:
   * nothing is a failure if it was asked for by patterns.
   */
  show(output: Output, rows: readonly Row[], request: ListingRequest, nothing: string): number {
    const selected = this.select(rows, request);
    this.print(output, selected, request);
    if (selected.length > 0) return EXIT.DONE;
    output.notice(nothing);
    return request.patterns.length === 0 ? EXIT.DONE : EXIT.FAILED;
  }

  /** Lays out rows within a width. */
  table(rows: readonly Row[], width: number, isWide: boolean): FittedTable {
    const columns = this.#columns.filter((column) => isWide || !column.isWide);
    return fit(columns, rows.map((row) => columns.map(({ cell }) => cell(row))), width);
  }
}

/** True if a pattern matches nothing but itself. */
export function isName(pattern: string): boolean {
  return !/[*?[\\]/.test(pattern);
}

/** Says what a table lacks; undefined if it has all. */
export function lackOf({ hidden, cut }: FittedTable): string | undefined {
  const parts = [
    ...hidden.length > 0 ? [`without ${hidden.join(", ")}`] : [],
    ...cut.length > 0 ? [`shortened ${cut.join(", ")}`] : [],
  ];
  return parts.length === 0 ? undefined : `to fit the terminal: ${parts.join("; ")}`;
}

/** Numbers in descending order before texts in ascending order; what is unknown comes last. */
function compared(one: Cell | undefined, other: Cell | undefined): number {
  if (typeof one === "number" && typeof other === "number") return other - one;
  if (typeof one === "string" && typeof other === "string") {
    return one < other ? -1 : Number(one > other);
  }
  return orderOf(one) - orderOf(other);
}

function orderOf(key: Cell | undefined): number {
  if (key === undefined) return 2;
  return typeof key === "number" ? 0 : 1;
}
