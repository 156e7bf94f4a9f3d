/** Caches the last result of `compute` while its arguments stay the very same values. Errors are not cached. */
export const memoized = <Arguments extends readonly unknown[], Result>(
  compute: (...values: Arguments) => Result,
): ((...values: Arguments) => Result) => {
  let last: { readonly values: Arguments; readonly result: Result } | null = null;
  return (...values) => {
    if (last === null || last.values.some((value, index) => value !== values[index]))
      last = { values, result: compute(...values) };
    return last.result;
  };
};
