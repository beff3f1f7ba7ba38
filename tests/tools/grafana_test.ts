// The board for Grafana and the alert rules for Prometheus, checked against the metrics of the server.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { FAMILIES } from "../../backends/http/metrics/families.ts";
import type { Family } from "../../backends/http/metrics/family.ts";
import { ROOT } from "../support/program.ts";

/** Prometheus adds these labels to what it scrapes. */
const SCRAPED = ["job", "instance"];

interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: Place;
  datasource?: { type: string; uid: string };
  targets?: { refId: string; expr: string; legendFormat: string }[];
}

const board = JSON.parse(Deno.readTextFileSync(new URL("docs/grafana.json", ROOT)));
const panels: Panel[] = board.panels;
const targets = panels.flatMap(({ targets = [] }) => targets);

/** The metric that a name of an expression stands for, and the labels of its series. */
function seriesOf(name: string): { family: Family; labels: string[] } {
  const family = FAMILIES.find((family) => namesOf(family).includes(name));
  assert.ok(family !== undefined, `there is no metric ${name}`);
  const bounds = name === `${family.name}_bucket` ? ["le"] : [];
  return { family, labels: [...family.labels, ...bounds, ...SCRAPED] };
}

/** The names of the series of a metric. */
function namesOf({ name, type }: Family): string[] {
  if (type !== "histogram") return [name];
  return ["bucket", "sum", "count"].map((suffix) => `${name}_${suffix}`);
}

/** Checks an expression; returns the metrics in it, and the labels that it has left. */
function check(expr: string): { families: Family[]; labels: string[] } {
  const found = [...expr.matchAll(/\b((?:ringbus|process)_\w+)(?:\{([^}]*)\})?/g)];
  assert.ok(found.length > 0, `${expr} has no metric`);
  const series = found.map(([, name, selection = ""]) => {
    const { family, labels } = seriesOf(name);
    for (const [, label] of selection.matchAll(/(\w+) *(?:=~|!~|!=|=) *"/g)) {
      assert.ok(labels.includes(label), `${name} has no label ${label}: ${expr}`);
    }
    return { family, labels };
  });
  const all = series.flatMap(({ labels }) => labels);
  const groups = [...expr.matchAll(/\b(?:by|on) *\(([^)]*)\)/g)]
    .map(([, names]) => names.split(",").map((name) => name.trim()).filter(Boolean));
  for (const label of groups.flat()) {
    assert.ok(all.includes(label), `nothing in ${expr} has a label ${label}`);
  }
  const isSummed = /\bby *\(/.test(expr);
  return {
    families: series.map(({ family }) => family),
    labels: isSummed ? groups.flat() : series[0].labels,
  };
}

Deno.test("grafana: every expression names metrics of the server, and labels that they have", () => {
  assert.ok(targets.length > 60);
  for (const { expr, legendFormat } of targets) {
    const { labels } = check(expr);
    for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      assert.ok(labels.includes(label), `${expr} leaves no label ${label}`);
    }
    assert.ok(expr.includes('{job=~"$job", instance=~"$instance"'), `${expr} selects no server`);
  }
});

Deno.test("grafana: the board shows every metric of the server", () => {
  const shown = new Set(targets.flatMap(({ expr }) => check(expr).families));
  assert.deepEqual(FAMILIES.filter((family) => !shown.has(family)).map(({ name }) => name), []);
});

Deno.test("grafana: panels have places of their own, and ask the data source that is selected", () => {
  assert.deepEqual(
    [board.uid, board.schemaVersion >= 36, board.templating.list[0].type],
    ["ringbus", true, "datasource"],
  );
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, type, gridPos: { x, y, w, h }, datasource, targets = [] } of panels) {
    assert.ok(x >= 0 && w > 0 && h > 0 && x + w <= 24, title);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(!taken.has(`${column} ${row}`), `${title} lies on another panel`);
        taken.add(`${column} ${row}`);
      }
    }
    if (type === "row") continue;
    assert.deepEqual(datasource, { type: "prometheus", uid: "${datasource}" }, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    assert.ok(targets.length > 0, title);
  }
  for (const { query } of board.templating.list.slice(1)) check(query);
});

Deno.test("alerts: every rule names metrics of the server, and labels that they leave", () => {
  const { groups: [{ rules }] } = parse(
    Deno.readTextFileSync(new URL("docs/alerts.yml", ROOT)),
  );
  assert.ok(rules.length > 8);
  for (const { alert, expr, labels, annotations } of rules) {
    assert.match(alert, /^Ringbus[A-Za-z]+$/);
    assert.match(labels.severity, /^(?:warning|critical)$/);
    const left = check(expr).labels;
    for (const [, label] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) {
      assert.ok(left.includes(label), `${alert} leaves no label ${label}`);
    }
  }
  const names = rules.map(({ alert }: { alert: string }) => alert);
  assert.equal(new Set(names).size, names.length);
  const page = Deno.readTextFileSync(new URL("docs/dashboard.md", ROOT));
  const listed = [...page.matchAll(/^\| `(Ringbus\w+)` +\|/gm)].map(([, name]) => name);
  assert.deepEqual(listed, names);
});

Deno.test("metrics: names and units are as Prometheus asks for", () => {
  for (const { name, type, help, labels } of FAMILIES) {
    assert.match(name, /^(?:ringbus|process)_[a-z_]+$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    if (type === "histogram") assert.match(name, /_seconds$/);
    assert.doesNotMatch(name, /_(?:ms|millis|milliseconds|micros|kb|mb|percent)(?:_|$)/);
    for (const label of labels) assert.match(label, /^[a-z]+$/);
    assert.ok(!labels.includes("le"), name);
    assert.match(help, /[^.]$/, name);
  }
  assert.equal(new Set(FAMILIES.map(({ name }) => name)).size, FAMILIES.length);
});
