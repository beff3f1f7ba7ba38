/**
 * Protected calls of the interpreter. It asks its host to call a function that may end by a jump out of several
 * functions, which is an exception of JavaScript. The host is WebAssembly as well: a script with a frame of
 * JavaScript on its stack could not be suspended.
 *
 * @module
 */

const I32 = 0x7f;
const FUNCTIONS = 0x70;
/** Types of functions: parameters and results. */
const TYPES: readonly (readonly [parameters: number, results: number])[] = [
  [3, 0],
  [0, 1],
  [1, 0],
  [2, 0],
  [0, 0],
];
/** The type of a jump: it has no values. */
const JUMP_TYPE = 4;
/** Functions in the table of the host, each with the type of the same number. */
const CALL = 0;
const SAVE_STACK = 1;
const RESTORE_STACK = 2;
const SET_THREW = 3;

const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const constant = (value: number) => [0x41, value];
const callIndirect = (type: number) => [0x11, type, 0];
/** Calls a function of the table of the host, after its arguments. */
const callHost = (slot: number) => [...constant(slot), ...callIndirect(slot)];
const TRY = [0x06, 0x40];
const CATCH_JUMP = [0x07, 0];
const END = 0x0b;

/** `invoke(index, first, second)` calls the function at the index. */
const INVOKE = [
  ...callHost(SAVE_STACK),
  ...set(3),
  ...TRY,
  ...get(0),
  ...get(1),
  ...get(2),
  ...callHost(CALL),
  ...CATCH_JUMP,
  ...get(3),
  ...callHost(RESTORE_STACK),
  ...constant(1),
  ...constant(0),
  ...callHost(SET_THREW),
  END,
  END,
];
/** `call(index, first, second)` calls the function at the index of the table of the interpreter. */
const CALL_FUNCTION = [...get(1), ...get(2), ...get(0), ...callIndirect(SET_THREW), END];

const section = (id: number, content: readonly number[]) => [id, content.length, ...content];
const vector = (items: readonly (readonly number[])[]) => [items.length, ...items.flat()];
const name = (text: string) => vector([...text].map((letter) => [letter.charCodeAt(0)]));

const imported = (
  field: string,
  kind: readonly number[],
) => [...name("host"), ...name(field), ...kind];

/** Functions of WebAssembly that the types of the runtime leave out. */
const { Tag, Exception } = WebAssembly as unknown as {
  Tag: new (type: { parameters: readonly string[] }) => object;
  Exception: new (tag: object, values: readonly unknown[]) => object;
};
const tag = new Tag({ parameters: [] });

/** What is thrown to leave all functions up to a protected call. */
export const JUMP: object = new Exception(tag, []);

/** A module with one function of type 0, which imports a table. */
function moduleOf(locals: number, code: readonly number[]): WebAssembly.Module {
  const types = TYPES.map(([parameters, results]) => [
    0x60,
    ...vector(Array(parameters).fill([I32])),
    ...vector(Array(results).fill([I32])),
  ]);
  const body = [...(locals === 0 ? [0] : [1, locals, I32]), ...code];
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, vector(types)),
      ...section(
        2,
        vector([imported("table", [1, FUNCTIONS, 0, 1]), imported("tag", [4, 0, JUMP_TYPE])]),
      ),
      ...section(3, vector([[0]])),
      ...section(7, vector([[...name("run"), 0, 0]])),
      ...section(10, vector([[body.length, ...body]])),
    ]),
  );
}

type Run = (index: number, first: number, second: number) => void;

function instantiate(module: WebAssembly.Module, table: WebAssembly.Table): Run {
  return new WebAssembly.Instance(module, {
    host: { table, tag } as unknown as WebAssembly.ModuleImports,
  }).exports["run"] as Run;
}

let modules: { invoke: WebAssembly.Module; call: WebAssembly.Module } | undefined;

type Call = (...args: number[]) => number;

/** What a protected call needs of the interpreter. */
export interface Interpreter {
  readonly table: WebAssembly.Table;
  readonly stackSave: Call;
  readonly stackRestore: Call;
  readonly setThrew: Call;
}

/** The import of one interpreter that makes protected calls. */
export class ProtectedCalls {
  readonly #table = new WebAssembly.Table({ initial: 4, element: "anyfunc" });
  readonly #modules = modules ??= { invoke: moduleOf(1, INVOKE), call: moduleOf(0, CALL_FUNCTION) };
  /** Calls the function at an index of the interpreter's table. */
  readonly invoke: Run = instantiate(this.#modules.invoke, this.#table);

  /** Connects it with the interpreter that imports it. */
  connect({ table, stackSave, stackRestore, setThrew }: Interpreter): void {
    this.#table.set(CALL, instantiate(this.#modules.call, table));
    this.#table.set(SAVE_STACK, stackSave);
    this.#table.set(RESTORE_STACK, stackRestore);
    this.#table.set(SET_THREW, setThrew);
  }
}
