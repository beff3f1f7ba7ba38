/**
 * The distribution of latencies as one curve for each series. The vertical axis is the latency, the
 * horizontal one the share of samples with at most this latency. 90%, 99% and 99.9% have equal distances,
 * so that the few slow samples are as visible as the many fast ones.
 */
import type { Spec } from "vega";
import { AXIS, FONT, powersAround } from "./axis.ts";
import { lineStylesOf } from "./colours.ts";
import { draw } from "./draw.ts";
import { duration } from "./format.ts";
import type { Html } from "./html.ts";
import { type Chart, type Series, SHARES } from "./report.ts";

const WIDTH = 560;
const HEIGHT = 300;
const LABEL_HEIGHT = 15;
const LABEL_GAP = 10;

/** The shares with a label and a dot. */
export const MARKS: readonly (readonly [share: number, name: string])[] = [
  [0.5, "p50"],
  [0.9, "p90"],
  [0.99, "p99"],
  [0.999, "p99.9"],
];

type Curve = Series & { readonly latenciesNs: readonly number[] };

/** The latency of a curve at one of the `SHARES`. Undefined beyond its end. */
export function latencyAt({ latenciesNs }: Curve, share: number): number | undefined {
  const nearest = SHARES.reduce(
    (best, each, i) => Math.abs(each - share) < Math.abs(SHARES[best] - share) ? i : best,
    0,
  );
  return latenciesNs[nearest];
}

export function hasCurve(series: Series): series is Curve {
  return series.latenciesNs !== undefined && series.latenciesNs.length > 0;
}

/** One in so many samples is slower: 1 for the fastest sample, 1000 for p99.9. */
function oneIn(share: number): number {
  return Number((1 / (1 - share)).toPrecision(6));
}

/** A power of ten. */
function tickText(ns: number): string {
  return duration(ns).replace(/\.0+/, "");
}

/** Moves overlapping labels apart. */
function spaced(wanted: readonly number[]): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const placed = [...wanted];
  let min = -Infinity;
  for (const i of order) {
    placed[i] = Math.max(placed[i], min);
    min = placed[i] + LABEL_HEIGHT;
  }
  let max = HEIGHT;
  for (const i of order.toReversed()) {
    placed[i] = Math.min(placed[i], max);
    max = placed[i] - LABEL_HEIGHT;
  }
  return placed;
}

function labels(curves: readonly Curve[], scale: readonly number[]) {
  const [low, high] = [Math.log10(scale[0]), Math.log10(scale[scale.length - 1])];
  const ends = curves.map(({ latenciesNs }) => {
    const end = Math.log10(latenciesNs[latenciesNs.length - 1]);
    return HEIGHT * (1 - (end - low) / (high - low));
  });
  const styles = lineStylesOf(curves);
  return spaced(ends).map((y, i) => ({
    y,
    end: ends[i],
    lastX: oneIn(SHARES[curves[i].latenciesNs.length - 1]),
    name: curves[i].name,
    colour: styles[i].colour,
    weight: curves[i].isOurs ? "bold" : "normal",
  }));
}

function marks(curves: readonly Curve[]): Spec["marks"] {
  const styles = lineStylesOf(curves);
  const position = { x: { scale: "x", field: "oneIn" }, y: { scale: "y", field: "ns" } };
  return curves.flatMap((_, i) => {
    const { colour, dash, width } = styles[i];
    return [{
      type: "line" as const,
      from: { data: `curve ${i}` },
      encode: {
        enter: {
          ...position,
          stroke: { value: colour },
          strokeWidth: { value: width },
          strokeDash: { value: [...dash] },
        },
      },
    }, {
      type: "symbol" as const,
      from: { data: `marks ${i}` },
      encode: { enter: { ...position, size: { value: 30 }, fill: { value: colour } } },
    }];
  });
}

function specOf(curves: readonly Curve[]): Spec {
  const scale = powersAround(curves.flatMap(({ latenciesNs }) => latenciesNs));
  const data = curves.flatMap((curve, i) => [
    {
      name: `curve ${i}`,
      values: curve.latenciesNs.map((ns, at) => ({ oneIn: oneIn(SHARES[at]), ns })),
    },
    {
      name: `marks ${i}`,
      values: MARKS.flatMap(([share]) => {
        const ns = latencyAt(curve, share);
        return ns === undefined ? [] : [{ oneIn: oneIn(share), ns }];
      }),
    },
  ]);
  const ticks = [
    { at: 1, name: "fastest" },
    ...MARKS.map(([share, name]) => ({
      at: oneIn(share),
      name,
    })),
  ];
  return {
    width: WIDTH,
    height: HEIGHT,
    padding: 5,
    data: [...data, { name: "labels", values: labels(curves, scale) }],
    scales: [
      { name: "x", type: "log", range: "width", domain: [1, oneIn(0.999)] },
      { name: "y", type: "log", range: "height", domain: [scale[0], scale[scale.length - 1]] },
    ],
    axes: [
      {
        ...AXIS,
        orient: "bottom",
        offset: 6,
        scale: "x",
        grid: true,
        values: ticks.map(({ at }) => at),
        encode: {
          labels: { update: { text: { signal: textOf(ticks.map((t) => [t.at, t.name])) } } },
        },
        title: "share of all samples that took no longer",
      },
      {
        ...AXIS,
        orient: "left",
        scale: "y",
        grid: true,
        values: scale,
        encode: {
          labels: { update: { text: { signal: textOf(scale.map((ns) => [ns, tickText(ns)])) } } },
        },
        title: "latency, log scale",
      },
    ],
    marks: [...marks(curves)!, {
      type: "rule",
      from: { data: "labels" },
      encode: {
        enter: {
          x: { scale: "x", field: "lastX" },
          y: { field: "end" },
          x2: { value: WIDTH + LABEL_GAP },
          y2: { field: "y" },
          stroke: { field: "colour" },
          strokeDash: { value: [1, 3] },
        },
      },
    }, {
      type: "text",
      from: { data: "labels" },
      encode: {
        enter: {
          x: { value: WIDTH + LABEL_GAP + 3 },
          y: { field: "y" },
          text: { field: "name" },
          fill: { field: "colour" },
          fontWeight: { field: "weight" },
          font: { value: FONT },
          fontSize: { value: 12 },
          baseline: { value: "middle" },
        },
      },
    }],
  };
}

/** An expression that gives each tick its own text. */
function textOf(texts: readonly (readonly [number, string])[]): string {
  return `${JSON.stringify(Object.fromEntries(texts))}[datum.value]`;
}

/** The chart. Nothing if there are no latencies. */
export async function latencyChart({ title, series }: Chart): Promise<Html | undefined> {
  const curves = series.filter(hasCurve);
  if (curves.length === 0) return undefined;
  return await draw(
    specOf(curves),
    `${title}: the distribution of latencies; the table has the figures`,
  );
}
