// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import { hostTheme } from "../src/theme";

let host: HTMLElement;

beforeEach(() => {
  document.documentElement.removeAttribute("class");
  document.body.replaceChildren();
  for (const name of document.body.getAttributeNames()) document.body.removeAttribute(name);
  host = document.createElement("div");
  document.body.append(host);
});

test.each([
  ["data-jp-theme-light", "false", "dark"],
  ["data-jp-theme-light", "true", "light"],
  ["data-theme", "dark", "dark"],
  ["data-bs-theme", "light", "light"],
  ["class", "jp-mod dark", "dark"],
  ["class", "theme-light", "light"],
  ["class", "vscode-dark", "dark"],
  ["class", "vscode-light", "light"],
  ["class", "vscode-high-contrast", "dark"],
  ["data-vscode-theme-kind", "vscode-high-contrast-light", "light"],
] as const)("a host that says %s=%s is %s, whatever the system is", (name, value, theme) => {
  document.body.setAttribute(name, value);
  expect(hostTheme(host, true)).toBe(theme);
  expect(hostTheme(host, false)).toBe(theme);
});

test("utility classes that hold the word are no theme", () => {
  document.body.setAttribute("class", "dark:bg-black highlight light-border");
  expect(hostTheme(host, false)).toBe("light");
  expect(hostTheme(host, true)).toBe("dark");
});

test("what stands nearest holds, through a shadow root", () => {
  document.documentElement.setAttribute("class", "dark");
  const shadow = host.attachShadow({ mode: "open" });
  const inside = document.createElement("div");
  shadow.append(inside);
  expect(hostTheme(inside, false)).toBe("dark");
  host.setAttribute("data-theme", "light");
  expect(hostTheme(inside, true)).toBe("light");
});

test("a background tells where no attribute does, and the system only where nothing tells", () => {
  document.body.style.backgroundColor = "rgb(20, 20, 24)";
  expect(hostTheme(host, false)).toBe("dark");
  document.body.style.backgroundColor = "rgb(255, 255, 255)";
  expect(hostTheme(host, true)).toBe("light");
  document.body.style.backgroundColor = "";
  expect(hostTheme(host, true)).toBe("dark");
});

test("an element that its host has not attached yet takes the page's theme", () => {
  document.body.setAttribute("data-jp-theme-light", "false");
  expect(hostTheme(document.createElement("div"), false)).toBe("dark");
});
