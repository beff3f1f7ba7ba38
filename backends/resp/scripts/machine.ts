/**
 * The interpreter of Lua 5.1: a WebAssembly module without files, processes or any other access to this
 * process. Scripts reach the server through two functions of its standard library: `os.execute` calls the
 * server, and `io.read` reads the reply.
 *
 * @module
 */

import { nodeModule } from "../../../lib/base/node_module.ts";
import { latin1Bytes, readLatin1, writeLatin1 } from "../../store/latin1.ts";
import { LUA_BASE64, LUA_EXPORTS, LUA_IMPORTS } from "./lua_bytes.ts";
import { metered } from "./metering.ts";
import { JUMP, ProtectedCalls } from "./protected_calls.ts";

const PAGE_BYTES = 64 * 1024;
/** Memory of an interpreter at first: 5 MiB for its stack, and what the libraries need. */
const FIRST_PAGES = 128;
/** It grows by so much at once if there is room. */
const GROWTH_PAGES = 16;
/** Pseudo-index of the global variables. */
const GLOBALS = -10002;
const CLOCK_TICKS = 1_000_000;

/** What a call of a script asks for. */
export interface MachineHost {
  /** A call with an operation and arguments. Returns the code that the call returns. */
  call(operation: string, args: string[]): number;
  /** What the script does next. */
  next(): Next;
  /** The same while a function of the interpreter works. Throws if the script did not end otherwise. */
  nextInFunction(): Next;
  /** Lets others have their turn. */
  pause(): Promise<void>;
  /** Reserves memory; if it returns false, Lua reports an error. */
  readonly memory: { reserve(bytes: number): boolean };
}

/** It goes on, is ended, or is suspended. */
export type Next = typeof GO_ON | typeof END | typeof SUSPEND;
export const GO_ON = 0;
export const END = 1;
export const SUSPEND = 2;

/** Functions of WebAssembly that the types of the runtime leave out. */
const { Suspending, promising } = WebAssembly as unknown as {
  Suspending?: new (call: () => Promise<void>) => unknown;
  promising(call: unknown): (...args: number[]) => Promise<number>;
};

/** True if a running script can be suspended. */
export const canSuspend: boolean = Suspending !== undefined;

function suspending(call: () => Promise<void>): unknown {
  return Suspending === undefined ? call : new Suspending(call);
}

type Function = (...args: number[]) => number;

/** Functions of the module that are called here. */
const FUNCTIONS = [
  "wasm_call_ctors",
  "malloc",
  "setThrew",
  "stackSave",
  "stackRestore",
  "luaL_newstate",
  "luaL_openlibs",
  "luaL_loadbuffer",
  "lua_getfield",
  "lua_gettop",
  "lua_pcall",
  "lua_settop",
  "lua_tolstring",
] as const;

type LuaFunctions = Readonly<Record<typeof FUNCTIONS[number], Function>>;

function functionsOf(exports: WebAssembly.Exports): LuaFunctions {
  const rows = FUNCTIONS.map((name) => [name, exports[LUA_EXPORTS[name]]]);
  return Object.fromEntries(rows) as LuaFunctions;
}

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  const bytes = nodeModule("node:zlib").gunzipSync(Uint8Array.fromBase64(LUA_BASE64));
  return new WebAssembly.Module(metered(bytes, {
    next: LUA_IMPORTS["time"],
    suspend: LUA_IMPORTS["difftime"],
    SUSPEND,
    pages: FIRST_PAGES,
  }));
}

/** An interpreter. */
export class LuaMachine {
  readonly #host: MachineHost;
  readonly #lua: LuaFunctions;
  readonly #memory: WebAssembly.Memory;
  readonly #protectedCalls = new ProtectedCalls();
  readonly #state: number;
  /** Where a length is returned. */
  readonly #lengthAt: number;
  #bytes: Uint8Array;
  #input = "";
  #inputAt = 0;

  constructor(host: MachineHost, program: string) {
    this.#host = host;
    const { exports } = new WebAssembly.Instance(compiled ??= compile(), { a: this.#imports() });
    this.#lua = functionsOf(exports);
    this.#memory = exports[LUA_EXPORTS["memory"]] as WebAssembly.Memory;
    const table = Object.values(exports).find((value) => value instanceof WebAssembly.Table)!;
    this.#protectedCalls.connect({ ...this.#lua, table });
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#lua.wasm_call_ctors();
    this.#lengthAt = this.#lua.malloc(4);
    this.#state = this.#lua.luaL_newstate();
    this.#lua.luaL_openlibs(this.#state);
    this.#load(program);
  }

  #load(program: string): void {
    const text = this.#copy(latin1Bytes(program));
    const name = this.#copy(latin1Bytes("=ringbus\0"));
    if (
      this.#lua.luaL_loadbuffer(this.#state, text, program.length, name) !== 0 ||
      this.#lua.lua_pcall(this.#state, 0, 0, 0) !== 0
    ) {
      throw new Error(`cannot start the interpreter of Lua: ${this.#text(this.#state, -1)}`);
    }
  }

  #copy(bytes: Uint8Array): number {
    const at = this.#lua.malloc(bytes.length);
    this.#view().set(bytes, at);
    return at;
  }

