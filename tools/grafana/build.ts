/**
 * Writes the board for Grafana and the alert rules for Prometheus. With `--check` it writes nothing, and fails
 * if the committed files differ.
 *
 * @module
 */

import { writeOrCheck } from "../generated.ts";
import { ALERTS } from "./alerts.ts";
import { type Panel, type Row, ROWS } from "./panels.ts";

/** Columns of a board. */
const COLUMNS = 24;
const SELECTION = 'job=~"$job", instance=~"$instance"';
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };
const SIZES = { stat: { w: 4, h: 4 }, timeseries: { w: 8, h: 8 } } as const;

/** Lays panels out from the left to the right, and from the top to the bottom. */
class Layout {
  #id = 0;
  #x = 0;
  #y = 0;
  #height = 0;

  row({ title, panels }: Row) {
    this.#breakLine();
    const row = {
      id: ++this.#id,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y: this.#y++, w: COLUMNS, h: 1 },
      panels: [],
    };
    return [row, ...panels.map((panel) => this.#panel(panel))];
  }

  #panel({ title, kind, unit, targets }: Panel) {
    const isLine = kind === "timeseries";
    return {
      id: ++this.#id,
      type: kind,
      title,
      datasource: DATASOURCE,
      gridPos: this.#place(SIZES[kind]),
      fieldConfig: { defaults: { unit, ...isLine && { min: 0 } }, overrides: [] },
      options: isLine
        ? { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } }
        : { reduceOptions: { calcs: ["lastNotNull"] } },
      targets: targets.map(({ expr, legend }, i) => ({
        refId: String.fromCharCode("A".charCodeAt(0) + i),
        datasource: DATASOURCE,
        expr: expr.replaceAll("$S", SELECTION),
        legendFormat: legend,
      })),
    };
  }

  #place({ w, h }: { w: number; h: number }) {
    if (this.#x + w > COLUMNS || h !== this.#height && this.#x > 0) this.#breakLine();
    const place = { x: this.#x, y: this.#y, w, h };
    this.#x += w;
    this.#height = h;
    return place;
  }

  #breakLine(): void {
    this.#y += this.#height;
    this.#x = this.#height = 0;
  }
}

function variable(name: string, metric: string, filter = "") {
  return {
    name,
    type: "query",
    datasource: DATASOURCE,
    query: `label_values(${metric}${filter}, ${name})`,
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  };
}

function board() {
  const layout = new Layout();
  return {
    title: "Ringbus",
    uid: "ringbus",
    description: "Servers, topics, subscribers, channels and message queues of Ringbus.",
    tags: ["ringbus"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    timezone: "browser",
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    templating: {
      list: [
        { name: "datasource", type: "datasource", query: "prometheus", label: "Data source" },
        variable("job", "ringbus_uptime_seconds"),
        variable("instance", "ringbus_uptime_seconds", '{job=~"$job"}'),
      ],
    },
    annotations: { list: [] },
    panels: ROWS.flatMap((row) => layout.row(row)),
  };
}

/** The rules as YAML: JSON texts are texts of YAML. */
function rules(): string {
  const lines = ALERTS.flatMap(({ name, expr, after, severity, summary }) => [
    `      - alert: ${name}`,
    `        expr: ${JSON.stringify(expr)}`,
    `        for: ${after}`,
    "        labels:",
    `          severity: ${severity}`,
    "        annotations:",
    `          summary: ${JSON.stringify(summary)}`,
  ]);
  return ["groups:", "  - name: ringbus", "    rules:", ...lines, ""].join("\n");
}

writeOrCheck("docs/grafana.json", `${JSON.stringify(board(), null, 2)}\n`, "tools/grafana");
writeOrCheck("docs/alerts.yml", rules(), "tools/grafana");
