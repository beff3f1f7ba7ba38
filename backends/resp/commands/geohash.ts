/**
 * Positions on the earth as numbers of 52 bits: the bits of latitude and longitude take turns, so that
 * places that are close have numbers that are close. Sorted sets have them as scores.
 *
 * @module
 */

/** A position in degrees. */
export interface Position {
  readonly longitude: number;
  readonly latitude: number;
}

/** The largest latitude of the projection that maps use, and the largest one that there is. */
export const MAX_LATITUDE = 85.05112878;
const POLE = 90;
export const MAX_LONGITUDE = 180;
const EARTH_RADIUS_METERS = 6372797.560856;
/** Parts into which each axis is divided. */
const PARTS = 2 ** 26;
/** How many numbers of positions there are: from 0 on. */
export const NUMBERS = PARTS * PARTS;
const HALF_BITS = 13;
const HALF = 2 ** HALF_BITS;
const ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";
/** Characters that are written; the last one is always 0. */
const LENGTH = 11;

/** The number of a position. */
export function encodePosition(position: Position, maxLatitude = MAX_LATITUDE): number {
  const latitude = partOf(position.latitude, maxLatitude);
  const longitude = partOf(position.longitude, MAX_LONGITUDE);
  const high = interleaved(Math.floor(latitude / HALF), Math.floor(longitude / HALF));
  return high * HALF * HALF + interleaved(latitude % HALF, longitude % HALF);
}

function partOf(degrees: number, most: number): number {
  return Math.floor((degrees + most) / (2 * most) * PARTS);
}

function interleaved(even: number, odd: number): number {
  return spread(even) | spread(odd) << 1;
}

/** Puts a 0 after each of the lower 16 bits. */
function spread(value: number): number {
  let bits = value;
  bits = (bits | bits << 8) & 0x00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f;
  bits = (bits | bits << 2) & 0x33333333;
  return (bits | bits << 1) & 0x55555555;
}

/** Takes every other bit. */
function gathered(value: number): number {
  let bits = value & 0x55555555;
  bits = (bits | bits >> 1) & 0x33333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff;
  return (bits | bits >> 8) & 0x0000ffff;
}

/** The middle of the area that a number stands for. */
export function decodePosition(number: number): Position {
  const [high, low] = [Math.floor(number / (HALF * HALF)), number % (HALF * HALF)];
  const latitude = gathered(high) * HALF + gathered(low);
  const longitude = gathered(high >> 1) * HALF + gathered(low >> 1);
  return {
    longitude: middleOf(longitude, MAX_LONGITUDE),
    latitude: middleOf(latitude, MAX_LATITUDE),
  };
}

function middleOf(part: number, most: number): number {
  const least = -most + part / PARTS * (2 * most);
  const last = -most + (part + 1) / PARTS * (2 * most);
  return Math.max(-most, Math.min(most, (least + last) / 2));
}

/** The text that other programs know for an area. */
export function geohashText(position: Position): string {
  let number = encodePosition(position, POLE);
  // Two bits of the last digit are missing: it is written as 0.
  number = Math.floor(number / 4);
  let text = "";
  for (let digits = 1; digits < LENGTH; digits++) {
    text = ALPHABET[number % 32] + text;
    number = Math.floor(number / 32);
  }
  return `${text}0`;
}

function radians(degrees: number): number {
  return degrees * (Math.PI / 180);
}

/** Meters between two positions, on a sphere. */
export function distanceBetween(one: Position, other: Position): number {
  const v = Math.sin((radians(other.longitude) - radians(one.longitude)) / 2);
  const [latitude1, latitude2] = [radians(one.latitude), radians(other.latitude)];
  if (v === 0) return EARTH_RADIUS_METERS * Math.abs(latitude2 - latitude1);
  const u = Math.sin((latitude2 - latitude1) / 2);
  const a = u * u + Math.cos(latitude1) * Math.cos(latitude2) * v * v;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(a));
}
