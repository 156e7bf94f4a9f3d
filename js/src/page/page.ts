/** The code of an exported page: shows each of its explorers where the page, or the address in its URL, says. */

import { parseAddress } from "../address";
import type { Query } from "../protocol";
import widget from "../widget";
import { Answers } from "./answers";
import { type Head, readHead } from "./contents";
import { PageModel } from "./host";

async function present(place: HTMLElement): Promise<void> {
  const exhibit = place.dataset.exhibit ?? "";
  const head = readHead(exhibit);
  const answers = new Answers(exhibit, head);
  const notice = document.createElement("p");
  notice.className = "dcp-notice";
  notice.role = "status";
  const model = new PageModel(answers, (line) => {
    notice.textContent = line;
  });
  place.before(dimmedLayers(exhibit, answers.layers));
  place.after(notice);
  await model.show(queryFor(head, head.opening));
  const explorer = widget();
  explorer.initialize({ model });
  explorer.render({ model, el: place });

  const follow = (): void => {
    const wanted = addressed(head);
    if (wanted === null) return;
    place.scrollIntoView({ block: "nearest" });
    void model.show(wanted);
  };
  addEventListener("hashchange", follow);
  follow();
}

let asked = 0;

function queryFor(head: Head, place: Pick<Query, "layer" | "neuron">, codes: readonly string[] = []): Query {
  const { _network: network, _catalog: catalog } = head.traits;
  asked += 1;
  return {
    client: "page",
    seq: asked,
    model: network.model,
    image: network.image.name,
    architectures: codes.length > 0 ? codes : catalog.architectures.map(({ code }) => code),
    aside: { meter: false, random: false, wayBack: null, compare: null, exemplars: false, segmentation: false },
    ...place,
  };
}

/** The place that the page's URL names behind its `#`, where it is one of this explorer. */
function addressed(head: Head): Query | null {
  const address = parseAddress(decodeURIComponent(location.hash.slice(1)));
  const { _network: network } = head.traits;
  if (address?.model !== network.model || (address.image !== null && address.image !== network.image.name)) return null;
  const { channel, y, x } = address;
  const layer = network.layers.find(({ name, label }) => name === address.layer || label === address.layer);
  return queryFor(head, { layer: layer?.name ?? address.layer, neuron: { channel, y, x } }, address.architectures);
}

/** In the strip of layers those that the page holds stand out. */
function dimmedLayers(exhibit: string, held: readonly string[]): HTMLStyleElement {
  const others = held.map((layer) => `:not([data-layer="${CSS.escape(layer)}"])`).join("");
  const style = document.createElement("style");
  style.textContent = `[data-exhibit="${exhibit}"] .dcs-layer${others} { opacity: 0.3; }`;
  return style;
}

for (const place of document.querySelectorAll<HTMLElement>(".dcp-explorer")) void present(place);
