/**
 * Makes the messaging backend that a configuration names. It lies above all backends, which do not know
 * each other.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { object } from "../lib/base/option_checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { formatValue } from "../lib/base/options.ts";
import type { MessagingBackend } from "./messaging/backend.ts";
import type { MessagingConfigInit } from "./messaging/config.ts";

type Module = Record<string, unknown>;

/** The backends of this package, by the entry that exports them. */
const ENTRIES: ReadonlyMap<string, () => Promise<Module>> = new Map([
  [".", loadLocalBackends],
  ["./http", (): Promise<Module> => import("./http/client/backend.ts")],
  ["./tcp", (): Promise<Module> => import("./tcp/client/backend.ts")],
]);
const PACKAGE = "@ringbus/ringbus";

type BackendClass = new (config: Record<string, unknown>) => MessagingBackend;

const FIELDS = new OptionRules<MessagingConfigInit>("new MessagingConfig()", {
  backendModule: checkText,
  backendClass: checkText,
  backendConfig: object,
});

/**
 * Names a backend and its options, so that the code that makes it does not depend on its kind.
 *
 * @example
 * ```ts
 * import { createSharedMessagingConfig, MessagingConfig } from "@ringbus/ringbus/http";
 *
 * const config = new MessagingConfig(createSharedMessagingConfig());
 * await config.validate();
 * await using backend = await config.createBackend();
 * console.log(backend.supportsSubscription()); // true
 * ```
 */
export class MessagingConfig implements MessagingConfigInit {
  /** Module of the class: an entry of this package, or the URL of a module. */
  readonly backendModule: string;
  /** Name of the class that the module exports. */
  readonly backendClass: string;
  /** Options of its constructor. */
  readonly backendConfig: Record<string, unknown>;

  /**
   * Checks a configuration. Imports nothing.
   *
   * @throws {TypeError} if a field is missing or has the wrong type
   */
  constructor(init: MessagingConfigInit) {
    checkNoMore("new MessagingConfig()", arguments, 1);
    // A subclass of this one may have more properties.
    if (!(init instanceof MessagingConfig)) FIELDS.require(init);
    this.backendModule = checkText("backendModule", init.backendModule);
    this.backendClass = checkText("backendClass", init.backendClass);
    this.backendConfig = init.backendConfig ?? {};
  }

  /**
   * Imports the module, and checks that it has the class and that the class accepts the options. Does no
   * other input or output.
   *
   * @throws {TypeError} if there is no such module or class, or its options are invalid
   */
  async validate(): Promise<void> {
    checkNoMore("validate()", arguments, 0);
    const backend = await this.createBackend();
    await backend.cleanup();
  }

  /**
   * Makes a backend. It does no input or output until it is used.
   *
   * @throws {TypeError} if there is no such module or class, or its options are invalid
   */
  async createBackend(): Promise<MessagingBackend> {
    checkNoMore("createBackend()", arguments, 0, "new MessagingConfig() with backendConfig");
    const { backendModule, backendClass } = this;
    const Backend = (await importModule(backendModule))[backendClass];
    if (typeof Backend === "function" && "storeMessage" in (Backend.prototype ?? {})) {
      return new (Backend as BackendClass)(this.backendConfig);
    }
    throw new TypeError(
      `${formatValue(backendModule)} exports no messaging backend with the name ${
        formatValue(backendClass)
      }`,
    );
  }
}

async function loadLocalBackends(): Promise<Module> {
  const [memory, shm] = await Promise.all([
    import("./messaging/memory.ts"),
    import("./messaging/shm/backend.ts"),
  ]);
  return { ...memory, ...shm };
}

async function importModule(name: string): Promise<Module> {
  const entry = ENTRIES.get(name.startsWith(PACKAGE) ? `.${name.slice(PACKAGE.length)}` : name);
  if (entry !== undefined) return await entry();
  try {
    return await import(name);
  } catch (cause) {
    throw new TypeError(
      `cannot import backendModule ${formatValue(name)}: it must be one of ${
        [...ENTRIES.keys()].map(formatValue).join(", ")
      }, or the URL of a module`,
      { cause },
    );
  }
}

function checkText(name: string, text: unknown): string {
  if (typeof text === "string" && text !== "") return text;
  throw new TypeError(`${name} must be a string that is not empty, not ${formatValue(text)}`);
}
