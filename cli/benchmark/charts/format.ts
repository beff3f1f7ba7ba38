/** Figures as text. */
import type { Spread, Unit } from "./report.ts";

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function duration(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(0)} ns`;
  return ns < 1e6 ? `${digits(ns / 1e3)} us` : `${digits(ns / 1e6)} ms`;
}

export function rate(perSecond: number): string {
  if (perSecond >= 1e6) return `${digits(perSecond / 1e6)} M/s`;
  return perSecond >= 1e3 ? `${digits(perSecond / 1e3)} k/s` : `${digits(perSecond)} /s`;
}

export function times(ratio: number): string {
  return ratio < 0.01 ? `${ratio.toPrecision(2)}x` : `${digits(ratio)}x`;
}

export function figure(value: number, unit: Unit): string {
  if (unit === "ns") return duration(value);
  return unit === "share of clean" ? `${(value * 100).toFixed(1)}%` : rate(value);
}

/** A median with its spread, unless there was one run only. */
export function spreadText(
  { median, min, max }: Spread,
  show: (value: number) => string,
): string {
  return min === max ? show(median) : `${show(median)} (${show(min)}..${show(max)})`;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
