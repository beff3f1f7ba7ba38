import assert from "node:assert/strict";
import { ROOT } from "./program.ts";

/** What `deno test` prints for a test whose directory keeps a file, and whose body does what is given. */
async function outputOf(body: string): Promise<string> {
  const folder = Deno.makeTempDirSync();
  try {
    const directory = new URL("tests/conformance/channel/directory.ts", ROOT).href;
    const text = `import { TestDirectory } from "${directory}";
      Deno.test("it", () => {
        using directory = new TestDirectory();
        Deno.writeTextFileSync(directory.file("left"), "");
        ${body}
      });`;
    Deno.writeTextFileSync(`${folder}/it_test.ts`, text);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--config", new URL("deno.json", ROOT).pathname, folder],
      env: { NO_COLOR: "1" },
    }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a test directory that is not empty at its end fails the test", async () => {
  assert.match(await outputOf(""), /files were left in the segment directory/);
});

Deno.test("a test directory does not hide the error of a test", async () => {
  const output = await outputOf('throw new Error("the error of the body");');
  assert.match(output, /Error: the error of the body/);
  assert.doesNotMatch(output, /SuppressedError/);
});
