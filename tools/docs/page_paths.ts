/**
 * The pages of the repository.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** The paths of all pages of Markdown, from the root of the repository. */
export function pagePaths(): string[] {
  const top = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"];
  return [...top, ...markdownIn("docs/"), ...markdownIn("examples/")];
}

function* markdownIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* markdownIn(`${folder}${name}/`);
    else if (name.endsWith(".md")) yield `${folder}${name}`;
  }
}
