// The figures of the whole server.

import { element } from "../dom.js";
import { makeFacts, makeTiles } from "./tiles.js";

export const overview = {
  id: "overview",
  title: "Overview",
  make(panel) {
    const tiles = element("div", { id: "tiles", className: "tiles" });
    const facts = element("dl", { id: "facts" });
    panel.append(element("h2", { className: "unseen", textContent: "Overview" }), tiles, facts);
    const showTiles = makeTiles(tiles);
    const showFacts = makeFacts(facts);
    return {
      show(now) {
        showTiles(now);
        showFacts(now);
      },
    };
  },
};
