/** What the bundle binds to a short name once, because it uses it often. */

export const {
  abs: mathAbs,
  ceil: mathCeil,
  floor: mathFloor,
  log: mathLog,
  max: mathMax,
  min: mathMin,
  round: mathRound,
} = Math;

export const ClampedBytes = Uint8ClampedArray;

/** For esbuild: which expression stands for which of the names above. */
export const short = {
  "Math.abs": "mathAbs",
  "Math.ceil": "mathCeil",
  "Math.floor": "mathFloor",
  "Math.log": "mathLog",
  "Math.max": "mathMax",
  "Math.min": "mathMin",
  "Math.round": "mathRound",
};
