// Small pictures of the last minutes.

const SVG = "http://www.w3.org/2000/svg";
/** Values that are kept: one a second. */
export const HISTORY_LENGTH = 120;
const WIDTH = 120;
const HEIGHT = 28;

/** The last values of something. */
export class Series {
  values = [];

  /** @param length most values that are kept */
  constructor(length = HISTORY_LENGTH) {
    this.length = length;
  }

  push(value) {
    this.values.push(value);
    if (this.values.length > this.length) this.values.shift();
  }
}

/** The points of a line through values, the newest at the right edge, from 0 to the highest. */
export function pointsOf(values, width, height, length = HISTORY_LENGTH) {
  const highest = Math.max(...values, 0);
  const step = width / (length - 1);
  const left = width - step * (values.length - 1);
  return values.map((value, i) => {
    const y = highest === 0 ? height : height - value / highest * height;
    return `${(left + i * step).toFixed(1)},${(y + 1).toFixed(1)}`;
  });
}

/** An empty picture; the page also has its values as text. */
export function sparkline(label = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT + 2}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", `sparkline ${label}`);
  svg.setAttribute("aria-hidden", "true");
  for (const part of ["polygon", "polyline"]) svg.append(document.createElementNS(SVG, part));
  return svg;
}

export function draw(svg, { values, length }) {
  const points = pointsOf(values, WIDTH, HEIGHT, length);
  const [area, line] = svg.children;
  line.setAttribute("points", points.length > 1 ? points.join(" ") : "");
  if (points.length < 2) return area.setAttribute("points", "");
  const [left] = points[0].split(",");
  const floor = HEIGHT + 1;
  area.setAttribute("points", `${left},${floor} ${points.join(" ")} ${WIDTH},${floor}`);
}
