// Numbers as people read them: short, and as wide as the one before.

const NOTHING = "–";
const THIN_SPACE = "\u202f";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
const LARGE_UNITS = [[1e9, "G"], [1e6, "M"], [1e4, "k"]];

/** Three significant digits. */
function threeDigits(number) {
  return number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2);
}

/** A count: exact up to 9,999. */
export function count(number) {
  for (const [size, unit] of LARGE_UNITS) {
    if (number >= size) {
      return `${threeDigits(number / (unit === "k" ? 1e3 : size))}${THIN_SPACE}${unit}`;
    }
  }
  return whole.format(number);
}

/** So many of something. */
export function pluralize(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** So many a second; null where there is nothing to compare with. */
export function rate(number) {
  if (number === null) return NOTHING;
  if (number === 0) return "0";
  if (number < 0.01) return "<0.01";
  return number < 100 ? threeDigits(number) : count(Math.round(number));
}

/** Characters that are not seen, or that change the order or the look of those around them. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;

/** A text of somebody else, with such characters as escapes. */
export function visible(text) {
  return text.replace(
    UNSEEN,
    (character) => `\\u{${character.codePointAt(0).toString(16)}}`,
  );
}

export function bytes(number) {
  let unit = 0;
  for (; number >= 1024 && unit < BYTE_UNITS.length - 1; unit++) number /= 1024;
  return `${unit === 0 ? number : threeDigits(number)}${THIN_SPACE}${BYTE_UNITS[unit]}`;
}

export function milliseconds(number) {
  if (number === null) return NOTHING;
  return number < 1000 ? `${threeDigits(number)}${THIN_SPACE}ms` : duration(number / 1000);
}

/** How long something took or waits; nothing for 0. */
export function wait(seconds) {
  if (seconds === 0) return NOTHING;
  if (seconds < 1) return `${Math.ceil(seconds * 1000)}${THIN_SPACE}ms`;
  return seconds < 10 ? `${seconds.toFixed(1)}${THIN_SPACE}s` : duration(seconds);
}

/** The two largest units of a time. */
export function duration(seconds) {
  const total = Math.floor(seconds);
  const parts = [
    [Math.floor(total / 86_400), "d"],
    [Math.floor(total / 3600) % 24, "h"],
    [Math.floor(total / 60) % 60, "min"],
    [total % 60, "s"],
  ];
  const first = parts.findIndex(([number]) => number > 0);
  if (first === -1) return `0${THIN_SPACE}s`;
  return parts.slice(first, first + 2)
    .filter(([number], i) => i === 0 || number > 0)
    .map(([number, unit]) => `${number}${THIN_SPACE}${unit}`).join(" ");
}
