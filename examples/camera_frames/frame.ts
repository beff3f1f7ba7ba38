// The layout of a frame in a message: a header of 16 bytes, then the pixels, three bytes each.

/** Size of a frame, in pixels. */
export const WIDTH = 640, HEIGHT = 480;
const HEADER_BYTES = 16;
/** Size of a message. */
export const FRAME_BYTES = HEADER_BYTES + WIDTH * HEIGHT * 3;
/** Space for nine frames: a viewer that is slower misses some. */
export const CAPACITY_BYTES = 8 * 1024 * 1024;

/** A frame, in the bytes of a message. */
export class Frame {
  readonly #header: Float64Array;
  /** Red, green and blue of each pixel, row by row. */
  readonly pixels: Uint8Array;

  constructor({ buffer, byteOffset }: Uint8Array) {
    this.#header = new Float64Array(buffer, byteOffset, 2);
    this.pixels = new Uint8Array(buffer, byteOffset + HEADER_BYTES, WIDTH * HEIGHT * 3);
  }

  /** From 1 on. */
  get number(): number {
    return this.#header[0];
  }

  /** True for the last frame of a recording. */
  get isLast(): boolean {
    return this.#header[1] === 1;
  }

  /** Draws a picture: grey, a little brighter with each frame. */
  draw(number: number, isLast: boolean): void {
    this.#header.set([number, Number(isLast)]);
    this.pixels.set(shades[number % 256]);
  }
}

const shades = Array.from({ length: 256 }, (_, shade) => {
  return new Uint8Array(WIDTH * HEIGHT * 3).fill(shade);
});
