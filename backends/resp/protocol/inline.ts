/**
 * Requests as a line of words, which people type. A word in double quotes has escapes as in C, one in single
 * quotes only `\'`.
 *
 * @module
 */

const WORD_END = /[\s\0]/;
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  a: "\x07",
};
const HEX = /^x([0-9a-fA-F]{2})/;

/** A word, and the index after it. */
interface Word {
  readonly text: string;
  readonly end: number;
}

/** The words of a line; undefined if a quote has no end, or another word follows it at once. */
export function splitInline(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && WORD_END.test(line[at])) at++;
    if (at === line.length) return words;
    const word = wordAt(line, at);
    if (word === undefined) return undefined;
    words.push(word.text);
    at = word.end;
  }
}

function wordAt(line: string, start: number): Word | undefined {
  let text = "";
  let at = start;
  while (at < line.length && !WORD_END.test(line[at])) {
    if (line[at] === '"' || line[at] === "'") {
      const quoted = line[at] === '"' ? doubleQuoted(line, at + 1) : singleQuoted(line, at + 1);
      if (quoted === undefined || !isWordEnd(line, quoted.end)) return undefined;
      return { text: text + quoted.text, end: quoted.end };
    }
    text += line[at++];
  }
  return { text, end: at };
}

function isWordEnd(line: string, at: number): boolean {
  return at === line.length || WORD_END.test(line[at]);
}

function doubleQuoted(line: string, start: number): Word | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    if (line[at] === '"') return { text, end: at + 1 };
    if (line[at] !== "\\" || at + 1 === line.length) {
      text += line[at];
      continue;
    }
    const hex = HEX.exec(line.slice(at + 1, at + 4));
    text += hex === null
      ? ESCAPES[line[at + 1]] ?? line[at + 1]
      : String.fromCharCode(parseInt(hex[1], 16));
    at += hex === null ? 1 : 3;
  }
  return undefined;
}

function singleQuoted(line: string, start: number): Word | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    if (line[at] === "'") return { text, end: at + 1 };
    if (line[at] === "\\" && line[at + 1] === "'") at++;
    text += line[at];
  }
  return undefined;
}
