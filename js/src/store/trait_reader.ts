/** Reads the traits into the state. */

import { decodeImage } from "../dom";
import { memoized } from "../memoized";
import { panelsReader } from "../protocol/panels";
import type { AtlasInfo, Network, WidgetModel } from "../protocol/protocol";
import { assembleView, type ShownView } from "../protocol/shown_view";
import { contentOf, errorText, readBytes, readInt8, readInt16 } from "../protocol/traits";
import type { State } from "./state";

export interface TraitReaderOptions extends Pick<WidgetModel, "get"> {
  /** The name under which this browser sends its queries. */
  readonly client: string;
  readonly isStale: (seq: number) => boolean;
  /** Called with a new view, and with the number of this browser's query that it answers, if any. */
  readonly show: (shown: ShownView, seq: number | null) => void;
  /** Called with the number of this browser's query that was refused. */
  readonly refuse: (seq: number) => void;
  readonly now: () => State;
  readonly change: (changes: Partial<State>) => void;
}

/** Returns what reads all traits; an error in them becomes the state's failure. */
export const traitReader = ({ get, client, isStale, show, refuse, now, change }: TraitReaderOptions) => {
  let lastView: unknown;
  let lastFailure: unknown;
  // What rarely changes stays the same object until it does, so that it is not painted again.
  const panelsOf = panelsReader({ get });
  const atlasOf = memoized((info: AtlasInfo, bytes: unknown) => ({ info, bytes: readInt8(bytes) }));
  const photographOf = memoized((trait: unknown, { image }: Network) => decodeImage(readBytes(trait), image));

  const readFailure = (): void => {
    const trait = get("_failure");
    if (trait === lastFailure) return;
    lastFailure = trait;
    const failure = contentOf(trait);
    if (failure?.client === client) {
      if (isStale(failure.seq)) return;
      refuse(failure.seq);
    }
    change({ failure: failure?.message ?? null });
  };

  const readView = async (): Promise<void> => {
    const trait = get("_view");
    if (trait === lastView) return;
    const [view, network, info] = [contentOf(trait), contentOf(get("_network")), contentOf(get("_atlas_info"))];
    if (!view || !network || !info) return;
    const own = view.client === client;
    if (own && isStale(view.seq)) return;
    const atlas = atlasOf(info, get("_atlas"));
    const [map, pictures] = [readInt16(get("_map")), readBytes(get("_pictures"))];
    const parts = assembleView({ network, atlas, view, map, pictures });
    lastView = trait;
    const photograph = await photographOf(get("_photograph"), network);
    if (lastView !== trait) return; // a newer view came while the photograph was decoded
    show({ ...parts, photograph }, own ? view.seq : null);
  };

  return async (): Promise<void> => {
    try {
      change({
        catalog: contentOf(get("_catalog")) ?? now().catalog,
        display: get("display") ?? "paper",
        progress: contentOf(get("_progress")),
        pins: get("_pins") ?? [],
        live: get("live") ?? false,
        prefetch: get("prefetch") ?? true,
      });
      readFailure();
      await readView();
      const { shown } = now();
      if (shown) change({ panels: panelsOf(shown.view) });
    } catch (error) {
      change({ failure: errorText(error) });
    }
  };
};
