/** The code of an exported page: shows each of its explorers where the page, or the address in its URL, says. */

import { type Address, addressInUrl } from "../protocol/address";
import widget from "../widget";
import { Answers, type PageQuery } from "./answers";
import { type Head, readHead } from "./contents";
import { PageModel } from "./host";

interface Presented {
  readonly place: HTMLElement;
  readonly head: Head;
  readonly answers: Answers;
  readonly model: PageModel;
}

async function present(place: HTMLElement): Promise<Presented> {
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
  return { place, head, answers, model };
}

/** Goes where the page's URL says: in the explorers that hold the layer, or else in those of its network, which say so. */
async function follow(explorers: readonly Presented[]): Promise<void> {
  const address = addressInUrl(location.hash.slice(1));
  const requested = explorers.flatMap((explorer) => {
    const query = address && queryAt(address, explorer.head);
    return query ? [{ ...explorer, query }] : [];
  });
  const holding = requested.filter(({ answers, query }) => answers.layers.includes(query.layer ?? ""));
  const going = holding.length > 0 ? holding : requested;
  await Promise.all(going.map(({ model, query }) => model.show(query)));
  // A frame draws them, and only the next one knows where they are.
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  going[0]?.place.scrollIntoView({ block: "nearest" });
}

let asked = 0;

function queryFor(head: Head, place: Pick<PageQuery, "layer" | "neuron">, codes: readonly string[] = []): PageQuery {
  const { _network: network, _catalog: catalog } = head.traits;
  asked += 1;
  return {
    client: "page",
    seq: asked,
    model: network.model,
    image: network.image.name,
    architectures: codes.length > 0 ? codes : catalog.architectures.map(({ code }) => code),
    ...place,
  };
}

/** What an explorer is to show of an address, where it is one of its network and image. */
function queryAt({ model, image, ...address }: Address, head: Head): PageQuery | null {
  const { _network: network } = head.traits;
  if (model !== network.model || (image !== null && image !== network.image.name)) return null;
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

async function start(): Promise<void> {
  const explorers = await Promise.all([...document.querySelectorAll<HTMLElement>(".dcp-explorer")].map(present));
  addEventListener("hashchange", () => void follow(explorers));
  await follow(explorers);
}

void start();