  /** Calls the function `serve`, which reads a request; returns what it returns. */
  serve(request: string): string {
    this.#begin(request);
    return this.#end(this.#lua.lua_pcall(this.#state, 0, 1, 0));
  }

  /** As `serve`; the script can be suspended. */
  async serveInTurns(request: string): Promise<string> {
    this.#begin(request);
    return this.#end(await promising(this.#lua.lua_pcall)(this.#state, 0, 1, 0));
  }

  #begin(request: string): void {
    this.setInput(request);
    this.#lua.lua_getfield(this.#state, GLOBALS, this.#name());
  }

  #end(status: number): string {
    const result = this.#text(this.#state, -1);
    this.#lua.lua_settop(this.#state, 0);
    if (status !== 0) throw new Error(result);
    return result;
  }

  #nameAt = 0;
  #name(): number {
    return this.#nameAt ||= this.#copy(latin1Bytes("serve\0"));
  }

  /** What the script reads next: 12 digits with the number of bytes, and the bytes. */
  setInput(text: string): void {
    this.setRawInput(`${String(text.length).padStart(12)}${text}`);
  }

  /** What the script reads next. */
  setRawInput(text: string): void {
    this.#input = text;
    this.#inputAt = 0;
  }

  #view(): Uint8Array {
    if (this.#bytes.buffer !== this.#memory.buffer) {
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    return this.#bytes;
  }

  #number(at: number): number {
    const bytes = this.#view();
    return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
  }

  #setNumber(at: number, value: number): void {
    const bytes = this.#view();
    for (let i = 0; i < 4; i++) bytes[at + i] = value >>> 8 * i;
  }

  /** The text at an index of a stack. */
  #text(state: number, index: number): string {
    const at = this.#lua.lua_tolstring(state, index, this.#lengthAt);
    return readLatin1(this.#view(), at, at + this.#number(this.#lengthAt));
  }

  /** `os.execute`: the arguments are on the stack of the thread, whose address follows the operation. */
  #system(at: number): number {
    const bytes = this.#view();
    const operation = String.fromCharCode(bytes[at]);
    const end = bytes.indexOf(0, at);
    const address = readLatin1(bytes, at + 1, end);
    const state = address === "" ? this.#state : Number(address);
    const args: string[] = [];
    const count = this.#lua.lua_gettop(state);
    for (let i = 2; i <= count; i++) args.push(this.#text(state, i));
    return this.#host.call(operation, args);
  }

  /** Fills buffers, each with an address and a length. */
  #read(vectors: number, count: number, readAt: number): number {
    let total = 0;
    for (let i = 0; i < count; i++) {
      const [to, length] = [this.#number(vectors + 8 * i), this.#number(vectors + 8 * i + 4)];
      const part = this.#input.slice(this.#inputAt, this.#inputAt + length);
      writeLatin1(part, this.#view(), to);
      this.#inputAt += part.length;
      total += part.length;
    }
    this.#setNumber(readAt, total);
    return 0;
  }

  #grow(bytes: number): number {
    const missing = Math.ceil((bytes - this.#memory.buffer.byteLength) / PAGE_BYTES);
    const isGrown = this.#growBy(Math.max(missing, GROWTH_PAGES)) || this.#growBy(missing);
    return Number(isGrown);
  }

  #growBy(pages: number): boolean {
    if (!this.#host.memory.reserve(pages * PAGE_BYTES)) return false;
    this.#memory.grow(pages);
    return true;
  }

  #jump(target: number, value: number): never {
    this.#lua.setThrew(target, value || 1);
    throw JUMP;
  }

  /** What the module may call. Everything else of a system is missing. */
  #imports(): WebAssembly.ModuleImports {
    const imports = Object.fromEntries(
      Object.values(LUA_IMPORTS).map((short) => [short, (): number => -1]),
    );
    const own: Record<string, Function> = {
      clock: () => this.#host.next() * CLOCK_TICKS,
      emscripten_longjmp: (target, value) => this.#jump(target, value),
      emscripten_memcpy_big: (to, from, count) => {
        this.#view().copyWithin(to, from, from + count);
        return to;
      },
      emscripten_resize_heap: (bytes) => this.#grow(bytes >>> 0),
      environ_get: () => 0,
      environ_sizes_get: (countAt, bytesAt) => {
        this.#setNumber(countAt, 0);
        this.#setNumber(bytesAt, 0);
        return 0;
      },
      fd_read: (_file, vectors, count, readAt) => this.#read(vectors, count, readAt),
      getTempRet0: () => this.#temporary,
      setTempRet0: (value) => this.#temporary = value,
      invoke_vii: this.#protectedCalls.invoke as Function,
      difftime: suspending(() => this.#host.pause()) as Function,
      system: (at) => this.#system(at),
      time: () => this.#host.nextInFunction(),
    };
    for (const [name, call] of Object.entries(own)) imports[LUA_IMPORTS[name]] = call;
    return imports;
  }

  #temporary = 0;
}
