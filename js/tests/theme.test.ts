// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { hostTheme } from "../src/theme";

let host: HTMLElement;

beforeEach(() => {
  document.body.replaceChildren();
  document.body.style.color = "";
  host = document.createElement("div");
  document.body.append(host);
});

test.each([
  ["rgb(0, 0, 0)", "light"],
  ["rgba(0, 0, 0, 0.87)", "light"],
  ["rgb(60, 64, 67)", "light"],
  ["rgb(255, 255, 255)", "dark"],
  ["rgba(255, 255, 255, 0.87)", "dark"],
  ["rgb(204, 204, 204)", "dark"],
] as const)("where the text around is %s the theme is %s", (color, theme) => {
  document.body.style.color = color;
  expect(hostTheme(host)).toBe(theme);
});

test.each([
  ["color(srgb 0.92549 0.933333 0.929412)", "dark"],
  ["color(srgb 0.1 0.1 0.12)", "light"],
] as const)("where the browser tells the text's colour as %s the theme is %s", (color, theme) => {
  vi.stubGlobal("getComputedStyle", () => ({ color }));
  expect(hostTheme(host)).toBe(theme);
  vi.unstubAllGlobals();
});

test("what stands nearest holds", () => {
  document.body.style.color = "rgb(255, 255, 255)";
  host.style.color = "rgb(20, 20, 20)";
  expect(hostTheme(host)).toBe("light");
});

test("an element that its host has not attached yet takes the page's theme", () => {
  document.body.style.color = "rgb(230, 230, 230)";
  expect(hostTheme(document.createElement("div"))).toBe("dark");
});
