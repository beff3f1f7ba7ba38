/**
 * Strings with lone surrogates as bytes. UTF-8 has no form for them; here each takes three bytes, as
 * any other code unit of its size does (the generalized UTF-8 of WTF-8).
 *
 * @see {@link https://simonsapin.github.io/wtf-8/} for WTF-8
 * @module
 */

const LONE_SURROGATE = /\p{Surrogate}/u;
const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Encodes a string that may have lone surrogates. */
export function encodeSurrogates(text: string): Uint8Array {
  const bytes = new Uint8Array(3 * text.length);
  let at = 0;
  while (text !== "") {
    const end = text.search(LONE_SURROGATE);
    const whole = end < 0 ? text : text.slice(0, end);
    at += textEncoder.encodeInto(whole, bytes.subarray(at)).written;
    if (end < 0) break;
    const unit = text.charCodeAt(end);
    bytes[at++] = 0xe0 | unit >> 12;
    bytes[at++] = 0x80 | unit >> 6 & 0x3f;
    bytes[at++] = 0x80 | unit & 0x3f;
    text = text.slice(end + 1);
  }
  return bytes.subarray(0, at);
}

/** Decodes a string that may have lone surrogates. What is no UTF-8 besides them becomes U+FFFD. */
export function decodeSurrogates(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return decodeParts(bytes);
  }
}

function decodeParts(bytes: Uint8Array): string {
  let text = "";
  let start = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (!isSurrogateAt(bytes, at)) continue;
    const unit = 0xd000 | (bytes[at + 1] & 0x3f) << 6 | bytes[at + 2] & 0x3f;
    text += textDecoder.decode(bytes.subarray(start, at)) + String.fromCharCode(unit);
    start = at + 3;
    at += 2;
  }
  return text + textDecoder.decode(bytes.subarray(start));
}

function isSurrogateAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xed && (bytes[at + 1] & 0xe0) === 0xa0 && (bytes[at + 2] & 0xc0) === 0x80;
}
