/** Draws a Vega specification as SVG text: no document, no script and no font file is needed. */
import type { Spec } from "vega";
import { Html, html } from "./html.ts";

/** Loads Vega at the first chart: a program without charts does not load it. */
export async function draw(spec: Spec, label: string): Promise<Html> {
  const { parse, View } = await import("vega");
  const view = new View(parse(spec), { renderer: "none" });
  try {
    return html`<div class="picture" role="img" aria-label="${label}">${new Html(
      await view.toSVG(),
    )}</div>`;
  } finally {
    view.finalize();
  }
}
