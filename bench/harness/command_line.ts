/**
 * The command line of a benchmark: a table of its options, and a function. Help, parsing, checks and the exit
 * code are derived from the table, for all benchmarks alike.
 */
import { parseArgs } from "node:util";
import {
  EXIT,
  type OptionDescription,
  type OptionTable,
  UsageError,
  type Values,
} from "../../cli/command.ts";
import { didYouMean } from "../../lib/base/suggestions.ts";

/** A benchmark as a program. */
export interface Benchmark<Options extends OptionTable> {
  /** Name of its task, such as `bench:queue`. */
  readonly task: string;
  /** Describes it in a few lines. */
  readonly description: string;
  /** Its own options. `--help` exists for every benchmark. */
  readonly options: Options;
  /**
   * Runs it. Returns the exit code, if not 0.
   *
   * @throws {UsageError} if the value of an option is wrong
   */
  run(values: Values<Options>): Promise<number | void>;
}

/** Options of most benchmarks. */
export const QUICK = { type: "boolean", help: "takes some seconds" } as const;
export const JSON_OUTPUT = {
  type: "boolean",
  help: "prints the result for machines; no page unless --html names it",
} as const;
export const CHECK = {
  type: "boolean",
  help: "ends with status 1 if a target is missed",
} as const;

/** The option for the page of a benchmark. */
export function htmlOption(task: string) {
  const name = task.replace(":", "-");
  return {
    type: "string",
    value: "FILE",
    help: `where the page with the pictures goes (default .cache/${name}.html)`,
  } as const;
}

const HELP = { type: "boolean", help: "prints this help" } as const;

/** Runs a benchmark with the arguments of this program, and sets the exit code. */
export async function runBenchmark<const Options extends OptionTable>(
  benchmark: Benchmark<Options>,
): Promise<void> {
  Deno.exitCode = await exitCodeOf(benchmark, Deno.args);
}

async function exitCodeOf<Options extends OptionTable>(
  benchmark: Benchmark<Options>,
  args: string[],
): Promise<number> {
  try {
    const values = readOptions(benchmark.options, args);
    if (values["help"] !== true) return await benchmark.run(values) ?? EXIT.DONE;
    console.log(helpOf(benchmark));
    return EXIT.DONE;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}; see \`deno task ${benchmark.task} --help\``);
    return EXIT.USAGE;
  }
}

function readOptions<Options extends OptionTable>(options: Options, args: string[]) {
  const table: OptionTable = { ...options, help: HELP };
  try {
    return parseArgs({ args, options: table }).values as Values<Options> & { help?: boolean };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(problemOf(error, Object.keys(table)), { cause: error });
  }
}

/** What is wrong with the arguments, in one line. */
function problemOf(error: TypeError & { code?: string }, names: readonly string[]): string {
  const [, given] = /'(-.+?)'/.exec(error.message) ?? [];
  if (error.code === "ERR_PARSE_ARGS_UNKNOWN_OPTION" && given !== undefined) {
    return `there is no option ${given}${didYouMean(given, names.map((name) => `--${name}`))}`;
  }
  return error.message.split(". ", 1)[0].replaceAll("\n", " ");
}

function helpOf({ task, description, options }: Benchmark<OptionTable>): string {
  const rows = Object.entries({ ...options, help: HELP })
    .map(([name, option]): [string, string] => [usageOf(name, option), option.help]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    description.trim(),
    "",
    `  deno task ${task} [OPTION...]`,
    "",
    ...rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`),
  ].join("\n");
}

function usageOf(name: string, { type, value = "VALUE" }: OptionDescription): string {
  return type === "string" ? `--${name} ${value}` : `--${name}`;
}
