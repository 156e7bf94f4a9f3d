/** Which pictures stand side by side, in what box and to what scale. */

import { memoized } from "../memoized";
import type { Reconstruction, ShownView } from "../protocol/shown_view";
import type { State } from "../store/state";
import { valueText } from "../text";
import type { Painting, Picture, Reference } from "./display";
import { edgePicture } from "./edges";
import { type Box, wholeBox } from "./geometry";

export interface ShownPicture {
  /** With the code it tells the picture's canvas from all others. */
  readonly attribute: "data-code" | "data-random" | "data-edges" | "data-compared";
  readonly code: string;
  /** Of two compared places, the first or the second. */
  readonly side?: number;
  readonly name: string;
  /** In place of the picture, for who does not see it. */
  readonly label: string;
  readonly range: string;
  /** Null while the kernel computes it. */
  readonly picture: Picture | null;
  readonly window: Box;
  readonly painting: Painting;
}

/** The box of the image that all pictures show. */
export const viewBox = ({ network: { image }, view: { window } }: ShownView, zoom: State["zoom"]): Box => {
  const whole = zoom === "whole image" || window.height * window.width === 0;
  return whole ? wholeBox(image) : window;
};

type Columns = readonly (readonly ShownPicture[])[];

/** Tells what is shown in a state: columns of one picture, or of two where those of random weights stand below. */
export const pictureColumns = (): ((state: State, shown: ShownView) => Columns) => {
  const edgesOf = memoized(edgePicture);
  const columnsOf = memoized(
    (
      shown: ShownView,
      mode: State["display"],
      gain: number,
      scale: State["scale"],
      zoom: State["zoom"],
      edges: boolean,
      wantsRandom: boolean,
      random: State["panels"]["random"],
    ): Columns => {
      const { view, photograph, network, reconstructions } = shown;
      const painting = (reference: Reference): Painting => ({
        mode,
        gain,
        reference,
        photograph: photograph.pixels,
        image: network.image,
      });
      const ofRow = (row: readonly Reconstruction[], window: Box, code: string) => {
        const picture = row.find(({ info }) => info.code === code) ?? null;
        const compared = scale === "own" && picture ? [picture] : row;
        return { code, picture, window, painting: painting(strongest(compared)), range: rangeText(picture) };
      };
      const columns = reconstructions.map(({ info: { code, name } }): readonly ShownPicture[] => {
        const label = `${name} of neuron ${view.neuron.channel}`;
        const above = ofRow(reconstructions, view.window, code);
        const chosen: ShownPicture = { ...above, attribute: "data-code", name, label: `${label}: ${above.range}` };
        if (!wantsRandom) return [chosen];
        const below = ofRow(random?.reconstructions ?? [], random?.window ?? view.window, code);
        const told = `${label} with random weights: ${below.range}`;
        return [chosen, { ...below, attribute: "data-random", name: "random weights", label: told }];
      });
      if (!edges) return columns;
      const window = viewBox(shown, zoom);
      const picture = edgesOf(photograph.pixels, network.image, window);
      const range = `0 … ${valueText(picture.scale)}`;
      const label = `edges of the photograph: ${range} luminance a pixel`;
      const own = { code: "", name: "edges", label, range, picture, window, painting: painting(picture) };
      return [...columns, [{ ...own, attribute: "data-edges" }]];
    },
  );
  return ({ display, gain, scale, zoom, edges, panelRequest, panels }, shown) =>
    columnsOf(shown, display, gain, scale, zoom, edges, panelRequest.random, panels.random);
};

const strongest = (row: readonly Reconstruction[]): Reference => {
  const largest = (of: "q" | "scale"): number => Math.max(0, ...row.map(({ info }) => info[of]));
  return { q: largest("q"), scale: largest("scale") };
};

export const rangeText = (picture: Reconstruction | null): string => {
  if (!picture) return "…";
  return picture.info.max === 0 ? "zero everywhere" : `±${valueText(picture.info.max)}`;
};
