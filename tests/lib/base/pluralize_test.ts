import assert from "node:assert/strict";
import { pluralize } from "../../../lib/base/pluralize.ts";
import { LocalChannel, Puller, Pusher } from "../../../mod.ts";
import { ROOT } from "../../support/program.ts";

Deno.test("one thing is singular, any other number plural", () => {
  assert.deepEqual([0, 1, 2].map((count) => pluralize(count, "message")), [
    "0 messages",
    "1 message",
    "2 messages",
  ]);
});

Deno.test("an error about one message or byte does not speak of several", () => {
  using channel = LocalChannel.create();
  using pusher = new Pusher<Uint8Array>(channel.handle, { codec: "raw" });
  using puller = new Puller<Uint8Array>(channel.handle, { codec: "raw" });
  pusher.send(new Uint8Array(1));
  assert.throws(() => puller.tryRecvInto(new Uint8Array(0)), /the message has 1 byte, /);
});

const FOLDERS = ["backends", "cli", "lib", "otel", "testing"];
/** A number that is inserted into a text, before a plural. */
const FIXED_PLURAL =
  /\{([^{}`\s]+)\} (?:more |further |undelivered |unread )?(?:messages|characters|connections|subscribers|threads|pairs|slots|keys|records|entries|descriptors|channels|seconds|times)\b/g;
/** Texts about limits, which are never one. */
const ALLOWED = /^(?:layout\.)?[A-Z][A-Z_]+$|^(?:maxLength|backlog.atMost|rateText\(messages\))$/;

Deno.test("no text of the sources has a plural behind a number that may be one", async () => {
  const found: string[] = [];
  for (const folder of FOLDERS) {
    for (const path of await sourcesIn(new URL(`${folder}/`, ROOT))) {
      const text = await Deno.readTextFile(path);
      const code = text.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
      for (const [match, value] of code.matchAll(FIXED_PLURAL)) {
        if (!ALLOWED.test(value)) found.push(`${path.pathname}: ${match}`);
      }
    }
  }
  assert.deepEqual(found, []);
});

async function sourcesIn(folder: URL): Promise<URL[]> {
  const sources: URL[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) sources.push(...await sourcesIn(new URL(`${name}/`, folder)));
    else if (/(?<!_bytes|page_text)\.ts$/.test(name)) sources.push(new URL(name, folder));
  }
  return sources;
}
