/** A program that does nothing: what the start of a program takes at least. */
export {};
