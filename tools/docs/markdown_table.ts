/**
 * Tables as `deno fmt` formats them.
 *
 * @module
 */

/** A table; the first row is its head. The cells of the columns in `right` end below one another. */
export function markdownTable(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((text, column) =>
        right.includes(column) ? text.padStart(widths[column]) : text.padEnd(widths[column])
      ).join(" | ")
    } |`;
  const rule = widths.map((width, column) =>
    right.includes(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)
  );
  return [line(rows[0]), line(rule), ...rows.slice(1).map(line)].join("\n");
}
