/**
 * Pictures as SVG text. A picture has a ground of its own, so that it can be read wherever it is shown,
 * and the colours of the reader's scheme.
 *
 * @module
 */

/** What a picture is made of. */
export interface Picture {
  readonly title: string;
  /** What the picture shows, for those who do not see it. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly marks: readonly string[];
}

const STYLE = `
svg { --ground: #f6f8fa; --ink: #1f2328; --quiet: #59636e; --edge: #8c959f; --bar: #8c959f; --ours: #0b57d0;
  --fill: #e8f0fe; --other: #fff4d6; }
@media (prefers-color-scheme: dark) {
  svg { --ground: #161b22; --ink: #e6edf3; --quiet: #9aa4af; --edge: #6e7681; --bar: #6e7681; --ours: #6cabff;
    --fill: #12263f; --other: #33290a; }
}
text { font: 14px system-ui, sans-serif; fill: var(--ink); }
.quiet { fill: var(--quiet); font-size: 12px; }
.bold { font-weight: 600; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.ground { fill: var(--ground); }
.bar { fill: var(--bar); }
.ours { fill: var(--ours); }
.box { fill: var(--fill); stroke: var(--edge); }
.other { fill: var(--other); stroke: var(--edge); }
.unused { fill: none; stroke: var(--edge); stroke-dasharray: 3 3; }
`.trim();

/** The text of a picture. */
export function svgOf({ title, description, width, height, marks }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(description)}</desc>`,
    `<style>\n${STYLE}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    ...marks,
    "</svg>\n",
  ].join("\n");
}

/** A rectangle. */
export function rect(
  className: string,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): string {
  const { x, y, width, height } = box;
  return `<rect class="${className}" x="${x}" y="${y}" width="${width}" height="${height}"/>`;
}

/** A line of text. */
export function label(className: string, x: number, y: number, text: string): string {
  const attribute = className === "" ? "" : ` class="${className}"`;
  return `<text${attribute} x="${x}" y="${y}">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
