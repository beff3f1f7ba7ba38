/** One bar for each series, with the spread of its runs and its ratio to the reference. */
import type { Scale, Spec } from "vega";
import { AXIS, FONT, powersAround } from "./axis.ts";
import { barColour, INK } from "./colours.ts";
import { draw } from "./draw.ts";
import { figure, times } from "./format.ts";
import type { Html } from "./html.ts";
import type { Chart, Series, Unit } from "./report.ts";

const WIDTH = 560;
const BAR = 26;
/** Ratio of the longest bar to the shortest from which the scale is logarithmic. */
const LINEAR_UP_TO = 30;

function barOf(series: Series, unit: Unit, reference: string) {
  const { name, isOurs, value, ratio } = series;
  const share = name === reference || !ratio ? "" : ` \u00b7 ${times(ratio.median)}`;
  return {
    name,
    low: value.min,
    median: value.median,
    high: value.max,
    label: figure(value.median, unit) + share,
    colour: barColour(series, reference),
    weight: isOurs ? "bold" : "normal",
  };
}

interface Length {
  readonly scale: Scale;
  /** The position at which bars begin. */
  readonly origin: number;
  /** The ticks of a logarithmic scale. */
  readonly powers?: number[];
}

function lengthOf(series: readonly Series[]): Length {
  const medians = series.map(({ value }) => value.median);
  const highest = Math.max(...series.map(({ value }) => value.max));
  const isLog = Math.max(...medians) > LINEAR_UP_TO * Math.min(...medians);
  if (!isLog) {
    return {
      scale: { name: "x", type: "linear", range: "width", domain: [0, highest], nice: true },
      origin: 0,
    };
  }
  const powers = powersAround([...series.map(({ value }) => value.min / 2), highest]);
  return {
    scale: { name: "x", type: "log", range: "width", domain: [powers[0], powers.at(-1)!] },
    origin: powers[0],
    powers,
  };
}

const TITLES: Record<Unit, string> = {
  ns: "latency; less is better",
  "messages/s": "messages per second; more is better",
  "calls/s": "calls per second; more is better",
  "share of clean": "share of the figure when nothing else runs; more is better",
};

function specOf({ series, unit, reference }: Chart): Spec {
  const { scale, origin, powers } = lengthOf(series);
  const middle = { scale: "y", field: "name", band: 0.5 };
  const text = {
    font: { value: FONT },
    fontSize: { value: 12 },
    baseline: { value: "middle" as const },
    fontWeight: { field: "weight" },
    fill: { value: INK },
  };
  return {
    width: WIDTH,
    height: series.length * BAR,
    padding: 5,
    data: [{ name: "bars", values: series.map((each) => barOf(each, unit, reference)) }],
    scales: [
      scale,
      {
        name: "y",
        type: "band",
        range: "height",
        padding: 0.25,
        domain: { data: "bars", field: "name" },
      },
    ],
    axes: [{
      ...AXIS,
      orient: "bottom",
      scale: "x",
      grid: true,
      tickCount: 6,
      ...powers && { values: powers },
      format: "~s",
      title: TITLES[unit] + (powers ? "; log scale" : ""),
    }],
    marks: [{
      type: "rect",
      from: { data: "bars" },
      encode: {
        enter: {
          x: { scale: "x", value: origin },
          x2: { scale: "x", field: "median" },
          y: { scale: "y", field: "name" },
          height: { scale: "y", band: 1 },
          fill: { field: "colour" },
        },
      },
    }, {
      type: "rule",
      from: { data: "bars" },
      encode: {
        enter: {
          x: { scale: "x", field: "low" },
          x2: { scale: "x", field: "high" },
          y: middle,
          stroke: { value: INK },
          strokeWidth: { value: 1.5 },
        },
      },
    }, {
      type: "text",
      from: { data: "bars" },
      encode: {
        enter: {
          ...text,
          x: { value: -8 },
          y: middle,
          align: { value: "right" },
          text: { field: "name" },
        },
      },
    }, {
      type: "text",
      from: { data: "bars" },
      encode: {
        enter: {
          ...text,
          x: { scale: "x", field: "high", offset: 8 },
          y: middle,
          text: { field: "label" },
        },
      },
    }],
  };
}

/** The chart. Nothing if there are no figures. */
export async function barChart(chart: Chart): Promise<Html | undefined> {
  if (chart.series.length === 0) return undefined;
  return await draw(
    specOf(chart),
    `${chart.title}: a bar for each series; the table has the figures`,
  );
}
