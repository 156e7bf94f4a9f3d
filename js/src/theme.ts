/** Light or dark, as the host says: its attributes and classes first, then its background, the system last. */

export type Theme = "light" | "dark";

/** Where hosts say it: JupyterLab, then marimo, Sphinx themes, Bootstrap, Colab, VS Code and others by a class. */
const JUPYTER = "data-jp-theme-light";
const OTHERS = ["data-theme", "data-bs-theme", "theme", "data-vscode-theme-kind", "class"];
const THEME_WORD = /(?:^|\s)(?:theme-|vscode-(?:high-contrast-)?)?(dark|light|vscode-high-contrast)(?=\s|$)/;

/** The ancestors of a node, through shadow roots. */
function* ancestors(start: Element): Generator<Element> {
  for (let node: Element | null = start; node !== null; ) {
    yield node;
    const parent: Node | null = node.parentElement ?? node.getRootNode();
    if (parent instanceof ShadowRoot) node = parent.host;
    else node = parent instanceof Element && parent !== node ? parent : null; // a detached element is its own root
  }
}

function declaredBy(node: Element): Theme | null {
  const jupyter = node.getAttribute(JUPYTER);
  if (jupyter !== null) return jupyter === "false" ? "dark" : "light";
  for (const attribute of OTHERS) {
    const word = THEME_WORD.exec(node.getAttribute(attribute) ?? "")?.[1];
    if (word !== undefined) return word === "light" ? "light" : "dark"; // plain high contrast is dark
  }
  return null;
}

function backgroundOf(node: Element): Theme | null {
  const [red, green, blue, alpha = 1] = (getComputedStyle(node).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
  if (red === undefined || green === undefined || blue === undefined || alpha < 0.5) return null;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
}

/** The theme that holds where `host` stands, or will stand: hosts render before they attach. */
export function hostTheme(host: Element, systemIsDark: boolean): Theme {
  const around = [...ancestors(host), document.body, document.documentElement];
  for (const says of [declaredBy, backgroundOf]) {
    for (const node of around) {
      const theme = says(node);
      if (theme !== null) return theme;
    }
  }
  return systemIsDark ? "dark" : "light";
}

/** Keeps `apply` told of the host's theme until `signal` ends it. Returns a function that looks again. */
export function followTheme(host: Element, apply: (theme: Theme) => void, signal: AbortSignal): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const look = (): void => apply(hostTheme(host, system.matches));
  const observer = new MutationObserver(look);
  const attributes = [JUPYTER, ...OTHERS, "style"];
  for (const node of [document.documentElement, document.body])
    observer.observe(node, { attributes: true, attributeFilter: attributes });
  system.addEventListener("change", look, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  look();
  return look;
}
