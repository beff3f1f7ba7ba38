/**
 * A strict reader of the text format of Prometheus.
 *
 * @module
 */

import assert from "node:assert/strict";

/** A metric with its samples: the values by name and labels, as `name{a="b"}` with labels in their order. */
export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: Map<string, number>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const HELP = /^# HELP (\S+) (.+)$/;
const TYPE = /^# TYPE (\S+) (counter|gauge|histogram)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/y;
const NUMBER = /^(?:NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const SUFFIXES: Record<string, RegExp> = {
  counter: /^_total$/,
  gauge: /^$/,
  histogram: /^_(?:bucket|sum|count)$/,
};

/** Parses a whole response; throws at anything that the format does not allow. */
export function readPrometheus(text: string): Map<string, ReadFamily> {
  assert.ok(text.endsWith("\n") && !text.includes("\r"), "lines end with a line feed");
  const families = new Map<string, ReadFamily>();
  const lines = text.split("\n").filter((line) => line !== "");
  for (let at = 0; at < lines.length;) {
    const [, name, help] = matched(HELP, lines[at++]);
    const [, typeName, type] = matched(TYPE, lines[at++]);
    assert.match(name, NAME);
    assert.equal(typeName, name);
    assert.ok(!families.has(name), `${name} is there twice`);
    const samples = new Map<string, number>();
    for (; at < lines.length && !lines[at].startsWith("#"); at++) {
      const { sampleName, labels, value } = readSample(lines[at]);
      const base = type === "counter" ? name.replace(/_total$/, "") : name;
      assert.ok(sampleName.startsWith(base), `${sampleName} stands below ${name}`);
      assert.match(sampleName.slice(base.length), SUFFIXES[type], sampleName);
      const key = `${sampleName}${JSON.stringify(labels)}`;
      assert.ok(!samples.has(key), `${key} is there twice`);
      samples.set(key, value);
    }
    assert.ok(samples.size > 0, `${name} has no sample`);
    families.set(name, { type, help, samples });
    if (type === "histogram") checkHistogram(name, samples);
  }
  return families;
}

function matched(pattern: RegExp, line: string): RegExpExecArray {
  const match = pattern.exec(line);
  assert.ok(match !== null, `${line} is not ${pattern}`);
  return match;
}

function readSample(line: string) {
  const [, sampleName, labelText = "", number] = matched(SAMPLE, line);
  assert.match(number, NUMBER, line);
  const labels: [string, string][] = [];
  LABEL.lastIndex = 0;
  for (let end = 0; end < labelText.length; end = LABEL.lastIndex) {
    const match = LABEL.exec(labelText);
    assert.ok(match !== null, `the labels of ${line} cannot be read from ${end}`);
    labels.push([match[1], unescape(match[2])]);
  }
  assert.equal(new Set(labels.map(([label]) => label)).size, labels.length, line);
  const value = Number(number.replace("Inf", "Infinity"));
  return { sampleName, labels, value };
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_all, character) => character === "n" ? "\n" : character);
}

/** Buckets grow with their bounds, and the last one is the count. */
function checkHistogram(name: string, samples: Map<string, number>): void {
  const series = new Map<string, { bounds: number[]; counts: number[] }>();
  for (const [key, value] of samples) {
    if (!key.startsWith(`${name}_bucket`)) continue;
    const labels: [string, string][] = JSON.parse(key.slice(`${name}_bucket`.length));
    const le = labels.find(([label]) => label === "le")![1];
    const others = JSON.stringify(labels.filter(([label]) => label !== "le"));
    const { bounds, counts } = series.get(others) ?? { bounds: [], counts: [] };
    bounds.push(Number(le.replace("+Inf", "Infinity")));
    counts.push(value);
    series.set(others, { bounds, counts });
  }
  for (const [others, { bounds, counts }] of series) {
    for (const list of [bounds, counts]) {
      assert.deepEqual(list, list.toSorted((a, b) => a - b), `${name}${others}`);
    }
    assert.equal(new Set(bounds).size, bounds.length);
    assert.equal(bounds.at(-1), Infinity);
    assert.equal(samples.get(`${name}_count${others}`), counts.at(-1));
    assert.equal(typeof samples.get(`${name}_sum${others}`), "number");
  }
}
