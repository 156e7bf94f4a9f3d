/** The code of an exported page: mounts its explorers and follows the address in the URL. */

import { type Address, addressInUrl } from "../protocol/address";
import widget from "../widget";
import { Answers, type PageQuery } from "./answers";
import { type Head, readHead } from "./contents";
import { PageModel } from "./host";

async function mountExplorer(place: HTMLElement) {
  const exhibit = place.dataset.exhibit ?? "";
  const head = readHead(exhibit);
  const answers = new Answers(exhibit, head);
  const notice = Object.assign(document.createElement("p"), { className: "dcp-notice", role: "status" });
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

/** Shows the URL’s address in the explorers that hold its layer, or else in those of its network, which refuse it. */
async function follow(explorers: readonly Awaited<ReturnType<typeof mountExplorer>>[]): Promise<void> {
  const address = addressInUrl(location.hash.slice(1));
  const matching = explorers.flatMap((explorer) => {
    const query = address && queryAt(address, explorer.head);
    return query ? [{ ...explorer, query }] : [];
  });
  const holding = matching.filter(({ answers, query }) => answers.layers.includes(query.layer ?? ""));
  const going = holding.length > 0 ? holding : matching;
  await Promise.all(going.map(({ model, query }) => model.show(query)));
  // One frame draws them, and only the next one knows where they are.
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  going[0]?.place.scrollIntoView({ block: "nearest" });
}

let seq = 0;

function queryFor(head: Head, place: Pick<PageQuery, "layer" | "neuron">, codes: readonly string[] = []): PageQuery {
  const { _network: network, _catalog: catalog } = head.traits;
  const architectures = codes.length > 0 ? codes : catalog.architectures.map(({ code }) => code);
  seq += 1;
  return { client: "page", seq, model: network.model, image: network.image.name, architectures, ...place };
}

/** The query for an address, where it is one of the explorer's network and image. */
function queryAt({ model, image, architectures, ...address }: Address, head: Head): PageQuery | null {
  const { _network: network } = head.traits;
  if (model !== network.model || (image !== null && image !== network.image.name)) return null;
  const { channel, y, x } = address;
  const layer = network.layers.find(({ name, label }) => name === address.layer || label === address.layer);
  return queryFor(head, { layer: layer?.name ?? address.layer, neuron: { channel, y, x } }, architectures);
}

/** Dims the layers that the page does not hold. */
function dimmedLayers(exhibit: string, held: readonly string[]): HTMLStyleElement {
  const others = held.map((layer) => `:not([data-layer="${CSS.escape(layer)}"])`).join("");
  const textContent = `[data-exhibit="${exhibit}"] .dcs-layer${others} { opacity: 0.3; }`;
  return Object.assign(document.createElement("style"), { textContent });
}

async function start(): Promise<void> {
  const places = [...document.querySelectorAll<HTMLElement>(".dcp-explorer")];
  const explorers = await Promise.all(places.map(mountExplorer));
  addEventListener("hashchange", () => void follow(explorers));
  await follow(explorers);
}

void start();
