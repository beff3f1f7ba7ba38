/**
 * The scripts that a server knows.
 *
 * @module
 */

import { OUT_OF_MEMORY } from "../engine/errors.ts";
import { type Script, scriptOf, sha1 } from "./script_text.ts";

/** Scripts of `EVAL` that are kept; the one that was not used for the longest time is forgotten first. */
const MAX_EVALUATED = 500;
/** Most characters of the scripts of `SCRIPT LOAD`, which are kept. */
const MAX_LOADED_LENGTH = 64 * 2 ** 20;

/** Scripts by their id. */
export class ScriptCache {
  /** Scripts of `EVAL`, the last used one last. */
  readonly #evaluated = new Map<string, Script>();
  readonly #loaded = new Map<string, Script>();
  #loadedLength = 0;
  /** Called with the id of a script that is forgotten. */
  onForget: (id: string) => void = () => {};

  /** A script by its id, in letters of any size. */
  get(id: string): Script | undefined {
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
    this.#use(script);
    if (this.#evaluated.size <= MAX_EVALUATED) return;
    const [oldest] = this.#evaluated.keys();
    this.#evaluated.delete(oldest);
    this.onForget(oldest);
  }

  /** Keeps a script until `clear`. */
  addLoaded(script: Script): void {
    if (this.#loaded.has(script.id)) return;
    if (this.#loadedLength + script.text.length > MAX_LOADED_LENGTH) throw OUT_OF_MEMORY;
    this.#loadedLength += script.text.length;
    this.#evaluated.delete(script.id);
    this.#loaded.set(script.id, script);
  }

  /** Forgets all scripts. */
  clear(): void {
    this.#evaluated.clear();
    this.#loaded.clear();
    this.#loadedLength = 0;
  }
}
