/**
 * Positions, distances and areas in the words and in the replies of commands.
 *
 * @module
 */

import type { SortedSetValue } from "../../store/sorted_set_value.ts";
import { err } from "../engine/errors.ts";
import { DoubleReply, type Reply } from "../protocol/reply.ts";
import {
  decodePosition,
  distanceBetween,
  MAX_LATITUDE,
  MAX_LONGITUDE,
  type Position,
} from "./geohash.ts";
import { toFloat } from "./numbers.ts";
import { toScore } from "./scores.ts";

const METERS: Readonly<Record<string, number>> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };
const COORDINATE_DIGITS = 17;
const DISTANCE_DIGITS = 4;

/** The meters of a unit. */
export function toUnit(word: string): number {
  const name = word.toLowerCase();
  if (Object.hasOwn(METERS, name)) return METERS[name];
  throw err("unsupported unit provided. please use M, KM, FT, MI");
}

/** The position in two words. */
export function toPosition(longitudeWord: string, latitudeWord: string): Position {
  const [longitude, latitude] = [toScore(longitudeWord), toScore(latitudeWord)];
  if (Math.abs(longitude) <= MAX_LONGITUDE && Math.abs(latitude) <= MAX_LATITUDE) {
    return { longitude, latitude };
  }
  const pair = [longitude, latitude].map((degrees) =>
    degrees.toFixed(6).replace("Infinity", "inf")
  );
  throw err(`invalid longitude,latitude pair ${pair.join(",")}`);
}

/** The position of a member, or undefined. */
export function positionOf(set: SortedSetValue, member: string): Position | undefined {
  const score = set.score(member);
  return score === undefined ? undefined : decodePosition(score);
}

/** An area around a position. */
export interface Area {
  /** Meters from its middle; undefined if a position is outside. */
  distanceTo(middle: Position, position: Position): number | undefined;
  /** Meters of the unit in which its size was given. */
  readonly unit: number;
}

/** The area around a middle up to a distance. */
export function toCircle(radiusWord: string, unitWord: string): Area {
  const radius = toFloat(radiusWord, err("need numeric radius"));
  if (radius < 0) throw err("radius cannot be negative");
  const unit = toUnit(unitWord);
  return {
    unit,
    distanceTo(middle, position) {
      const distance = distanceBetween(middle, position);
      return distance <= radius * unit ? distance : undefined;
    },
  };
}

/** The area around a middle between two meridians and two parallels. */
export function toBox(widthWord: string, heightWord: string, unitWord: string): Area {
  const width = toFloat(widthWord, err("need numeric width"));
  const height = toFloat(heightWord, err("need numeric height"));
  if (width < 0 || height < 0) throw err("height or width cannot be negative");
  const unit = toUnit(unitWord);
  return {
    unit,
    distanceTo(middle, position) {
      const { longitude, latitude } = middle;
      const across = distanceBetween(position, { longitude, latitude: position.latitude });
      const along = distanceBetween(position, { longitude: position.longitude, latitude });
      const isInside = across <= width * unit / 2 && along <= height * unit / 2;
      return isInside ? distanceBetween(middle, position) : undefined;
    },
  };
}

/** Longitude and latitude with all their digits. */
export function positionReply({ longitude, latitude }: Position): Reply {
  return [longitude, latitude].map((degrees) => new DoubleReply(degrees, digitsOf(degrees)));
}

function digitsOf(degrees: number): string {
  return degrees.toFixed(COORDINATE_DIGITS).replace(/\.?0+$/, "");
}

/** Meters in a unit. */
export function distanceReply(meters: number, unit: number): Reply {
  return (meters / unit).toFixed(DISTANCE_DIGITS);
}
