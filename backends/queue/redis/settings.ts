/**
 * How the settings of a message lie in its hash: those that it has been given, as one JSON object.
 *
 * @module
 */

import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import type { DeliverySettings } from "../store.ts";

/** Letters by the names of settings. Scripts read some of them. */
const LETTERS = {
  maxAttempts: "a",
  leaseMs: "l",
  orderingKey: "k",
  deduplicationId: "d",
  backoff: "b",
  resultMs: "r",
} as const satisfies Record<keyof DeliverySettings, string>;

const NAMES = Object.keys(LETTERS) as (keyof DeliverySettings)[];
const NONE: DeliverySettings = {
  maxAttempts: null,
  leaseMs: null,
  orderingKey: null,
  deduplicationId: null,
  backoff: null,
  resultMs: null,
};

/** The text of settings. Empty if none is given. */
export function settingsText(settings: DeliverySettings): string {
  if (NAMES.every((name) => settings[name] === null)) return "";
  const given = NAMES.filter((name) => settings[name] !== null);
  return JSON.stringify(Object.fromEntries(given.map((name) => [LETTERS[name], settings[name]])));
}

/** The settings of a text. */
export function settingsOf(text: string): DeliverySettings {
  if (text === "") return NONE;
  const given = parsePlainJson(text) as Record<string, unknown>;
  return Object.fromEntries(
    NAMES.map((name) => [name, given[LETTERS[name]] ?? null]),
  ) as unknown as DeliverySettings;
}
