// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { type Child, h, plain, render } from "../src/dom";

let root: HTMLElement;

beforeEach(() => {
  root = document.createElement("div");
  document.body.replaceChildren(root);
});

function show(...children: Child[]): void {
  render(root, h(root, {}, ...children));
}

const item = (key: string): Child => h("button.item", { key }, key);

describe("a tree", () => {
  test("becomes elements with prefixed classes, properties and attributes", () => {
    show(h("input.a.b", { type: "checkbox", checked: true, label: "on", "data-x": 3, "aria-pressed": false }));
    const input = root.firstElementChild as HTMLInputElement;
    expect([input.className, input.checked, input.dataset.x]).toEqual(["dcs-a dcs-b", true, "3"]);
    expect([input.getAttribute("aria-label"), input.getAttribute("aria-pressed")]).toEqual(["on", "false"]);
    show(h("input.a.b", { type: "checkbox", checked: false, label: "off" }));
    expect(root.firstElementChild).toBe(input);
    expect([input.checked, input.hasAttribute("data-x"), input.getAttribute("aria-label")]).toEqual([
      false,
      false,
      "off",
    ]);
  });

  test("leaves out what is nothing, and shows text as text", () => {
    show(null, false, undefined, "<b>1</b>", [plain("p", "2"), [""]]);
    expect(root.querySelector("b")).toBeNull();
    expect(root.textContent).toBe("<b>1</b>2");
  });

  test("keeps the elements of its keys and the focus, whatever their order", () => {
    show("abc".split("").map(item));
    const [a, b, c] = root.querySelectorAll("button");
    b?.focus();
    show("cxb".split("").map(item));
    expect([...root.children].map(({ textContent }) => textContent)).toEqual(["c", "x", "b"]);
    expect([root.children[0], root.children[2]]).toEqual([c, b]);
    expect(a?.isConnected).toBe(false);
    expect(document.activeElement).toBe(b);
  });

  test("is painted where what it is painted from has changed, and everywhere anew", () => {
    const painted: number[] = [];
    const canvas = (from: number, anew = false): void =>
      render(root, h(root, {}, h("canvas", { from: [from], paint: () => painted.push(from) })), anew);
    canvas(1);
    canvas(1);
    canvas(2);
    canvas(2, true);
    expect(painted).toEqual([1, 2, 2]);
  });

  test("puts back what a person changed only where the state says otherwise", () => {
    const field = (value: string): void => show(h("input", { value }));
    field("a");
    const input = root.firstElementChild as HTMLInputElement;
    input.value = "typed";
    field("a");
    expect(input.value).toBe("a");
  });

  test("has the handlers of the last drawing alone", () => {
    const heard: number[] = [];
    for (const number of [1, 2]) show(h("button", { onclick: () => heard.push(number) }));
    root.querySelector("button")?.click();
    expect(heard).toEqual([2]);
  });
});
