// The figures of the whole server.

import { element } from "../dom.js";
import { hour, makeHour } from "./hour.js";
import { heading } from "./parts.js";
import { makeFacts, makeTiles } from "./tiles.js";

export const overview = {
  id: "overview",
  title: "Overview",
  make(panel) {
    const tiles = element("div", { id: "tiles", className: "tiles" });
    const facts = element("dl", { id: "facts" });
    panel.append(element("h2", { className: "unseen", textContent: "Overview" }), tiles, facts);
    const charts = element("div", { id: "hour", className: "tiles" });
    panel.append(heading("Last hour"), charts);
    const showHour = makeHour(charts);
    const showTiles = makeTiles(tiles);
    const showFacts = makeFacts(facts);
    return {
      show(now) {
        hour.record(now);
        showTiles(now);
        showFacts(now);
        showHour();
      },
    };
  },
};
