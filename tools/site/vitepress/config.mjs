// Read by VitePress; `site.json` is what tools/site/main.ts has written beside it.
import { readFileSync } from "node:fs";

const { title, description, base, sidebar } = JSON.parse(
  readFileSync(new URL("site.json", import.meta.url), "utf8"),
);

// Rows of wide tables are high on a telephone: their cells begin at the top.
const STYLE = ".vp-doc td { vertical-align: top; }" +
  "@media (max-width: 640px) { .vp-doc :is(td, th) { padding: 6px 10px; min-width: 6.5rem; }" +
  " .vp-doc h1 { font-size: 26px; } }";

export default {
  title,
  description,
  base,
  outDir: "./dist",
  lang: "en",
  // Browsers ask for an icon otherwise, which is not there.
  head: [["link", { rel: "icon", href: "data:," }], ["style", {}, STYLE]],
  // Chunks beyond this size are the reference and the index of the search, which load when they are needed.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    nav: [
      { text: "Start here", link: "/docs/start-here" },
      { text: "All pages", link: "/docs/" },
      { text: "Examples", link: "/examples/" },
      { text: "Reference", link: "/docs/api/" },
    ],
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: "local" },
    docFooter: { prev: "Before", next: "Next" },
  },
};
