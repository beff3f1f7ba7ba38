/**
 * The scripts that a server knows.
 *
 * @module
 */

import { OUT_OF_MEMORY } from "../engine/errors.ts";
import { type Script, scriptOf, sha1 } from "./script_text.ts";

/** Scripts of `EVAL` that are kept; the one that was not used for the longest time is forgotten first. */
const MAX_EVALUATED = 500;
/** Most characters of scripts of `SCRIPT LOAD`, and as many of those of `EVAL`. */
const MAX_LENGTH = 64 * 2 ** 20;
/** With a limit of the memory, the part of the share of what is on its way. The interpreter has a copy. */
const SHARE = 1 / 4;

/** Digits of an id. */
const ID_LENGTH = 40;

/** Scripts by their id. */
export class ScriptCache {
  /** Scripts of `EVAL`, the last used one last. */
  readonly #evaluated = new Map<string, Script>();
  readonly #loaded = new Map<string, Script>();
  #loadedLength = 0;
  #evaluatedLength = 0;
  readonly #maxLength: () => number;
  /** Called with the id of a script that is forgotten. */
  onForget: (id: string) => void = () => {};

  /** @param shareBytes the limit of what is on its way in the server */
  constructor(shareBytes: () => number) {
    this.#maxLength = () => Math.min(MAX_LENGTH, shareBytes() * SHARE);
  }

  /** A script by its id, in letters of any size. */
  get(id: string): Script | undefined {
    // Other texts may share a bucket of the engine's maps.
    if (id.length !== ID_LENGTH) return undefined;
    const key = id.toLowerCase();
    const script = this.#loaded.get(key);
    return script ?? this.#use(this.#evaluated.get(key));
  }

  #use(script: Script | undefined): Script | undefined {
    if (script === undefined) return undefined;
    this.#evaluated.delete(script.id);
    this.#evaluated.set(script.id, script);
    return script;
  }

  /** The script of a text, which may be new. */
  scriptOf(text: string): Script {
    const id = sha1(text);
    return this.get(id) ?? scriptOf(text, id);
  }

  /** Keeps a script that was executed. */
  addEvaluated(script: Script): void {
    if (this.#loaded.has(script.id)) return;
    if (!this.#evaluated.has(script.id)) this.#evaluatedLength += script.text.length;
    this.#use(script);
    while (this.#isFull) {
      const [oldest] = this.#evaluated.values();
      this.#removeEvaluated(oldest);
      this.onForget(oldest.id);
    }
  }

  /** True if there are too many scripts of `EVAL`. The one that was executed last stays. */
  get #isFull(): boolean {
    const { size } = this.#evaluated;
    return size > MAX_EVALUATED || (size > 1 && this.#evaluatedLength > this.#maxLength());
  }

  #removeEvaluated(script: Script): void {
    if (this.#evaluated.delete(script.id)) this.#evaluatedLength -= script.text.length;
  }

  /** Keeps a script until `clear`. */
  addLoaded(script: Script): void {
    if (this.#loaded.has(script.id)) return;
    if (this.#loadedLength + script.text.length > this.#maxLength()) {
      if (!this.#evaluated.has(script.id)) this.onForget(script.id);
      throw OUT_OF_MEMORY;
    }
    this.#loadedLength += script.text.length;
    this.#removeEvaluated(script);
    this.#loaded.set(script.id, script);
  }

  /** Forgets all scripts. */
  clear(): void {
    this.#evaluated.clear();
    this.#loaded.clear();
    this.#loadedLength = this.#evaluatedLength = 0;
  }
}
