/** The functions of `Math` that are used often, by their own names. */

export const { abs, ceil, floor, log, max, min, round, sign } = Math;
