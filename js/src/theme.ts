/** The theme of the page: dark where its text is light. */

export type Theme = "light" | "dark";

/** Returns the theme around `host`, which hosts may attach later. */
export const hostTheme = (host: Element): Theme => {
  const around = host.isConnected ? host : document.body;
  const { color } = getComputedStyle(around);
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  // `rgb(236, 238, 237)`, or `color(srgb 0.93 0.93 0.93)` as in marimo
  return 0.299 * red + 0.587 * green + 0.114 * blue > (color.startsWith("r") ? 128 : 0.5) ? "dark" : "light";
};

/** Calls `look` on what may change the theme: attributes of the page, style sheets, the system. */
export const watchTheme = (look: () => void, signal: AbortSignal): void => {
  const observer = new MutationObserver(look);
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true });
  document.addEventListener("load", look, { capture: true, signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
};
