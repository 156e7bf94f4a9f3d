/** Reads what the kernel sent into the state: consistent views, of traits that change one after another. */

import { memoized } from "../memoized";
import { panelsReader } from "../protocol/panels";
import { decodePhotograph } from "../protocol/photograph";
import type { AtlasInfo, Network, WidgetModel } from "../protocol/protocol";
import type { QueryQueue } from "../protocol/query_queue";
import { assembleView, type ShownView } from "../protocol/shown_view";
import { errorText, readBytes, readInt8, readInt16, told } from "../protocol/traits";
import type { State } from "./state";

export interface ReaderOptions extends Pick<WidgetModel, "get"> {
  /** What one's own queries are signed with. */
  readonly client: string;
  readonly isStale: QueryQueue["isStale"];
  /** Told of a shown, and of the number of one's own query that it answers. */
  readonly show: (shown: ShownView, seq: number | null) => void;
  /** Told of one's own query that was refused. */
  readonly refuse: (seq: number) => void;
  readonly now: () => State;
  readonly change: (changes: Partial<State>) => void;
}

/** Reads all traits whenever it is called; a failure to do so is told in the state. */
export const traitReader = ({
  get,
  client,
  isStale,
  show,
  refuse,
  now,
  change,
}: ReaderOptions): (() => Promise<void>) => {
  let lastView: unknown;
  let lastFailure: unknown;
  // What rarely changes is read once, so that it is the same object, and nothing is painted again, until it does.
  const panelsOf = panelsReader({ get });
  const atlasOf = memoized((info: AtlasInfo, bytes: unknown) => ({ info, bytes: readInt8(bytes) }));
  const photographOf = memoized((trait: unknown, { image }: Network) => decodePhotograph(readBytes(trait), image));

  const readFailure = (): void => {
    const trait = get("_failure");
    if (trait === lastFailure) return;
    lastFailure = trait;
    const failed = told(trait);
    if (failed?.client === client) {
      if (isStale(failed.seq)) return;
      refuse(failed.seq);
    }
    change({ failure: failed && failed.message });
  };

  const readView = async (): Promise<void> => {
    const trait = get("_view");
    if (trait === lastView) return;
    const view = told(trait);
    const network = told(get("_network"));
    const info = told(get("_atlas_info"));
    if (!view || !network || !info) return;
    const own = view.client === client;
    if (own && isStale(view.seq)) return;
    const parts = assembleView({
      network,
      atlas: atlasOf(info, get("_atlas")),
      view,
      map: readInt16(get("_map")),
      pictures: readBytes(get("_pictures")),
    });
    lastView = trait;
    const photograph = await photographOf(get("_photograph"), network);
    if (lastView !== trait) return; // a newer view came while the photograph was decoded
    show({ ...parts, photograph }, own ? view.seq : null);
  };

  return async () => {
    try {
      change({
        catalog: told(get("_catalog")) ?? now().catalog,
        display: get("display") ?? "paper",
        progress: told(get("_progress")),
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
